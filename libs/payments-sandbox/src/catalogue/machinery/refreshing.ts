import type { MintedToken } from '../../core/provider-context.js';
import { jsonObjectOf, type ReceivedRequest, textOf } from '../../core/received-request.js';
import type { Reply } from '../../core/reply.js';
import { type Claim, formOf } from './claims.js';
import type { CounterpartFacts, ProvenLogin } from './counterpart.js';

/** The credentials of a platform's merchant. */
export type MerchantKeys = {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
};

/** The parts in which providers with refresh tokens differ. */
interface RefreshFacts {
  readonly path: string;
  readonly client: Claim;
  /** Whether each use replaces the refresh token. */
  readonly rotates: boolean;
  readonly lifetimeMs: number;
  readonly expiry: string;
  readonly wrongClient: Reply;
  readonly wrongGrant: Reply;
  answer(token: MintedToken, login: ProvenLogin<MerchantKeys>): unknown;
}

/** A field of the body, which is JSON or a form. */
export const inBody = (request: ReceivedRequest, name: string) =>
  textOf(jsonObjectOf(request), name) ?? formOf(request).get(name) ?? '';

/** The parts of a counterpart that issues tokens for a refresh token of each merchant. */
export function refreshing<C extends MerchantKeys>(
  facts: RefreshFacts,
): Pick<CounterpartFacts<C>, 'identity' | 'proof' | 'login'> {
  return {
    identity: 'refreshToken',
    proof: 'clientSecret',
    login: {
      path: facts.path,
      client: (request) => [inBody(request, 'refresh_token'), ''],
      grant: {
        rotates: facts.rotates,
        wrong: facts.wrongGrant,
        proves: (request, { clientId, clientSecret }) => {
          const [id, secret] = facts.client(request) ?? [];
          return (
            id === clientId && secret === clientSecret && inBody(request, 'grant_type') === 'refresh_token'
          );
        },
      },
      wrong: facts.wrongClient,
      lifetimeMs: facts.lifetimeMs,
      token: 'access_token',
      expiry: facts.expiry,
      answer: (minted, login) => facts.answer(minted, login),
    },
  };
}
