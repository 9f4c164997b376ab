import { fieldOf } from '../own-properties.js';
import { isPaymentsAuthError } from '../payments-auth.errors.js';
import { Refused, type WebhookRefusal } from '../providers/webhooks/received-message.js';
import type { WebhookProof } from '../providers/webhooks/webhook-proof.js';
import type {
  SchemeEvidence,
  SchemeGiven,
  SchemeWork,
  WebhookScheme,
} from '../providers/webhooks/webhook-scheme.js';

export type NamedScheme = readonly [name: string, scheme: WebhookScheme<string>];

/** The result of an examination. */
export type Examination =
  | { readonly refusal: WebhookRefusal }
  | {
      readonly refusal: undefined;
      /** The name of the scheme that proved the message. */
      readonly scheme: string;
      readonly proves: WebhookProof;
      readonly work: SchemeWork;
      /** One for each item of a batch. */
      readonly evidence: readonly SchemeEvidence[];
    };

/**
 * The refusals, the most telling first. Where no scheme proves a message, the log gets the first one in this list that
 * some scheme has given.
 */
const TELLING: readonly WebhookRefusal[] = [
  'stale',
  'wrong-signature',
  'unknown-key',
  'no-secret',
  'contradictory-headers',
  'malformed',
  'no-body',
  'unsigned',
];

/**
 * The schemes that could prove a message with the right secret; the refusal where there is no such scheme.
 *
 * The sender of a message names its merchant, and a resolver may be a database. So the resolver is not asked for a
 * message that no secret can prove.
 */
export function examineUnasked(
  schemes: readonly NamedScheme[],
  given: Pick<SchemeGiven, 'message' | 'nowMs'>,
): readonly NamedScheme[] | { readonly refusal: WebhookRefusal } {
  const refusals: WebhookRefusal[] = [];
  const left = schemes.filter(([, { '~work': work }]) => {
    try {
      work?.precheck(given);
      return true;
    } catch (error) {
      refusals.push(refusalOf(error));
      return false;
    }
  });
  return left.length > 0 ? left : { refusal: mostTelling(refusals) };
}

/**
 * Examines a message by some schemes of its provider. The first that proves it is enough.
 *
 * @throws the error that keeps a scheme from judging (a key set that cannot be fetched), where no other scheme proves
 *   the message
 */
export async function examineWebhook(
  schemes: readonly NamedScheme[],
  given: SchemeGiven,
): Promise<Examination> {
  const refusals: WebhookRefusal[] = [];
  const failures: unknown[] = [];
  for (const [scheme, { proves, '~work': work }] of schemes) {
    if (work === undefined) continue;
    try {
      const evidence = await work.verify(given);
      if (evidence.length === 0) throw new Refused('malformed');
      return { refusal: undefined, scheme, proves, work, evidence };
    } catch (error) {
      if (isPaymentsAuthError(error) || isUnanswered(error)) failures.push(error);
      else refusals.push(refusalOf(error));
    }
  }
  if (failures.length > 0) throw failures[0];
  return { refusal: mostTelling(refusals) };
}

/** Any other error comes from a text that no provider sends: nested too deeply, or with half a surrogate pair. */
function refusalOf(error: unknown): WebhookRefusal {
  return error instanceof Refused ? error.reason : 'malformed';
}

function mostTelling(refusals: readonly WebhookRefusal[]): WebhookRefusal {
  return TELLING.find((each) => refusals.includes(each)) ?? 'malformed';
}

/** Whether the error is an `AxiosError`: a `customWebhook` has asked its provider, and got no good answer. */
function isUnanswered(error: unknown): boolean {
  return fieldOf(error, 'isAxiosError') === true;
}
