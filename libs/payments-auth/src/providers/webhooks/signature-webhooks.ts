import { createHash, createHmac, createPrivateKey, type KeyObject, sign as signBytes } from 'node:crypto';
import { PaymentsAuthError } from '../../payments-auth.errors.js';
import { isJsonObject } from '../../building-blocks/json-value.js';
import { deepOwnCopy, ownCopy } from '../../own-properties.js';
import { draftedMessage } from './drafted-message.js';
import {
  decoded,
  isDigest,
  isFresh,
  placeProblems,
  type PresentedSignature,
  presentedSignature,
  type SignatureSpec,
  toleranceOf,
} from './presented-signature.js';
import {
  acceptsSignature,
  type PublicKeyAlgorithm,
  publicKeyOf,
  signatureOptions,
  unescaped,
} from './public-keys.js';
import { type ReadBody, type ReceivedMessage, Refused } from './received-message.js';
import { HASH, HMAC, PUBLIC_KEY, schemeAs, STANDARD } from './scheme-parts.js';
import type { WebhookProof } from './webhook-proof.js';
import { sameText } from '../../building-blocks/same-text.js';
import { itemsAt, signedText, type SignedSource, sourceOf, type SignedText } from './signed-text.js';
import {
  commonProblems,
  commonWork,
  deliveryIdOf,
  fieldProblems,
  type PublishedKeyType,
  type SchemeEvidence,
  type SchemeGiven,
  forgeableProblems,
  type SchemePlace,
  schemeOf,
  type SchemeSpec,
  type SchemeWork,
  setsOf,
  soleSet,
  type WebhookScheme,
} from './webhook-scheme.js';

type Secrets = Readonly<Record<string, string>>;

/** A message signed with a secret that both sides know: an HMAC. */
export interface HmacSpec<F extends string> extends SchemeSpec, SignatureSpec {
  /** The credential field that holds the key. */
  readonly key: F;
  /** @default 'sha256' */
  readonly hash?: 'sha1' | 'sha256' | 'sha512' | 'sha3-512';
  /** How the key is written. @default 'text' */
  readonly keyEncoding?: 'text' | 'hex' | 'base64';
  /** The call to make before acting on a message that does not prove its payload. */
  readonly confirmWith?: string;
}

/** A message with a plain hash of a text that contains the secret. */
export interface HashSpec<F extends string> extends SchemeSpec, SignatureSpec {
  /** The credential fields that the text contains, as `{credential:name}`. */
  readonly secrets: readonly F[];
  readonly hash: 'md5' | 'sha256' | 'sha384' | 'sha512';
  /** The call to make before acting on a message that does not prove its payload. */
  readonly confirmWith?: string;
}

/** A message signed with a key whose public half is known. */
export interface PublicKeySpec<F extends string> extends SchemeSpec, SignatureSpec {
  readonly algorithm: PublicKeyAlgorithm;
  /**
   * The public key: pinned in a credential field or per environment (PEM), or fetched from an origin that is named
   * here.
   */
  readonly key:
    | { readonly credential: F }
    | { readonly environments: Readonly<Record<string, string>> }
    | {
        /** The URL of a JSON Web Key Set per environment. The key is the one with the id that the message names. */
        readonly jwks: Readonly<Record<string, string>>;
      }
    | {
        readonly certificate: {
          /** The header that holds the URL of the certificate. */
          readonly header: string;
          /** The origins from which it may be fetched: `https://api.acme.test`, `https://*.acme.test`. */
          readonly allow: readonly string[];
        };
      };
  /**
   * The signature is a detached JWS (RFC 7515, appendix F): its header names the key, and the signature covers that
   * header and the text. `signedHeaders` is the member of the JWS header that lists further signed headers of the
   * message, separated by commas; they stand in the text as `{signedHeaders}`, one a line. With `trailingSlash:
   * 'either'` the path may have been signed with a slash at its end or without one. It is base64url, whatever
   * `encoding` says.
   */
  readonly jws?: { readonly signedHeaders?: string; readonly trailingSlash?: 'either' };
  /** The call to make before acting on a message that does not prove its payload. */
  readonly confirmWith?: string;
}

