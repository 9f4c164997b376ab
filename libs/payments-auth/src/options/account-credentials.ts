import type { ConfiguredProvider } from '../providers/configured-provider.js';
import type { Credentials } from '../strategies/strategy.js';
import { type CredentialsSource, credentialsSource, load } from './credentials-source.js';
import type { ProviderScope } from './provider-scope.js';
import { isPlainRecord, kindOf } from './text-value.js';

/** Where the credentials of many merchants come from. */
export interface AccountsSource {
  readonly resolve: NonNullable<ConfiguredProvider['accountCredentials']>;
  readonly dynamic: boolean;
  readonly inFiles?: boolean;
}

/** A record is checked at boot; what a function answers is checked by whoever asks it. */
export async function accountCredentials(
  scope: ProviderScope,
  environment: string | undefined,
): Promise<AccountsSource | undefined> {
  const { accounts } = scope.options;
  const at = `${scope.path}.accounts`;
  if (accounts === undefined) return undefined;
  if (typeof accounts === 'function') {
    return {
      dynamic: true,
      resolve: async (account) => {
        const given: unknown = await accounts(account);
        return given === undefined || given === null ? undefined : (load(given) as Promise<Credentials[]>);
      },
    };
  }
  if (!isPlainRecord(accounts)) {
    scope.findings.problem(
      at,
      `must be a record of credentials by account, or a function (id) => credentials, and is ${kindOf(accounts)}`,
    );
    return undefined;
  }
  const sources = new Map<string, CredentialsSource>();
  for (const [account, given] of Object.entries(accounts)) {
    const accountAt = `${at}[${JSON.stringify(account)}]`;
    if (account === '') scope.findings.problem(accountAt, 'the name of an account must not be empty');
    const source = await credentialsSource(given, accountAt, scope, environment);
    if (source !== undefined) sources.set(account, source);
  }
  if (Object.keys(accounts).length === 0)
    scope.findings.problem(at, 'empty; name at least one account, or leave it out');
  return {
    dynamic: [...sources.values()].some(({ dynamic }) => dynamic),
    inFiles: [...sources.values()].every(({ dynamic, inFiles }) => !dynamic || inFiles === true),
    resolve: (account) => sources.get(account)?.resolve(),
  };
}
