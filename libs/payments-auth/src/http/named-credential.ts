import type { AwaitedLogin } from '../credentials/credential-spender.js';
import type { Credential } from '../credentials/credential.js';
import { isPaymentsAuthError } from '../payments-auth.errors.js';
import type { Destination } from './destination.js';

/**
 * Says on an error of axios whose credential the attempt carried and where it went, by the names that stand on a
 * `PaymentsAuthError`. So a log line of either error leads to the status page.
 *
 * @param error the error of the adapter or of the answer's stream; a frozen error is not changed
 * @param status of an answer whose body breaks later
 */
export function nameCredential(
  error: unknown,
  { provider, account, id: credential }: Credential,
  { origin }: Destination,
  status?: number,
): void {
  if (isPaymentsAuthError(error)) return;
  name(error, { provider, account, credential, host: new URL(origin).host, status });
}

/** The same for a call that ends before it has a credential. The host is the one that the login asks. */
export function nameAwaited(error: Error, { credential, host }: AwaitedLogin): void {
  name(error, { credential, host });
}

function name(error: unknown, details: Readonly<Record<string, string | number | undefined>>): void {
  if (typeof error !== 'object' || error === null) return;
  for (const [key, value] of Object.entries(details)) if (value !== undefined) Reflect.set(error, key, value);
}
