import { OWN_ACCOUNT } from '../credentials/credential.service.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import { isPlainObject, ownCopy } from '../own-properties.js';
import { suggestion } from '../nearest.js';
import { scopeListProblem } from '../strategies/scope-set.js';
import { kindOf } from '../strategies/header-text.js';
import type { PaymentsAuthRequest } from './payments-auth-request.js';

/** Says what is wrong with a value that is given; `undefined` when nothing is. */
type Check = (value: unknown) => string | undefined;

const text: Check = (value) => {
  if (value === '') return 'must be a text, and is empty. Leave it out for the default';
  return typeof value === 'string' ? undefined : `must be a text, and is ${kindOf(value)}`;
};

const KEYS: Readonly<Record<string, Check>> = {
  // A missing or empty name counts as an account that does not exist.
  account: (value) =>
    typeof value === 'string' || value === null || value === OWN_ACCOUNT
      ? undefined
      : `must be a text, and is ${kindOf(value)}`,
  scopes: scopeListProblem,
  audience: text,
  host: text,
  replay: (value) =>
    value === 'always' || value === 'safe-methods' || value === 'never'
      ? undefined
      : 'must be "always", "safe-methods" or "never"',
};
const NAMES = Object.keys(KEYS);

/**
 * The options of a call for its authentication, checked and copied. A mistake here could charge the wrong merchant
 * without an error: an unknown key, an account that is no text, scopes that are no list. So a call with such a
 * mistake is not sent.
 *
 * @param at the name by which the caller knows these options
 * @param known the keys that the caller may give there
 * @returns a frozen copy without a prototype
 * @throws PaymentsAuthError INVALID_REQUEST
 */
export function settledRequest(
  provider: string,
  given: PaymentsAuthRequest,
  at = 'paymentsAuth',
  known: readonly string[] = NAMES,
): PaymentsAuthRequest {
  const said: unknown = given;
  if (typeof said !== 'object' || said === null || Array.isArray(said) || !isPlainObject(said))
    throw invalidRequest(provider, at, `must be an object such as { account }, and is ${kindOf(said)}`);
  const settled = ownCopy(given);
  // The checked scopes are the requested scopes: a list that the caller has made could return other values when it is
  // read a second time.
  if (Array.isArray(settled.scopes)) Reflect.set(settled, 'scopes', Object.freeze([...settled.scopes]));
  for (const key of Reflect.ownKeys(settled)) {
    const check = typeof key === 'string' && Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    if (check === undefined) {
      const name = String(key);
      throw invalidRequest(provider, `${at}.${name}`, `is not known. ${suggestion(name, known)}`);
    }
    const value: unknown = settled[key as keyof PaymentsAuthRequest];
    const problem = value === undefined ? undefined : check(value);
    if (problem !== undefined) throw invalidRequest(provider, `${at}.${String(key)}`, problem);
  }
  return Object.freeze(settled);
}

/** The call has a mistake in its options. */
export function invalidRequest(provider: string, where: string, what: string): PaymentsAuthError {
  return new PaymentsAuthError(
    'INVALID_REQUEST',
    `A request to provider "${provider}" was not sent: ${where} ${what}`,
    { provider, reason: `${where} ${what}` },
  );
}
