import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Certificate, createCertificate } from './certificate.js';

/** One request to the issuer or to its protected resource. */
export interface IssuerRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** The common name of the certificate that the client showed. */
  readonly certificate?: string;
}

/**
 * A real OAuth 2.0 issuer (oidc-provider) in a process of its own, over TLS with its own authority. `/resource` answers
 * 200 to a token that the issuer has issued and not ended, and 401 `{"code":"bad_token"}` to any other token. It also answers
 * 401 to a token that is bound to a certificate, if the connection does not show this certificate (RFC 8705, section 3).
 */
export interface OidcIssuer {
  readonly url: string;
  /** The authority that has signed the issuer's certificate, and may sign those of clients. */
  readonly authority: Certificate;
  /** The requests, in the order in which they ended. */
  requests(path?: string): Promise<IssuerRequest[]>;
  /** Drops the next answers of the token endpoint: the issuer carries out the request, and the client gets no answer. */
  lose(count: number): Promise<void>;
  /** Answers of the token endpoint wait until they are released. */
  hold(): Promise<void>;
  release(): Promise<void>;
  /** A refresh token, as after a merchant's consent in the browser. */
  connect(clientId: string, accountId: string): Promise<string>;
  /** Whether a token of any kind is still valid. */
  isAlive(token: string): Promise<boolean>;
  close(): Promise<void>;
}

export async function startOidcIssuer(
  clients: readonly Readonly<Record<string, unknown>>[],
  configuration: Readonly<Record<string, unknown>> = {},
): Promise<OidcIssuer> {
  const authority = createCertificate(['Test Authority'], { isAuthority: true });
  const { key, cert } = createCertificate(['localhost', '127.0.0.1'], { by: authority });
  const child = fork(fileURLToPath(new URL('./oidc-issuer.mjs', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [],
  });
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  child.on('message', ({ id, answer, failure }: { id: number; answer: unknown; failure?: string }) => {
    const asker = waiting.get(id);
    waiting.delete(id);
    if (failure === undefined) asker?.resolve(answer);
    else asker?.reject(new Error(failure));
  });
  let asked = 0;
  const ask = <T>(what: string, given: object = {}) =>
    new Promise<T>((resolve, reject) => {
      asked += 1;
      waiting.set(asked, { resolve, reject });
      child.send({ id: asked, ask: what, ...given });
    });
  const { url } = await ask<{ url: string }>('start', {
    tls: { key, cert, ca: authority.cert },
    clients,
    configuration,
  });
  return {
    url,
    authority,
    requests: async (path) =>
      (await ask<IssuerRequest[]>('requests')).filter((each) => path === undefined || each.path === path),
    lose: (count) => ask('lose', { count }),
    hold: () => ask('hold'),
    release: () => ask('release'),
    connect: (clientId, accountId) => ask('connect', { clientId, accountId }),
    isAlive: (token) => ask('isAlive', { token }),
    close: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
