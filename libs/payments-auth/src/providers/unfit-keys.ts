import { ownCopy } from '../own-properties.js';
import { watchedCredentials } from '../strategies/watched-credentials.js';
import { type Credentials, strategyOf } from '../strategies/strategy.js';
import { contentOf, fieldOf, type FieldProblem } from './certificate-problems.js';
import type { ConfiguredProvider } from './configured-provider.js';
import { isEncrypted } from './credential-value.js';

/** The parts of a provider that tell whether keys and certificates fit. */
export type KeyUser = Pick<ConfiguredProvider, 'definition' | 'certificates' | 'environment'>;

/** Whether the provider uses keys or certificates that can be tried without the provider. */
export function triesKeys({ definition, certificates }: KeyUser): boolean {
  return certificates !== undefined || strategyOf(definition)?.assertionKey !== undefined;
}

/**
 * The keys and certificates among `credentials` that are of the wrong kind, do not fit together, or cannot be opened.
 * The definition is right here, and the application has given a wrong value.
 */
export function unfitKeys(
  { definition, certificates, environment }: KeyUser,
  credentials: Credentials,
): FieldProblem[] {
  const key = strategyOf(definition)?.assertionKey;
  return [
    certificates?.problemOf(credentials),
    key && assertionProblem(key, credentials, { definition, environment }),
  ].filter((problem) => problem !== undefined);
}

type AssertionKey = NonNullable<NonNullable<ReturnType<typeof strategyOf>>['assertionKey']>;

function assertionProblem(
  key: AssertionKey,
  credentials: Credentials,
  { definition, environment }: Pick<KeyUser, 'definition' | 'environment'>,
): FieldProblem | undefined {
  const given = ownCopy({
    credentials: watchedCredentials(definition, credentials).view,
    ...(environment === undefined ? {} : { environment }),
  });
  let text: string;
  try {
    text = key.of(given);
  } catch {
    // An error of the definition is not a mistake in the credentials. The first login reports it.
    return undefined;
  }
  const problem = key.problem(text);
  if (problem === undefined) return undefined;
  const field = fieldOf(text, credentials);
  const what = inWords(text, problem);
  return field === undefined
    ? { what: `the key that token.authentication.key returns ${what}` }
    : { field, what };
}

function inWords(key: string, problem: string): string {
  if (isEncrypted(key))
    return 'is encrypted, and nothing gives a passphrase for it; decrypt it with openssl pkcs8 -topk8 -nocrypt';
  return key.includes('-----BEGIN ') && !key.includes('PRIVATE KEY-----')
    ? `holds ${contentOf(key)}, and a private key is expected`
    : `cannot sign the assertion of a login: ${problem}`;
}