/** The functions that check and make a signature. */
interface Judge {
  readonly fields: readonly string[];
  readonly needsEnvironment?: boolean;
  /** Whether a message that is too old is refused before the signature is checked. */
  readonly needsFreshness?: boolean;
  problems?(text: SignedText, place: SchemePlace): string[];
  keyProblem?(field: string, value: string): string | undefined;
  /** The values of the signature itself, and those that it adds to the text. Read before any key is fetched. */
  opened?(signature: PresentedSignature, source: SignedSource): SignedSource;
  /** The ways in which the sender may have read the message, where there are several. */
  readings?(source: SignedSource): readonly SignedSource[];
  /** Whether the text has the form of such a signature. Checked before any secret is read. */
  isShaped(signature: PresentedSignature): boolean;
  /** Whether one signature fits one text. */
  accepts(
    signature: PresentedSignature,
    text: Buffer,
    secrets: Secrets,
    given: SchemeGiven,
  ): boolean | Promise<boolean>;
  /** The signature in the encoding of the scheme. Absent where only the provider can sign. */
  readonly produce?: (text: Buffer, secrets: Secrets) => string;
}

/**
 * A webhook with an HMAC, made with a secret of the application.
 *
 * @example
 * ```ts
 * webhooks: {
 *   signature: hmacWebhook({
 *     key: 'webhookSecret',
 *     header: 'Stripe-Signature',
 *     list: { signature: 'v1', timestamp: 't' },
 *     signed: '{timestamp}.{body}',
 *   }),
 * }
 * ```
 */
export function hmacWebhook<const F extends string>(given: HmacSpec<F>): WebhookScheme<F> {
  return schemeAs(HMAC, given, hmacScheme);
}

function hmacScheme<F extends string>(spec: HmacSpec<F>): WebhookScheme<F> {
  const { key, hash = 'sha256', keyEncoding = 'text', encoding = 'hex' } = spec;
  const produce = (text: Buffer, secrets: Secrets) =>
    createHmac(hash, filledKey(keyBytes(secrets[key] as string, keyEncoding)))
      .update(text)
      .digest(encoding);
  return signatureScheme(spec, {
    fields: [key],
    problems: (_text, place) => forgeableProblems([key], place),
    keyProblem: (field, value) =>
      field === key && keyBytes(value, keyEncoding).byteLength === 0 ? `is not ${keyEncoding}` : undefined,
    ...comparing(hash, encoding, produce),
  });
}

/** A webhook with a plain hash over a text that contains the secret. */
export function hashWebhook<const F extends string>(given: HashSpec<F>): WebhookScheme<F> {
  return schemeAs(HASH, given, hashScheme);
}

function hashScheme<F extends string>(spec: HashSpec<F>): WebhookScheme<F> {
  const { secrets: fields, hash, encoding = 'hex' } = spec;
  return signatureScheme(spec, {
    fields,
    problems: ({ placeholders }, place) => [
      ...fields
        .filter((field) => !placeholders.includes(`credential:${field}`))
        .map((field) => `signed: expected {credential:${field}} in it, or anybody could make the hash`),
      ...forgeableProblems(fields, place),
    ],
    ...comparing(hash, encoding, (text) => createHash(hash).update(text).digest(encoding)),
  });
}

/** A webhook that the provider signs with a private key of its own. */
export function publicKeyWebhook<const F extends string>(given: PublicKeySpec<F>): WebhookScheme<F> {
  return schemeAs(PUBLIC_KEY, given, publicKeyScheme);
}

