import { createHmac } from 'node:crypto';
import type { Credentials } from '../../core/account.js';
import type { SeededRandom } from '../../core/seeded-random.js';
import type {
  WebhookEvent,
  WebhookMessage,
  WebhookOccasion,
  WebhookShape,
} from '../../signing/webhook-shape.js';

/** All values that a signature can cover. */
export interface Signed<C extends Credentials> extends WebhookOccasion {
  readonly event: WebhookEvent;
  /** The body as it is sent. */
  readonly body: string;
  readonly keys: C;
  readonly seconds: number;
}

/** The way in which one scheme signs a message. A part in which providers differ is a function of the signed values. */
export interface WebhookFacts<C extends Credentials> {
  readonly event: (random: SeededRandom) => WebhookEvent;
  /** The text of the signature: hex, base64, a token. Absent where nothing is signed. */
  readonly sign?: (signed: Signed<C>) => string;
  /** The header of the signature. */
  readonly header?: string;
  /** The value of that header: `t=…,v1=…`. @default the signature alone */
  readonly wrap?: (signature: string, signed: Signed<C>) => string;
  /** Puts the signature into the body instead. */
  readonly inBody?: (event: WebhookEvent, signature: string) => WebhookEvent;
  /** Puts the signature into the query instead. */
  readonly inQuery?: string;
  /** Query values besides the signature. */
  readonly query?: (signed: Signed<C>) => Readonly<Record<string, string>>;
  /** Headers besides the signature, which are always sent. */
  readonly headers?: (signed: Signed<C>) => Readonly<Record<string, string>>;
  /** @default json */
  readonly as?: 'json' | 'form';
}

/** Makes a scheme from the description in the documents. */
export function scheme<C extends Credentials>(facts: WebhookFacts<C>): WebhookShape<C> {
  const { sign, inBody, inQuery, header, as = 'json' } = facts;
  const parts = (event: WebhookEvent, occasion: WebhookOccasion, keys: C) => ({
    ...occasion,
    keys,
    event,
    body: as === 'json' ? JSON.stringify(event) : formText(event),
    seconds: Math.floor(occasion.atMs / 1_000),
  });
  return {
    event: (random) => facts.event(random),
    ...(header === undefined ? {} : { signatureHeader: header }),
    ...(sign === undefined
      ? {}
      : { signatureOf: (event, keys, occasion) => sign(parts(event, occasion, keys)) }),
    message: (event, signature, occasion, keys): WebhookMessage => {
      const told = signature !== undefined && inBody !== undefined ? inBody(event, signature) : event;
      const signed = parts(told, occasion, keys);
      const { wrap = (text: string) => text } = facts;
      return {
        method: 'POST',
        headers: {
          'content-type': as === 'json' ? 'application/json' : 'application/x-www-form-urlencoded',
          ...facts.headers?.(signed),
          ...(header === undefined || signature === undefined ? {} : { [header]: wrap(signature, signed) }),
        },
        query: {
          ...facts.query?.(signed),
          ...(inQuery === undefined || signature === undefined ? {} : { [inQuery]: signature }),
        },
        body: signed.body,
      };
    },
  };
}

interface HmacFacts<C extends Credentials> extends Omit<WebhookFacts<C>, 'sign'> {
  readonly key: keyof C & string;
  /** @default text */
  readonly keyIs?: 'hex';
  /** @default sha256 */
  readonly hash?: 'sha256' | 'sha512';
  /** @default hex */
  readonly encoding?: 'hex' | 'base64';
  /** @default the body */
  readonly over?: (signed: Signed<C>) => string;
}

/** An HMAC over the body, or over the text that the documents name. */
export function hmacScheme<C extends Credentials>(facts: HmacFacts<C>): WebhookShape<C> {
  const { key, keyIs, hash = 'sha256', encoding = 'hex', over = ({ body }) => body } = facts;
  return scheme<C>({
    ...facts,
    sign: (signed) =>
      createHmac(hash, Buffer.from(signed.keys[key] ?? '', keyIs === 'hex' ? 'hex' : 'utf8'))
        .update(over(signed))
        .digest(encoding),
  });
}

/** A token that both sides know: nothing is signed. */
export function tokenScheme<C extends Credentials>(
  facts: Omit<WebhookFacts<C>, 'sign'> & { readonly key: keyof C & string },
): WebhookShape<C> {
  return scheme<C>({ ...facts, sign: ({ keys }) => keys[facts.key] ?? '' });
}

/** The value at a path such as `data.transaction.id`, as text. Empty where there is none. */
export function textBelow(value: unknown, path: string): string {
  let found: unknown = value;
  for (const name of path.split('.')) found = (found as Record<string, unknown> | undefined)?.[name];
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
    ? String(found)
    : '';
}

function formText(event: WebhookEvent): string {
  const fields = Object.entries(event).map(([name, value]): [string, string] => [name, String(value)]);
  return new URLSearchParams(fields).toString();
}
