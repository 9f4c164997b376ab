import { fieldOf } from '../../own-properties.js';
import type { HttpService } from '@nestjs/axios';
import { disinherited, ownCopy } from '../../own-properties.js';
import { isPaymentsAuthError, PaymentsAuthError } from '../../payments-auth.errors.js';
import { postOf } from './drafted-message.js';
import { wholeValue } from './presented-signature.js';
import { Refused, type WebhookMessage } from './received-message.js';
import { itemsAt, sourceOf } from './signed-text.js';
import { CUSTOM, schemeAs } from './scheme-parts.js';
import type { WebhookProof } from './webhook-proof.js';
import {
  commonProblems,
  commonWork,
  deliveryIdOf,
  fieldProblems,
  type SchemeDraft,
  schemeOf,
  type SchemeSpec,
  setsOf,
  soleSet,
  type WebhookScheme,
} from './webhook-scheme.js';

/** The values that a `customWebhook` gets. */
export interface CustomWebhookGiven<F extends string> {
  readonly message: WebhookMessage;
  /**
   * The credentials. Where a field holds a list, or where there are several sets, `verify` is called with each one in
   * turn.
   */
  readonly credentials: Readonly<Record<F, string>>;
  readonly nowMs: number;
  /**
   * The provider's own authenticated service, for the account of the route. Limit the calls for one message, because
   * anybody can send a forged one.
   */
  readonly http: HttpService;
}

/** The values from which a `customWebhook` makes a signed message for a test. */
export interface CustomWebhookDraft<F extends string> {
  readonly payload: unknown;
  readonly credentials: Readonly<Record<F, string>>;
  readonly nowMs: number;
  /** The URL that the message goes to. */
  readonly url: string;
}

/** The content that a `customWebhook` has found in a genuine message. */
export interface CustomWebhookEvidence {
  readonly payload: unknown;
  /** The sender's own id of the event. @default a hash of the body */
  readonly id?: string;
  readonly signedAtMs?: number;
}

interface CustomSpec<F extends string> extends SchemeSpec {
  /** The credential fields that `verify` needs. */
  readonly keys: readonly F[];
  readonly proves: WebhookProof;
  /** The call to make before acting on a message that does not prove its payload. */
  readonly confirmWith?: string;
  /** Whether `message.url` has to be the URL that the provider was given. Then a route without `url` stops the boot. */
  readonly needsUrl?: true;
  /**
   * The header that holds the signature. A message without it is refused before a resolver of merchants is called. At
   * most one of `header`, `field` and `query`.
   */
  readonly header?: string;
  /** The path of the field of the body that holds it. */
  readonly field?: string;
  /** The parameter of the query that holds it. */
  readonly query?: string;
  verify(
    given: CustomWebhookGiven<F>,
  ): CustomWebhookEvidence | undefined | Promise<CustomWebhookEvidence | undefined>;
  /** Makes a genuine message for a test: the parts that `signedDelivery` adds to a POST of the payload. */
  sign?(draft: CustomWebhookDraft<F>): {
    readonly headers?: Readonly<Record<string, string>>;
    readonly query?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
}

/**
 * A webhook that the other builders cannot describe.
 *
 * `verify` returns the content, or `undefined` for a message that is not genuine. When `verify` throws, the message
 * is refused, with two exceptions: after a `PaymentsAuthError`, and after a call that got no answer, the route
 * answers 503, and the provider sends the message again. Compare with `sameText`, in constant time.
 */
export function customWebhook<const F extends string>(given: CustomSpec<F>): WebhookScheme<F> {
  return schemeAs(CUSTOM, given, customScheme);
}

function customScheme<F extends string>(spec: CustomSpec<F>): WebhookScheme<F> {
  const { keys, proves, items, body: kind = 'json', confirmWith, header, field, query } = spec;
  const places = [header, field, query].filter((place) => place !== undefined);
  return schemeOf(proves, {
    ...commonWork(spec),
    confirmWith,
    fields: keys,
    needsBytes: true,
    needsUrl: spec.needsUrl === true,
    problems: (place) => [
      ...(places.length < 2
        ? []
        : ['expected at most one of header, field and query: where the signature stands']),
      ...fieldProblems(keys, place),
      ...commonProblems(spec),
    ],
    precheck({ message }) {
      if (places.length === 0) return;
      const body = field === undefined ? undefined : message.read(kind);
      const signature = wholeValue({ header, field, query }, sourceOf(message, body));
      if (signature === undefined || signature === '') throw new Refused('unsigned');
    },
    async verify({ message, candidates, nowMs, http }) {
      let found: CustomWebhookEvidence | undefined;
      const received = message.plain(kind);
      const plain = { ...received, body: disinherited(received.body) };
      for (const credentials of setsOf(candidates, keys)) {
        const given = {
          message: plain,
          credentials: credentials as Readonly<Record<F, string>>,
          nowMs,
          get http() {
            return http();
          },
        };
        found ??= evidenceIn(await answerOf(() => spec.verify(given)));
      }
      if (found === undefined) throw new Refused('wrong-signature');
      const { payload, id, signedAtMs } = ownCopy(found);
      const deliveryId =
        id ??
        deliveryIdOf(spec, sourceOf(message), Buffer.from(message.bytes ?? JSON.stringify(payload) ?? ''));
      const payloads = items === undefined ? [payload] : itemsAt(payload, items);
      return payloads.map((each, at) => ({
        payload: each,
        deliveryId: items === undefined ? deliveryId : `${deliveryId}.${at}`,
        signedAtMs,
      }));
    },
    ...(spec.sign === undefined
      ? {}
      : {
          sign: ({ payload, credentials, nowMs, url }: SchemeDraft) => {
            const secrets = soleSet(credentials, keys) as Readonly<Record<F, string>>;
            const signed = spec.sign?.({ payload, credentials: secrets, nowMs, url }) ?? {};
            return postOf(kind, { payload, url, ...signed });
          },
        }),
  });
}

/**
 * The content that `verify` has found. `false` is a refusal, like `undefined`. No other value proves a message.
 *
 * @throws PaymentsAuthError DEFINITION_FAULT for any other value
 */
function evidenceIn(found: unknown): CustomWebhookEvidence | undefined {
  if (found === undefined || found === null || found === false) return undefined;
  if (typeof found === 'object' && Object.hasOwn(found, 'payload')) return found as CustomWebhookEvidence;
  throw new PaymentsAuthError(
    'DEFINITION_FAULT',
    'The `verify` of a customWebhook has to give { payload } for a genuine message, and `undefined` for any other.',
  );
}

async function answerOf<T>(verify: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await verify();
  } catch (error) {
    if (isPaymentsAuthError(error) || gotNoAnswer(error)) throw error;
    return undefined;
  }
}

/** Whether it is an `AxiosError` without a response. Then it is not known whether the message is genuine. */
function gotNoAnswer(error: unknown): boolean {
  return fieldOf(error, 'isAxiosError') === true && fieldOf(error, 'response') === undefined;
}