function publicKeyScheme<F extends string>(written: PublicKeySpec<F>): WebhookScheme<F> {
  // A JWS is base64url. In another encoding its text would be decoded to other bytes.
  const spec = written.jws === undefined ? written : ownCopy({ ...written, encoding: 'base64url' as const });
  const { algorithm, key, encoding = 'hex', jws } = spec;
  const pinned = 'credential' in key ? key.credential : undefined;
  const perEnvironment = 'environments' in key ? key.environments : 'jwks' in key ? key.jwks : undefined;

  const keyFor = async (
    { keyId }: PresentedSignature,
    secrets: Secrets,
    { message, keys, environment }: SchemeGiven,
  ): Promise<KeyObject | undefined> => {
    if (pinned !== undefined) return publicKeyOf(secrets[pinned] as string);
    if ('certificate' in key) {
      const url = message.header(key.certificate.header);
      return url === undefined || !isAllowed(url, key.certificate.allow)
        ? undefined
        : keys.ofCertificate(url);
    }
    const here = ofEnvironment(perEnvironment ?? {}, environment);
    return 'jwks' in key ? keys.fromSet(here, keyId, typeOf(algorithm)) : publicKeyOf(here);
  };

  return signatureScheme(spec, {
    fields: pinned === undefined ? [] : [pinned],
    needsEnvironment: Object.keys(perEnvironment ?? {}).length > 1,
    needsFreshness: true,
    problems: (_text, place) => keyProblems(key, place),
    keyProblem: (field, value) =>
      field === pinned && !isKey(() => publicKeyOf(value)) ? 'is not a key in PEM' : undefined,
    ...(jws === undefined
      ? {}
      : {
          opened: (signature, source) => openedJws(signature, source, jws.signedHeaders),
          ...(jws.trailingSlash === undefined ? {} : { readings: withEitherSlash }),
        }),
    isShaped: ({ text }) =>
      decoded(jws === undefined ? text : jwsParts(text).signature, encoding) !== undefined,
    accepts: async (signature, text, secrets, given) => {
      const parts = jws === undefined ? undefined : jwsParts(signature.text);
      const publicKey = await keyFor(
        parts === undefined ? signature : { ...signature, keyId: parts.keyId },
        secrets,
        given,
      );
      if (publicKey === undefined) throw new Refused('unknown-key');
      if (parts !== undefined && parts.algorithm !== signatureOptions[algorithm].jws) return false;
      return parts === undefined
        ? acceptsSignature(algorithm, publicKey, text, decoded(signature.text, encoding))
        : acceptsSignature(
            algorithm,
            publicKey,
            Buffer.from(`${parts.header}.${text.toString('base64url')}`),
            decoded(parts.signature, 'base64url'),
          );
    },
    ...(pinned === undefined || jws !== undefined
      ? {}
      : {
          produce: (text: Buffer, secrets: Secrets) => {
            const { hash, ...options } = signatureOptions[algorithm];
            const privateKey = createPrivateKey(unescaped(secrets[pinned] as string));
            return signBytes(hash, text, { key: privateKey, ...options.settings }).toString(encoding);
          },
        }),
  });
}

/** The type of the keys that an algorithm signs with, as Node calls it. */
function typeOf(algorithm: string): PublishedKeyType {
  if (algorithm.startsWith('rsa')) return 'rsa';
  return algorithm.startsWith('ecdsa') ? 'ec' : 'ed25519';
}

/** A webhook as https://www.standardwebhooks.com describes it; `prefix: 'svix'` for the headers of Svix. */
export function standardWebhooks<const F extends string>(
  given: SchemeSpec & {
    /** The credential field that holds the secret: `whsec_…`, or base64 alone. */
    readonly key: F;
    /** @default 'webhook' */
    readonly prefix?: 'webhook' | 'svix';
  },
): WebhookScheme<F> {
  return schemeAs(STANDARD, given, standardScheme);
}

