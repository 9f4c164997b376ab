/**
 * The definition of the lean provider: Cryptofuse's protocol without its limit of 20 logins a minute, which two
 * seconds of token life would exceed.
 */
export function defineBenchProvider({ clientCredentials, defineProvider }, more = {}) {
  return defineProvider({
    name: 'bench',
    title: 'Bench',
    docs: 'https://www.rfc-editor.org/rfc/rfc6749#section-4.4',
    environments: { live: 'https://bench.invalid' },
    credentials: { clientId: {}, clientSecret: {} },
    scopes: ['read', 'write'],
    token: clientCredentials({
      path: '/o/token/',
      client: ({ credentials: { clientId, clientSecret } }) => ({ id: clientId, secret: clientSecret }),
      documentedLifetimeMs: 60 * 60_000,
      rejected: ({ status }) => status === 401,
    }),
    headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
    refusal: {
      refused: ({ status, body }) => status === 401 && body?.error?.code === 'authentication_failed',
    },
    ...more,
  });
}

/** The same definition, which also signs every attempt, in the simplest way that a provider asks for. */
export function defineSigningProvider(library) {
  return defineBenchProvider(library, {
    sign: ({ credentials, method, path, nowMs }) => ({
      headers: {
        'X-Signature': library.hmac('sha256', credentials.clientSecret, `${method} ${path} ${nowMs}`),
      },
    }),
  });
}
