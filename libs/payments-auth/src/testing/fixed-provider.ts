import type { AnyProviderDefinition, Attempt, Credentials, HeaderParts, SignedAttempt } from '../index.js';

/** Values instead of the fixed ones, by provider and field: `{ clickpesa: { checksumKey: '…' } }`. */
export type FixedCredentials = Readonly<Record<string, Credentials>>;

/** The field of the fixed token, beside the provider's own fields. */
const TOKEN = 'fixedToken';

/**
 * The same provider with a token from the start. Its headers, refusals and hosts stay the same, and it makes no login.
 * The values need not have the form that they have in production.
 */
export function fixedProvider(definition: AnyProviderDefinition): AnyProviderDefinition {
  const { credentials } = definition;
  const fixed = (fields: Credentials) =>
    definition.token === undefined ? '' : ((fields[TOKEN] as string | undefined) ?? '');
  const withToken = (parts: HeaderParts): HeaderParts => ({ ...parts, token: fixed(parts.credentials) });
  return {
    ...without(definition, ['token', 'headers', 'sign']),
    credentials: {
      ...Object.fromEntries(
        Object.entries(credentials).map(([field, { optional, secret }]) => [field, { optional, secret }]),
      ),
      [TOKEN]: {},
    },
    // A definition that has only a signature makes no header of its own, so the test has none either.
    ...(definition.headers === undefined
      ? {}
      : { headers: (parts: HeaderParts) => definition.headers?.(withToken(parts)) ?? {} }),
    ...(definition.sign === undefined
      ? {}
      : {
          sign: (attempt: Attempt<Credentials>) => {
            const token = fixed(attempt.credentials);
            // All other parts stay as they are, also getters: the body is read only when a function needs it.
            const own = new Proxy(attempt, {
              get: (given, name) => (name === 'token' ? token : Reflect.get(given, name)) as unknown,
            });
            return signedOrTold(definition, () => definition.sign?.(own as never) ?? {});
          },
        }),
  };
}

/** Most definitions sign with any text. For one that needs a key of a certain form, the test gives a key. */
async function signedOrTold(
  { name }: AnyProviderDefinition,
  sign: () => SignedAttempt | Promise<SignedAttempt>,
): Promise<SignedAttempt> {
  try {
    return await sign();
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
    throw new TypeError(
      // The sentence about what to do comes first, because long messages are cut at their end.
      `forRoot({ credentials: { '${name}': { … } } }) gives the test a key that can sign; the invented key cannot: ${why}`,
      { cause: error },
    );
  }
}

/** A part that is `undefined` differs from one that is missing. */
function without(definition: AnyProviderDefinition, parts: readonly string[]): AnyProviderDefinition {
  const others = Object.entries(definition).filter(([name]) => !parts.includes(name));
  return Object.fromEntries(others) as unknown as AnyProviderDefinition;
}

/** The value of each credential, `test-pesapal-token` or `test-pesapal-consumerKey`, so that a test can expect it. */
export function fixedCredentials(
  { name, credentials }: AnyProviderDefinition,
  others: Credentials = {},
  account?: string,
): Credentials {
  const merchant = account === undefined ? '' : `-${account}`;
  const required = Object.entries(credentials).filter(([, { optional }]) => optional !== true);
  return {
    ...Object.fromEntries(required.map(([field]) => [field, `test-${name}${merchant}-${field}`])),
    ...others,
    [TOKEN]: `test-${name}${merchant}-token`,
  };
}

/** Hosts that no name service knows (RFC 6761). If a request ever got past the answers of a test, it would end there. */
export function invalidBaseUrls({
  name,
  environments,
}: AnyProviderDefinition): string | Record<string, string> {
  const [hosts] = Object.values(environments);
  if (typeof hosts !== 'object') return `https://${name}.invalid`;
  return Object.fromEntries(Object.keys(hosts).map((host) => [host, `https://${host}.${name}.invalid`]));
}
