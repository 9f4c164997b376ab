import { randomBytes } from 'node:crypto';
import { isDated, type SignatureSpec } from './presented-signature.js';
import { ReceivedMessage, type WebhookMessage } from './received-message.js';
import { itemsAt, placeholdersOf, sourceOf, type SignedText, valueOf } from './signed-text.js';
import type { SchemeDraft, SchemeSpec } from './webhook-scheme.js';

const CONTENT_TYPES = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  text: 'text/plain; charset=utf-8',
};

/** A genuine message for a test, signed as the provider would sign it. */
export function draftedMessage(
  spec: SchemeSpec & SignatureSpec,
  text: SignedText,
  draft: SchemeDraft,
  secrets: Readonly<Record<string, string>>,
  produce: (text: Buffer, secrets: Readonly<Record<string, string>>) => string,
): WebhookMessage {
  const { body: kind = 'json', items, field, prefix = '', list, timestamp } = spec;
  const written = isDated(spec) ? timeOf(draft.nowMs, timestamp?.unit) : undefined;
  const bare = unsigned(spec, text, draft, written);
  const signatureOf = (value: unknown): string => {
    const bytes = Buffer.from(bodyText(kind, value));
    const received = new ReceivedMessage({
      ...bare,
      target: targetOf(draft.url, bare.query),
      url: draft.url,
    });
    const { texts } = text.cover(
      { ...sourceOf(received, { bytes, value, exact: undefined }), timestamp: written },
      secrets,
    );
    const signature = produce((texts[0] as (typeof texts)[0]).bytes, secrets);
    const withKeyId = list?.keyIdBefore === undefined ? signature : `key-1${list.keyIdBefore}${signature}`;
    return list === undefined ? prefix + withKeyId : prefix + listed(list, withKeyId, written);
  };

  const { payload } = draft;
  if (field === undefined) return located(spec, bare, signatureOf(payload));
  const signed = structuredClone(payload);
  for (const item of items === undefined ? [signed] : itemsAt(signed, items)) {
    putAt(item, field.split('.'), signatureOf(item));
  }
  return { ...bare, rawBody: Buffer.from(bodyText(kind, signed)), body: signed };
}

/** The fields that the signed text or the id needs and that the payload does not have. */
function unsigned(
  spec: SchemeSpec & SignatureSpec,
  text: SignedText,
  { payload, url }: SchemeDraft,
  timestamp: string | undefined,
): WebhookMessage {
  const { body: kind = 'json', timestamp: when, id = '' } = spec;
  const names = [...text.placeholders, ...placeholdersOf(id), ...placeholdersOf(when?.at ?? '')];
  const headers: Record<string, string> = {};
  const query: Record<string, string> = Object.fromEntries(new URL(url).searchParams);
  for (const name of names) {
    const [place, at] = [name.split(':', 1)[0], name.slice(name.indexOf(':') + 1)];
    const value = when?.at === `{${name}}` ? (timestamp as string) : invented(at, payload);
    if (place === 'header' && at !== 'host') headers[at] = value;
    if (place === 'query' && query[at] === undefined) query[at] = value;
  }
  return postOf(kind, { payload, url, headers, query });
}

/** A POST of a payload to a URL, with these headers and these parameters. */
export function postOf(
  kind: 'json' | 'form' | 'text',
  parts: {
    readonly payload: unknown;
    readonly url: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly query?: Readonly<Record<string, string>>;
    /** The body in place of the payload. */
    readonly body?: string;
  },
): WebhookMessage {
  const { payload, url, headers = {}, query = {}, body } = parts;
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return asked(
    {
      method: 'POST',
      url,
      headers: { 'content-type': CONTENT_TYPES[kind], ...Object.fromEntries(lower) },
      query: {},
      rawBody: Buffer.from(body ?? bodyText(kind, payload)),
      body: payload,
    },
    { ...Object.fromEntries(new URL(url).searchParams), ...query },
  );
}

function invented(path: string, payload: unknown): string {
  const value = valueOf(payload, path);
  return typeof value === 'string' || typeof value === 'number'
    ? String(value)
    : `test_${randomBytes(8).toString('hex')}`;
}

function located({ header, query }: SignatureSpec, bare: WebhookMessage, signature: string): WebhookMessage {
  return query === undefined
    ? { ...bare, headers: { ...bare.headers, [(header as string).toLowerCase()]: signature } }
    : asked(bare, { ...bare.query, [query]: signature });
}

/** The same message, with these parameters in its URL. */
function asked(bare: WebhookMessage, query: WebhookMessage['query']): WebhookMessage {
  return { ...bare, query, url: new URL(bare.url).origin + targetOf(bare.url, query) };
}

function targetOf(url: string, query: Readonly<Record<string, string>>): string {
  const parameters = new URLSearchParams(query).toString();
  return new URL(url).pathname + (parameters === '' ? '' : `?${parameters}`);
}

function bodyText(kind: 'json' | 'form' | 'text', payload: unknown): string {
  if (kind === 'json') return JSON.stringify(payload);
  return kind === 'form'
    ? new URLSearchParams(payload as Record<string, string>).toString()
    : String(payload);
}

function timeOf(nowMs: number, unit: 'seconds' | 'milliseconds' | 'iso' = 'seconds'): string {
  if (unit === 'iso') return new Date(nowMs).toISOString();
  return String(unit === 'milliseconds' ? nowMs : Math.floor(nowMs / 1_000));
}

function listed(
  { signature, timestamp, separator = ',', assign = '=' }: NonNullable<SignatureSpec['list']>,
  value: string,
  time: string | undefined,
): string {
  const parts = timestamp === undefined ? [] : [`${timestamp}${assign}${time ?? ''}`];
  return [...parts, `${signature}${assign}${value}`].join(separator);
}

function putAt(target: unknown, path: readonly string[], value: string): void {
  const [field = '', ...rest] = path;
  const object = target as Record<string, unknown>;
  if (rest.length === 0) object[field] = value;
  else putAt((object[field] ??= {}), rest, value);
}
