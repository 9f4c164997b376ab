import type { Account, Credentials } from '../../core/account.js';
import type { Bearer } from '../../core/provider-behaviour.js';
import type { ProviderContext } from '../../core/provider-context.js';
import type { ReceivedRequest } from '../../core/received-request.js';
import { type Claim, inAuthorization } from './claims.js';

/** Finds the account whose credential a call carries. Returns `undefined` where there is none. */
export type Acceptance<C extends Credentials> = (
  request: ReceivedRequest,
  context: ProviderContext<C>,
) => Bearer<C> | undefined;

/** For calls that carry a token of a login. */
export const token =
  <C extends Credentials>(scheme = 'Bearer'): Acceptance<C> =>
  (request, { tokens }) => {
    const [value = ''] = inAuthorization(scheme)(request) ?? [];
    const found = tokens.alive(value);
    return found && { ...found, account: found.account as Account<C> };
  };

/** For calls that carry the account's own key. */
export const key =
  <C extends Credentials>(claim: Claim): Acceptance<C> =>
  (request, { accounts }) => {
    const [identity = '', secret = ''] = claim(request) ?? [];
    const proven = accounts.proven(identity, secret);
    return proven && { account: proven.account, key: proven.version, scopes: [] };
  };

/** For signed calls: the request names the account, and the account's keys verify the signature. */
export const signature =
  <C extends Credentials>(
    identityOf: (request: ReceivedRequest) => string | undefined,
    isSigned: (given: {
      readonly request: ReceivedRequest;
      readonly credentials: C;
      readonly nowMs: number;
    }) => boolean,
  ): Acceptance<C> =>
  (request, { accounts, nowMs }) => {
    const proven = accounts.provenBy(identityOf(request) ?? '', (credentials) =>
      isSigned({ request, credentials, nowMs }),
    );
    return proven && { account: proven.account, key: proven.version, scopes: [] };
  };
