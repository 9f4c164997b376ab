import { SecretSource } from '../../libs/payments-auth/src/credentials/secrets/secret-source.js';
import { KeyedHash } from '../../libs/payments-auth/src/credentials/secrets/keyed-hash.js';
import type { Clock } from '../../libs/payments-auth/src/payments-auth.clock.js';
import type {
  ConfiguredProvider,
  CredentialsSource,
} from '../../libs/payments-auth/src/providers/configured-provider.js';
import type { CredentialField } from '../../libs/payments-auth/src/providers/provider-definition.js';
import type { Credentials } from '../../libs/payments-auth/src/strategies/strategy.js';

/** The credentials for signed messages. A test names only the fields that it needs. The others have default values. */
export function credentialsInForce(
  providers: readonly ConfiguredProvider[],
  clock: Clock,
): (name: string) => SecretSource {
  return (name) => {
    const provider = providers.find((each) => each.name === name);
    if (provider === undefined) throw new Error(`no such provider: ${name}`);
    return new SecretSource(completed(provider), clock, new KeyedHash());
  };
}

function completed(provider: ConfiguredProvider): ConfiguredProvider {
  const fields = Object.entries<CredentialField>(provider.definition.credentials);
  const required = fields.filter(([, { optional }]) => optional !== true);
  const filler = Object.fromEntries(required.map(([field]) => [field, 'test-not-real']));
  const complete = (list: readonly Credentials[] | undefined) =>
    list?.map((each) => ({ ...filler, ...each }));
  const completing = (source: CredentialsSource): CredentialsSource => ({
    ...source,
    resolve: async (account) => complete(await source.resolve(account)),
  });
  return {
    ...provider,
    ...(provider.own && { own: completing(provider.own) }),
    ...(provider.accounts && { accounts: completing(provider.accounts) }),
  };
}
