import { request } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import type { Credentials } from '../core/account.js';
import { InvalidInputError } from '../core/checks.js';
import { isLoopback } from '../core/loopback.js';
import type { WebhookEvent, WebhookMessage, WebhookOccasion, WebhookShape } from './webhook-shape.js';

/** The ways to forge a message. */
export type Forgery =
  /** Signed with another key. */
  | 'wrong-key'
  /** Another amount or reference than the one that was signed. */
  | 'changed-body'
  /** No signature at all. */
  | 'unsigned'
  /** The right signature in upper case. */
  | 'upper-case'
  /** The right signature without its last character. */
  | 'cut-short'
  /** The right signature, twice (where it stands in a header). */
  | 'two-signatures';

export const FORGERIES: readonly Forgery[] = [
  'wrong-key',
  'changed-body',
  'unsigned',
  'upper-case',
  'cut-short',
  'two-signatures',
];

export interface WebhookOptions {
  /** The account whose keys sign. @default the own account's */
  readonly account?: string;
  /** The event to send. @default a payment that succeeded */
  readonly event?: WebhookEvent;
  /** The way to forge the message. @default the message is genuine */
  readonly forge?: Forgery;
  /** The scheme, where the provider has several. @default the usual one of the provider */
  readonly scheme?: string;
  /** The time of signing that the message claims, in milliseconds since the epoch. @default now */
  readonly signedAtMs?: number;
  /** The provider's own id of the delivery. @default an invented one */
  readonly id?: string;
  /** The URL that the merchant has given to the provider, where the URL is signed. @default the URL that the message is sent to */
  readonly url?: string;
}

/** The receiver's answer. */
export interface WebhookReceipt {
  readonly status: number;
  readonly body: string;
}

const DEADLINE_MS = 10_000;

/**
 * Makes a message, genuine or forged.
 *
 * @throws {InvalidInputError} for a forgery that would be genuine
 */
export function webhookMessage<C extends Credentials>(
  shape: WebhookShape<C>,
  options: {
    readonly event: WebhookEvent;
    readonly forge?: Forgery;
    readonly keys: C;
    readonly otherKeys: C;
    readonly occasion: WebhookOccasion;
  },
): WebhookMessage {
  const { keys, otherKeys, occasion, forge, event } = options;
  const signature = shape.signatureOf?.(event, forge === 'wrong-key' ? otherKeys : keys, occasion);
  const message = (told: WebhookEvent, signed: string | undefined) =>
    shape.message(told, signed, occasion, keys);
  const made = () => {
    switch (forge) {
      case 'unsigned':
        return message(event, undefined);
      case 'changed-body':
        return message(changed(event), signature);
      case 'upper-case':
        return message(event, signature?.toUpperCase());
      case 'cut-short':
        return message(event, signature?.slice(0, -1));
      case 'two-signatures':
        return doubled(message(event, signature), shape.signatureHeader);
      default:
        return message(event, signature);
    }
  };
  const sent = made();
  if (
    forge !== undefined &&
    isDeepStrictEqual(sent, message(event, shape.signatureOf?.(event, keys, occasion)))
  )
    throw new InvalidInputError([
      `"forge": "${forge}" changes nothing in such a message, so it would be genuine. Take another forgery, or another scheme.`,
    ]);
  return sent;
}

/**
 * Makes sure that a message says when it was signed. Otherwise a test that asks for an old message would send a new one.
 *
 * @throws {InvalidInputError}
 */
export function checkSaysItsTime<C extends Credentials>(
  shape: WebhookShape<C>,
  scheme: string,
  { event, keys, occasion }: { event: WebhookEvent; keys: C; occasion: WebhookOccasion },
): void {
  const at = (atMs: number) => shape.message(event, 'signature', { ...occasion, atMs }, keys);
  if (isDeepStrictEqual(at(occasion.atMs), at(occasion.atMs + 86_400_000)))
    throw new InvalidInputError([
      `"signedAtMs" changes nothing: messages of the scheme "${scheme}" do not say when they were signed. Leave it out.`,
    ]);
}

/** Sends a message to a loopback URL, and to no other. */
export async function sendWebhook(to: string, message: WebhookMessage): Promise<WebhookReceipt> {
  const url = URL.canParse(to) ? new URL(to) : undefined;
  if (url?.protocol !== 'http:' || !isLoopback(url.hostname))
    throw new InvalidInputError([`Webhooks go to http URLs on this machine only, and "${to}" is not one.`]);
  for (const [name, value] of Object.entries(message.query ?? {})) url.searchParams.set(name, value);
  const { method, body = '' } = message;
  const headers = { ...message.headers, 'content-length': String(Buffer.byteLength(body)) } as Record<
    string,
    string | string[]
  >;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false, timeout: DEADLINE_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    sent.on('error', reject);
    sent.on('timeout', () =>
      sent.destroy(new Error(`No answer to the webhook within ${DEADLINE_MS / 1_000} s.`)),
    );
    sent.end(body);
  });
}

/** The same event about more money, or about another payment. */
function changed(event: WebhookEvent): WebhookEvent {
  const { data } = event;
  if (typeof data === 'object' && data !== null) return { ...event, data: { ...data, amount: '999999' } };
  return { ...event, amount: '999999' };
}

function doubled(message: WebhookMessage, header: string | undefined): WebhookMessage {
  const value = header === undefined ? undefined : message.headers[header];
  if (header === undefined || typeof value !== 'string') return message;
  return { ...message, headers: { ...message.headers, [header]: [value, value] } };
}
