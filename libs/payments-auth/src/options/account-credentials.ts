import type { Credentials } from '../strategies/strategy.js';
import {
  checkLoadable,
  type FoundSource,
  credentialsSource,
  isLoadable,
  load,
} from './credentials-source.js';
import type { ProviderScope } from './provider-scope.js';
import { kindOf } from '../strategies/header-text.js';
import { isRecord } from './record.js';

/** On a function of the testing kit, which gives every application accounts, whether it has any or not. */
const TAKES_UNNAMED = Symbol.for('nestjs-payments-auth.takes-unnamed');

/** The credentials of many merchants. A record is checked at boot; what a function answers is checked by whoever asks it. */
export async function accountCredentials(
  scope: ProviderScope,
  environment: string | undefined,
): Promise<FoundSource | undefined> {
  const { accounts } = scope.options;
  const at = `${scope.path}.accounts`;
  if (accounts === undefined) return undefined;
  if (typeof accounts === 'function') {
    return {
      isDynamic: true,
      ...(TAKES_UNNAMED in accounts ? { takesUnnamed: true } : {}),
      resolve: async (account) => {
        const given: unknown = await accounts(account);
        return given === undefined || given === null ? undefined : (load(given) as Promise<Credentials[]>);
      },
    };
  }
  if (isLoadable(accounts)) {
    checkLoadable(accounts, at, scope.findings);
    return {
      isDynamic: true,
      resolve: async (account) => {
        const given = await accounts.load(account as string);
        return given === undefined || given === null ? undefined : (load(given) as Promise<Credentials[]>);
      },
      ...(accounts.save === undefined
        ? {}
        : { save: async (...swap: unknown[]) => (await accounts.save?.(...swap)) !== false }),
    };
  }
  if (!isRecord(accounts)) {
    scope.findings.problem(
      at,
      `must be a record of credentials by account, a function (id) => credentials, or { load, save }, and is ${kindOf(accounts)}`,
    );
    return undefined;
  }
  const sources = new Map<string | undefined, FoundSource>();
  for (const [account, given] of Object.entries(accounts)) {
    const accountAt = `${at}[${JSON.stringify(account)}]`;
    if (account === '') scope.findings.problem(accountAt, 'the name of an account must not be empty');
    const source = await credentialsSource(given, accountAt, scope, environment);
    if (source !== undefined) sources.set(account, source);
  }
  if (Object.keys(accounts).length === 0)
    scope.findings.problem(at, 'empty; name at least one account, or leave it out');
  return {
    isDynamic: [...sources.values()].some(({ isDynamic }) => isDynamic),
    inFiles: [...sources.values()].every(({ isDynamic, inFiles }) => !isDynamic || inFiles === true),
    resolve: (account) => sources.get(account)?.resolve(),
  };
}
