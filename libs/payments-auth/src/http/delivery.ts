import type { AxiosResponse } from 'axios';
import type { Attempted, Call } from './attempt.js';
import type { PaymentsAuthOutcome } from './payments-auth-request.js';
import { hideSecretFields } from './secret-fields.js';

const SENT_ONCE: PaymentsAuthOutcome = Object.freeze({ attempts: 1, replayed: false });

/**
 * Gives a call its last answer, with the number of times that the call was sent.
 *
 * @param secretFields the fields of the answer that repeat a secret
 * @throws the error of the adapter
 */
export function deliver(
  { spender, sent: attempts }: Call,
  first: Attempted,
  last: Attempted,
  secretFields: ReadonlySet<string>,
): AxiosResponse {
  const { response, failed, error, verdict, failure } = last;
  const outcome: PaymentsAuthOutcome =
    attempts === 1 ? SENT_ONCE : { attempts, replayed: true, firstStatus: first.response?.status ?? 0 };
  if (verdict.kind === 'refused') sayWhy(last, spender.journal.definitionFault);
  spender.journal.ended(failure?.kind);
  if (response !== undefined) {
    const scope = verdict.kind === 'incurable' ? verdict.scope : undefined;
    response.paymentsAuth = scope === undefined ? outcome : { ...outcome, reason: 'scope', ...scope };
    if (secretFields.size > 0) hideSecretFields(response, secretFields);
  } else if (typeof error === 'object' && error !== null) {
    // The error carries the outcome where there is no answer: the caller has to know that a payment was sent again.
    Reflect.set(error, 'paymentsAuth', outcome);
  }
  if (failed) throw error;
  return response as AxiosResponse;
}

/** The caller gets axios's own error. Its message also says what is wrong with the definition. */
function sayWhy({ failed, error }: Attempted, fault: string | undefined): void {
  if (failed && fault !== undefined && error instanceof Error) error.message += `. The definition: ${fault}.`;
}
