import { createHash, type KeyObject } from 'node:crypto';
import type { HttpService } from '@nestjs/axios';
import { suggestion } from '../../nearest.js';
import { define, ownCopy } from '../../own-properties.js';
import type { ReceivedMessage, WebhookMessage } from './received-message.js';
import { filled, type SignedSource } from './signed-text.js';
import type { WebhookProof } from './webhook-proof.js';

/**
 * One way in which a provider proves its messages. Made by `hmacWebhook`, `hashWebhook`, `publicKeyWebhook`,
 * `standardWebhooks`, `sharedToken`, `hashOfCredentials`, `unsignedWebhook` or `customWebhook`.
 *
 * @typeParam F the credential fields it needs
 */
export interface WebhookScheme<F extends string> {
  readonly proves: WebhookProof;
  readonly '~fields'?: F;
  /** @internal */
  readonly '~work'?: SchemeWork;
}

/** The answer that the provider expects after the handler has succeeded. */
export interface WebhookAcknowledgement {
  /** @default the status of the route */
  readonly status?: number;
  /** Sent as `text/plain`. */
  readonly text?: string;
  /** Sent as `application/json`. */
  readonly json?: unknown;
}

/** The options that all schemes have. */
export interface SchemeSpec {
  /** A weaker scheme beside a stronger one: used only where a route names it. */
  readonly onlyWhenNamed?: true;
  /** The kind of the body: parsed JSON, the fields of a form, or text. @default 'json' */
  readonly body?: 'json' | 'form' | 'text';
  /**
   * The sender's own id of the event, as a template: `{header:webhook-id}`, `{field:id}`. Take it from the signed
   * part, because an attacker who repeats a message can change the other parts.
   *
   * @default a hash of the signed part
   */
  readonly id?: string;
  /**
   * For batches, the path of the payloads: `notificationItems.NotificationRequestItem`. Each payload becomes one
   * delivery.
   */
  readonly items?: string;
  /** The answer that the provider expects after the handler has succeeded. @default what the handler returns */
  readonly acknowledge?: WebhookAcknowledgement;
}

/** Static credentials, as a scheme sees them. */
export type SchemeCredentials = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The names that Node uses. */
export type PublishedKeyType = 'rsa' | 'ec' | 'ed25519';

/** Keys that a provider publishes. Fetched when needed, kept, and bounded in number and time. */
export interface PublishedKeys {
  /** The key with this id and of this type in the set at `url`; `undefined` when the set has no such key. */
  fromSet(url: string, keyId: string | undefined, type: PublishedKeyType): Promise<KeyObject | undefined>;
  /** The key of the certificate at `url`, whose chain ends at a trusted root; `undefined` when it does not. */
  ofCertificate(url: string): Promise<KeyObject | undefined>;
}

/** The values by which a scheme judges a message. */
export interface SchemeGiven {
  readonly message: ReceivedMessage;
  /** The sets of credentials, newest first. The secrets of each set are accepted. */
  readonly candidates: readonly SchemeCredentials[];
  readonly nowMs: number;
  readonly environment?: string;
  readonly keys: PublishedKeys;
  readonly http: () => HttpService;
}

/** The content of a genuine message. A batch gives several. */
export interface SchemeEvidence {
  readonly payload: unknown;
  readonly deliveryId: string;
  readonly signedAtMs?: number;
}

/** The values that `signedDelivery` signs. */
export interface SchemeDraft {
  readonly payload: unknown;
  readonly credentials: SchemeCredentials;
  readonly nowMs: number;
  readonly url: string;
}

/** The values for the check of a definition. */
export interface SchemePlace {
  readonly credentials: readonly string[];
  /** The credentials that are not secret. @default none */
  readonly publicCredentials?: readonly string[];
  readonly environments: readonly string[];
}

/** The internal functions of a scheme. @internal */
export interface SchemeWork {
  /** The credential fields that a verification needs. */
  readonly fields: readonly string[];
  readonly confirmWith?: string;
  readonly acknowledge?: WebhookAcknowledgement;
  readonly onlyWhenNamed: boolean;
  /** The format of the body. */
  readonly body: 'json' | 'form' | 'text';
  readonly isBatch: boolean;
  /** Whether the bytes of the body are read. */
  readonly needsBytes: boolean;
  /** Whether the route needs the URL that the provider was given. */
  readonly needsUrl: boolean;
  /** Whether the provider needs an environment, because its keys differ by it. */
  readonly needsEnvironment: boolean;
  /** Headers that carry a secret. The application does not get them. */
  readonly secretHeaders: readonly string[];
  /** The largest difference between now and the time of signing, in milliseconds. Absent where a message has no time. */
  readonly toleranceMs?: number;
  /** The problems with the description, each with its field. */
  problems(place: SchemePlace): string[];
  /** The problem with a configured secret, in words that do not repeat it. */
  readonly keyProblem: (field: string, value: string) => string | undefined;
  /**
   * Whether any secret can prove the message. No secret proves a message without a signature, with a misshapen one,
   * or with one that is too old.
   *
   * @throws Refused when no secret can
   */
  precheck(given: Pick<SchemeGiven, 'message' | 'nowMs'>): void;
  /** @throws Refused */
  verify(given: SchemeGiven): readonly SchemeEvidence[] | Promise<readonly SchemeEvidence[]>;
  /** Absent where only the provider can sign. */
  readonly sign?: (draft: SchemeDraft) => WebhookMessage;
}