function standardScheme<F extends string>(
  spec: SchemeSpec & { readonly key: F; readonly prefix?: 'webhook' | 'svix' },
): WebhookScheme<F> {
  const { key, prefix = 'webhook' } = spec;
  const produce = (text: Buffer, secrets: Secrets) =>
    createHmac('sha256', filledKey(standardKey(secrets[key] as string)))
      .update(text)
      .digest('base64');
  const header = (name: string) => `${prefix}-${name}`;
  return signatureScheme(
    {
      ...spec,
      id: `{header:${header('id')}}`,
      header: header('signature'),
      list: { signature: 'v1', separator: ' ', assign: ',' },
      encoding: 'base64',
      timestamp: { at: `{header:${header('timestamp')}}`, unit: 'seconds' },
      signed: `{header:${header('id')}}.{timestamp}.{body}`,
    },
    {
      fields: [key],
      problems: (_text, place) => forgeableProblems([key], place),
      keyProblem: (field, value) =>
        field === key && standardKey(value).byteLength === 0 ? 'is not base64' : undefined,
      // With a full stop in the id, one text could be read as two messages.
      opened: (_signature, source) => {
        if (source.message.header(header('id'))?.includes('.') === true) throw new Refused('malformed');
        return source;
      },
      ...comparing('sha256', 'base64', produce),
    },
  );
}

/** The scheme of a signature: its text, its place, its time, and the functions that check it. */
function signatureScheme<F extends string>(
  asWritten: SchemeSpec & SignatureSpec & { readonly confirmWith?: string },
  by: Judge,
): WebhookScheme<F> {
  const { proves, work } = signatureWork(deepOwnCopy(asWritten), ownCopy(by));
  return schemeOf(proves, work);
}

function signatureWork(
  spec: SchemeSpec & SignatureSpec & { readonly confirmWith?: string },
  judge: Judge,
): { proves: WebhookProof; work: SchemeWork } {
  const text = signedText(spec.signed);
  const named = text.placeholders
    .filter((name) => name.startsWith('credential:'))
    .map((name) => name.slice('credential:'.length));
  const fields = [...new Set([...judge.fields, ...named])];
  const { body: kind = 'json', items, field } = spec;
  const produce = judge.produce;
  /** Whether the body of a message holds its signature, or a value that belongs to the signature. */
  const needsBody = field !== undefined || spec.timestamp?.at?.includes('{field:') === true;

  /** The signature of a message, and the values that the message gives with it. */
  const open = ({ message, nowMs }: Pick<SchemeGiven, 'message' | 'nowMs'>, body: ReadBody | undefined) => {
    const bare = sourceOf(message, body);
    const presented = presentedSignature(spec, bare);
    if (presented.signatures.length === 0) throw new Refused('unsigned');
    let source: SignedSource = { ...bare, timestamp: presented.timestamp };
    for (const signature of presented.signatures) source = judge.opened?.(signature, source) ?? source;
    return { bare, presented, source, isTimely: isFresh(spec, presented, nowMs) };
  };

  /**
   * The body, its items where it is a batch, and the parts with a signature of their own: the whole body, or each
   * item.
   */
  const read = (message: ReceivedMessage) => {
    const { bytes } = message;
    const body = bytes === undefined || bytes.byteLength === 0 ? undefined : message.read(kind);
    const parts = items === undefined ? undefined : itemsOf(body, items);
    return { body, parts, signed: (field === undefined ? undefined : parts) ?? [body] };
  };

  const prove = async (given: SchemeGiven, body: ReadBody | undefined): Promise<SchemeEvidence> => {
    const { bare, presented, source, isTimely } = open(given, body);
    const readings = judge.readings?.(source) ?? [source];
    let genuine;
    for (const secrets of setsOf(given.candidates, fields)) {
      const covered = readings.map((reading) => text.cover(reading, secrets));
      // A key may have to be fetched, and nothing is fetched for a message that is too old.
      if (judge.needsFreshness === true && !isTimely) throw new Refused('stale');
      for (const { texts, payload } of covered) {
        for (const one of texts) {
          for (const signature of presented.signatures) {
            if (await judge.accepts(signature, one.bytes, secrets, given)) genuine ??= { ...one, payload };
          }
        }
      }
    }
    if (genuine === undefined) throw new Refused('wrong-signature');
    if (!isTimely) throw new Refused('stale');
    const { payload, lasting, exact } = genuine;
    return {
      payload,
      deliveryId: deliveryIdOf(spec, bare, lasting, exact),
      signedAtMs: presented.signedAtMs,
    };
  };

  const work: SchemeWork = {
    ...commonWork(spec),
    confirmWith: spec.confirmWith,
    fields,
    needsBytes: true,
    needsUrl: text.placeholders.includes('url'),
    // A signature that covers no part of the message is the same in every message, so it is a secret.
    secretHeaders:
      spec.header !== undefined && named.length === text.placeholders.length
        ? [spec.header.toLowerCase()]
        : [],
    needsEnvironment: judge.needsEnvironment === true,
    toleranceMs: toleranceOf(spec),
    problems: (place) => [
      ...(judge.problems?.(text, place) ?? []),
      ...fieldProblems(fields, place),
      ...text.problems.map((what) => `signed: ${what}`),
      ...placeProblems(spec, text.placeholders),
      ...commonProblems(spec),
    ],
    keyProblem: (name, value) => judge.keyProblem?.(name, value),
    precheck(given) {
      for (const body of needsBody ? read(given.message).signed : [undefined]) {
        const { presented, isTimely } = open(given, body);
        if (!presented.signatures.some((each) => judge.isShaped(each))) throw new Refused('wrong-signature');
        if (!isTimely) throw new Refused('stale');
      }
    },
    async verify(given) {
      const { body, parts } = read(given.message);
      if (parts === undefined) return [await prove(given, body)];
      if (field !== undefined) {
        const proven: SchemeEvidence[] = [];
        // The items are checked one after the other. The first one that is not genuine ends the check.
        for (const item of parts) proven.push(await prove(given, item));
        return proven;
      }
      const whole = await prove(given, body);
      return parts.map((item, at) => ({
        ...whole,
        payload: item.value,
        deliveryId: deliveryIdOf(
          spec,
          sourceOf(given.message, item),
          Buffer.from(`${whole.deliveryId}.${at}`),
        ),
      }));
    },
    ...(produce === undefined
      ? {}
      : { sign: (draft) => draftedMessage(spec, text, draft, soleSet(draft.credentials, fields), produce) }),
  };
  return { proves: text.proves, work };
}

