import { contentOf, fieldOf, type FieldProblem } from '../providers/certificate-problems.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { isEncrypted, pickCredentials } from '../providers/credential-value.js';
import { ownCopy } from '../own-properties.js';
import { type Credentials, strategyOf } from '../strategies/strategy.js';
import { type FoundSource, isThereAtBoot } from './credentials-source.js';
import type { ProviderScope } from './provider-scope.js';

/**
 * Tries the keys and certificates that are there at boot: one that is of the wrong kind, does not fit, or cannot be opened
 * would be found by the first login, where nobody looks for a mistake in the options.
 */
export async function checkKeys(
  { definition, findings, path }: ProviderScope,
  { certificates, environment }: Pick<ConfiguredProvider, 'certificates' | 'environment'>,
  { own, accounts }: { own: FoundSource | undefined; accounts: FoundSource | undefined },
): Promise<void> {
  const key = strategyOf(definition)?.assertionKey;
  if (key === undefined && certificates === undefined) return;
  const problemsOf = (credentials: Credentials): FieldProblem[] =>
    [certificates?.problemOf(credentials), key && assertionProblem(key, credentials, environment)].filter(
      (problem) => problem !== undefined,
    );
  const check = async (at: string, source: FoundSource, account?: string) => {
    const list = (await source.resolve(account)) ?? [];
    for (const [index, given] of list.entries())
      for (const { field, what } of problemsOf(pickCredentials(definition, given))) {
        const where = list.length > 1 ? `${at}[${index}]` : at;
        findings.problem(field === undefined ? where : `${where}.${field}`, what);
      }
  };
  if (own !== undefined && isThereAtBoot(own)) await check(`${path}.credentials`, own);
  for (const account of accounts?.thereAtBoot ?? [])
    await check(`${path}.accounts[${JSON.stringify(account)}]`, accounts as FoundSource, account);
}

type AssertionKey = NonNullable<NonNullable<ReturnType<typeof strategyOf>>['assertionKey']>;

function assertionProblem(
  key: AssertionKey,
  credentials: Credentials,
  environment: string | undefined,
): FieldProblem | undefined {
  const given = ownCopy({
    credentials: Object.freeze(ownCopy(credentials)),
    ...(environment === undefined ? {} : { environment }),
  });
  let text: string;
  try {
    text = key.of(given);
  } catch {
    // An error of the definition is no mistake of the credentials. The first login reports it.
    return undefined;
  }
  const problem = key.problem(text);
  if (problem === undefined) return undefined;
  const field = fieldOf(text, credentials);
  return { ...(field === undefined ? {} : { field }), what: inWords(text, problem) };
}

function inWords(key: string, problem: string): string {
  if (isEncrypted(key))
    return 'is encrypted, and signs without a passphrase; give it as openssl pkcs8 writes it with -nocrypt';
  return key.includes('-----BEGIN ') && !key.includes('PRIVATE KEY-----')
    ? `holds ${contentOf(key)}, and a private key is expected there`
    : `cannot sign the assertion of a login: ${problem}`;
}