/** The parts that all schemes have, with their defaults. @internal */
export function commonWork(
  spec: SchemeSpec,
): Omit<SchemeWork, 'fields' | 'problems' | 'precheck' | 'verify' | 'needsBytes'> {
  return {
    acknowledge: spec.acknowledge,
    onlyWhenNamed: spec.onlyWhenNamed === true,
    body: spec.body ?? 'json',
    isBatch: spec.items !== undefined,
    needsUrl: false,
    needsEnvironment: false,
    secretHeaders: [],
    keyProblem: () => undefined,
  };
}

/** @internal */
export function schemeOf<F extends string>(proves: WebhookProof, work: SchemeWork): WebhookScheme<F> {
  return Object.freeze(ownCopy({ proves, '~work': Object.freeze(ownCopy(work)) }));
}

/**
 * A scheme that is made when it is first used. An application without a route for a provider's webhooks never makes it.
 *
 * @internal
 */
export function schemeMadeOf<F extends string>(make: () => WebhookScheme<F>): WebhookScheme<F> {
  let made: WebhookScheme<F> | undefined;
  const scheme = () => (made ??= make());
  const lazy = ownCopy({});
  define(lazy, 'proves', { enumerable: true, get: () => scheme().proves });
  define(lazy, '~work', { enumerable: true, get: () => scheme()['~work'] });
  return Object.freeze(lazy) as WebhookScheme<F>;
}

/** The credentials with each list in them taken apart: one set for each value. */
export function setsOf(
  candidates: readonly SchemeCredentials[],
  fields: readonly string[],
): Readonly<Record<string, string>>[] {
  return candidates.flatMap((candidate) => {
    let sets: Record<string, string>[] = [{}];
    for (const field of fields) {
      const value = candidate[field];
      // Empty secrets are left out, because anybody could sign with them.
      const values = (typeof value === 'string' ? [value] : (value ?? [])).filter((each) => each !== '');
      sets = sets.flatMap((set) => values.map((each) => ({ ...set, [field]: each })));
    }
    return sets.slice(0, MOST_SETS);
  });
}

/**
 * The newest secrets, to sign with.
 *
 * @throws TypeError when one is missing
 */
export function soleSet(
  credentials: SchemeCredentials,
  fields: readonly string[],
): Readonly<Record<string, string>> {
  const [set] = setsOf([credentials], fields);
  if (set !== undefined) return set;
  throw new TypeError(`A message cannot be signed without these credentials: ${fields.join(', ')}.`);
}

/** The largest number of sets. Several lists in one set of credentials multiply. */
const MOST_SETS = 64;

/** The problems with the parts that all schemes have, where each part alone is sound. */
export function commonProblems({ body, acknowledge, items }: SchemeSpec): string[] {
  return [
    ...(items !== undefined && (body ?? 'json') !== 'json'
      ? ['items: expected the path of the items in a JSON body']
      : []),
    ...(acknowledge?.text !== undefined && acknowledge.json !== undefined
      ? ['acknowledge: expected a text or a JSON, and not both']
      : []),
  ];
}

/** Fields that a scheme reads, and that are no credentials of the provider. */
export function fieldProblems(fields: readonly string[], { credentials }: SchemePlace): string[] {
  return fields
    .filter((field) => !credentials.includes(field))
    .map((field) => `there is no credential "${field}". ${suggestion(field, credentials)}`);
}

/** The problem with a proof that uses no secret: anybody can make it. */
export function forgeableProblems(
  fields: readonly string[],
  { publicCredentials = [] }: SchemePlace,
): string[] {
  if (fields.length === 0 || !fields.every((field) => publicCredentials.includes(field))) return [];
  return [
    `${fields.map((field) => `"${field}"`).join(' and ')} of credentials is secret: false, so that others know it and could make this proof; name a field that is secret, or take secret: false away`,
  ];
}

/**
 * The sender's own id, or a hash of the parts that are the same in every delivery of the message.
 *
 * @param exact whether a number in the id is taken as it is written, because JavaScript rounds ids above 2^53
 */
export function deliveryIdOf(
  { id }: SchemeSpec,
  source: SignedSource,
  lasting: Buffer,
  exact = true,
): string {
  const said = id === undefined ? undefined : filled(id, source, exact);
  return said === undefined || said === '' ? createHash('sha256').update(lasting).digest('hex') : said;
}
