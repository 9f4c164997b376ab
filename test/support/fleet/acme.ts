import { defineProvider, login, type TokenRequestLimit } from 'nestjs-payments-auth';

/** Both ends of a fleet's tests know this provider: the processes that use it, and the server that plays it. */
export interface AcmeCredentials {
  readonly secret: string;
}

export const ACME_SECRET = 'test-secret-not-real-acme';

/** @param limits what its token endpoint allows */
export function acme(limits: readonly TokenRequestLimit[] = []) {
  return defineProvider<AcmeCredentials>({
    name: 'acme',
    title: 'Acme',
    docs: 'https://acme.test/docs',
    environments: { live: 'https://acme.test' },
    credentials: { secret: {} },
    token: login<AcmeCredentials>({
      path: '/token',
      body: ({ credentials: { secret } }) => ({ json: { secret } }),
      answer: { token: 'token', expiresIn: 'expires_in' },
      documentedLifetimeMs: 3_600_000,
      rejected: ({ status }) => status === 401,
      revoke: { path: '/revoke', body: ({ token }) => ({ json: { token } }) },
      limits,
    }),
    headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
    refusal: { refused: ({ status }) => status === 401, bare401: true },
  });
}