/** Compares with the expected signature. The comparison takes the same time for every sent text. */
function comparing(
  hash: string,
  encoding: BufferEncoding,
  produce: (text: Buffer, secrets: Secrets) => string,
): Pick<Judge, 'isShaped' | 'accepts' | 'produce'> {
  return {
    isShaped: (signature) => isDigest(signature, hash, encoding),
    accepts: (signature, text, secrets) => sameText(produce(text, secrets), signature.text),
    produce,
  };
}

/** Each item as a body of its own. */
function itemsOf(body: ReadBody | undefined, path: string): ReadBody[] {
  if (body === undefined) throw new Refused('no-body');
  const values = itemsAt(body.value, path);
  const exact = body.exact === undefined ? undefined : itemsAt(body.exact, path);
  if (values.length === 0 || values.some((value) => value === undefined)) throw new Refused('malformed');
  return values.map((value, at) => ({
    bytes: Buffer.from(JSON.stringify(value)),
    value,
    exact: exact?.[at],
  }));
}

/** The bytes of a key. No bytes where the text is not in that encoding. */
function keyBytes(text: string, encoding: 'text' | 'hex' | 'base64'): Buffer {
  if (encoding === 'text') return Buffer.from(text);
  const bytes = Buffer.from(text, encoding);
  const written = encoding === 'hex' ? text.toLowerCase() : text.replace(/=+$/, '');
  return bytes.toString(encoding).replace(/=+$/, '') === written ? bytes : Buffer.alloc(0);
}

/** Throws for an empty key, because anybody could sign with it. */
function filledKey(key: Buffer): Buffer {
  if (key.byteLength > 0) return key;
  throw new TypeError('The key of a webhook is not in the encoding that its scheme names.');
}

function standardKey(secret: string): Buffer {
  return keyBytes(secret.replace(/^whsec_/, ''), 'base64');
}

interface JwsParts {
  readonly header: string;
  readonly signature: string;
  readonly algorithm: unknown;
  readonly keyId?: string;
  readonly members: Readonly<Record<string, unknown>>;
}

