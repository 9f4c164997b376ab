import type { Account, Credentials } from '../core/account.js';
import type { Bearer } from '../core/provider-behaviour.js';
import type { ProviderContext } from '../core/provider-context.js';
import { headerOf, type ReceivedRequest } from '../core/received-request.js';

/** The account whose valid token is in `Authorization: Bearer …`. */
export function bearerToken<C extends Credentials>(
  request: ReceivedRequest,
  context: ProviderContext<C>,
): Bearer<C> | undefined {
  const token = /^Bearer (\S+)$/.exec(headerOf(request, 'authorization') ?? '')?.[1];
  const found = token === undefined ? undefined : context.tokens.alive(token);
  return found && { ...found, account: found.account as Account<C> };
}
