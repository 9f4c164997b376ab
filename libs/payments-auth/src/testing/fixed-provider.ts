import type { AnyProviderDefinition, Attempt, Credentials, HeaderParts, SignedAttempt } from '../index.js';

/** Values instead of the fixed ones, by provider and field: `{ clickpesa: { checksumKey: '…' } }`. */
export type FixedCredentials = Readonly<Record<string, Credentials>>;

/** The field that the fixed token stands in, beside the provider's own. */
const TOKEN = 'fixedToken';

/**
 * The same provider with a token that is there from the start: the headers, refusals and hosts are its own, and there
 * is nothing to log in for. The form that a value has in production does not matter here.
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
    // A definition with nothing but a signature has no header of its own, and then none is made up.
    ...(definition.headers === undefined
      ? {}
      : { headers: (parts: HeaderParts) => definition.headers?.(withToken(parts)) ?? {} }),
    ...(definition.sign === undefined
      ? {}
      : {
          sign: (attempt: Attempt<Credentials>) => {
            const token = fixed(attempt.credentials);
            // Everything else stays what it is, getters too: only who reads the body asks for it.
            const own = new Proxy(attempt, {
              get: (given, name) => (name === 'token' ? token : Reflect.get(given, name)) as unknown,
            });
            return signedOrTold(definition, () => definition.sign?.(own as never) ?? {});
          },
        }),
  };
}

/** Most sign with any text. Who needs a key in a form of its own is given one by the test. */
async function signedOrTold(
  { name }: AnyProviderDefinition,
  sign: () => SignedAttempt | Promise<SignedAttempt>,
): Promise<SignedAttempt> {
  try {
    return await sign();
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
    throw new TypeError(
      // What to do comes first: messages are cut at their end.
      `forRoot({ credentials: { '${name}': { … } } }) gives the test a key that signs, where this is the invented one: ${why}`,
      { cause: error },
    );
  }
}

/** A part that is `undefined` is not the same as one that is not there. */
function without(definition: AnyProviderDefinition, parts: readonly string[]): AnyProviderDefinition {
  const others = Object.entries(definition).filter(([name]) => !parts.includes(name));
  return Object.fromEntries(others) as unknown as AnyProviderDefinition;
}

/** `test-pesapal-token`, `test-pesapal-consumerKey`: what each credential is, so that a test can expect it. */
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

/** Hosts that no name service knows (RFC 6761): should a request ever get past the answers of a test, it ends there. */
export function invalidBaseUrls({
  name,
  environments,
}: AnyProviderDefinition): string | Record<string, string> {
  const [hosts] = Object.values(environments);
  if (typeof hosts !== 'object') return `https://${name}.invalid`;
  return Object.fromEntries(Object.keys(hosts).map((host) => [host, `https://${host}.${name}.invalid`]));
}