function jwsParts(text: string): JwsParts {
  const [header = '', payload, signature = '', ...more] = text.split('.');
  if (payload !== '' || more.length > 0) throw new Refused('malformed');
  let members: unknown;
  try {
    members = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  } catch {
    throw new Refused('malformed');
  }
  if (!isJsonObject(members)) throw new Refused('malformed');
  const { alg, kid } = members;
  return { header, signature, algorithm: alg, members, ...(typeof kid === 'string' ? { keyId: kid } : {}) };
}

/** No provider signs more headers than this. */
const MOST_SIGNED_HEADERS = 16;

function openedJws(
  signature: PresentedSignature,
  source: SignedSource,
  member: string | undefined,
): SignedSource {
  const { members } = jwsParts(signature.text);
  const listed = member === undefined ? '' : members[member];
  const names =
    typeof listed === 'string' && listed !== '' ? listed.split(',').map((name) => name.trim()) : [];
  if (names.length > MOST_SIGNED_HEADERS) throw new Refused('malformed');
  const lines = names.map((name) => {
    const value = source.message.header(name);
    if (value === undefined) throw new Refused('malformed');
    return `${name}: ${value}\n`;
  });
  return { ...source, signedHeaders: lines.join('') };
}

/** The path as it was requested, and with a slash at its end where it has none, or without it. */
function withEitherSlash(source: SignedSource): readonly SignedSource[] {
  const { path } = source.message;
  const at = path.indexOf('?');
  const [name, query] = at < 0 ? [path, ''] : [path.slice(0, at), path.slice(at)];
  if (name === '/') return [source];
  return [source, { ...source, path: (name.endsWith('/') ? name.slice(0, -1) : `${name}/`) + query }];
}

/** The value of the environment, or the only value where there is only one. */
function ofEnvironment(all: Readonly<Record<string, string>>, environment: string | undefined): string {
  const only = Object.keys(all).length === 1 ? Object.values(all)[0] : undefined;
  const here = environment === undefined ? undefined : all[environment];
  const found = here ?? only;
  if (found !== undefined) return found;
  throw new PaymentsAuthError(
    'INVALID_OPTIONS',
    `The key of these webhooks differs by environment: ${Object.keys(all).join(', ')}. Say which one the provider is in: { environment }.`,
  );
}

/** Whether a certificate may be fetched from a URL that a message names. */
function isAllowed(text: string, allow: readonly string[]): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, host, username, password, origin } = new URL(text);
  if (username !== '' || password !== '') return false;
  return allow.some((pattern) => {
    const [scheme, suffix] = pattern.split('//*');
    return suffix === undefined
      ? new URL(pattern).origin === origin
      : scheme === protocol && host.endsWith(suffix);
  });
}

function keyProblems(key: PublicKeySpec<string>['key'], { environments }: SchemePlace): string[] {
  const unknown = (of: string, values: Readonly<Record<string, unknown>>) =>
    Object.keys(values)
      .filter((name) => !environments.includes(name))
      .map((name) => `key.${of}.${name}: there is no such environment`);
  if ('environments' in key) {
    const pinned = key.environments;
    const wrong = Object.entries(pinned).filter(([, pem]) => !isKey(() => publicKeyOf(pem)));
    return [
      ...unknown('environments', pinned),
      ...wrong.map(([name]) => `key.environments.${name}: expected a key in PEM`),
    ];
  }
  if ('jwks' in key) {
    const wrong = Object.entries(key.jwks).filter(([, url]) => !isSafeUrl(url));
    return [
      ...unknown('jwks', key.jwks),
      ...wrong.map(([name]) => `key.jwks.${name}: expected an https URL`),
    ];
  }
  return 'certificate' in key && !key.certificate.allow.every(isOrigin)
    ? ['key.certificate.allow: expected origins, as in "https://api.acme.test" or "https://*.acme.test"']
    : [];
}

function isOrigin(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const plain = value.replace('//*.', '//any.');
  return isSafeUrl(plain) && new URL(plain).origin === plain;
}

/** https, or plain http to this machine. */
function isSafeUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return (
    protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname))
  );
}

function isKey(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}
