import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  clientCredentials,
  defineProvider,
  OWN_ACCOUNT,
  type PaymentsAuthRequest,
} from 'nestjs-payments-auth';
import { firstValueFrom } from 'rxjs';
import { startApplication, type TestApplication } from './support/application.js';
import { json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';
import { fc } from './support/chances.js';

/** Everything that shapes a token: its account, its token endpoint, and what it is for. */
interface Grant {
  readonly server: number;
  readonly path: string;
  readonly client: string;
  readonly scopes: string;
}

/** Names and accounts that give the same text when they are only joined. */
const NAMES = ['a', 'a-b', 'ab'] as const;
const ACCOUNTS = [undefined, 'b', 'b-', '-b', 'constructor', '__proto__'] as const;
const SCOPES = [undefined, ['read'], ['write'], ['read', 'write'], ['write', 'read', 'read'], ['readwrite']];

const acme = defineProvider<{ clientId: string; clientSecret: string }>({
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test',
  environments: { live: 'https://api.acme.test' },
  credentials: { clientId: {}, clientSecret: {} },
  scopes: ['read', 'write'],
  token: clientCredentials({
    path: '/o/token/',
    client: ({ credentials: { clientId, clientSecret } }) => ({ id: clientId, secret: clientSecret }),
    documentedLifetimeMs: 3_600_000,
    rejected: () => false,
  }),
  headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
  refusal: { refused: ({ status }) => status === 401, bare401: true },
});

const grants = new Map<string, Grant>();
let servers: LoopbackServer[];
let application: TestApplication;

/** Starts a server that issues a token for each login, and notes its grant. A call gets its own token as the answer. */
function startServer(server: number): Promise<LoopbackServer> {
  return startLoopbackServer(({ url, headers, body }, response) => {
    const [, base, rest] = /^(\/[^/]*)(.*)$/.exec(url) ?? [];
    if (rest !== '/o/token/')
      return json(response, 200, { carried: headers.authorization, server, path: base });
    const basic = Buffer.from(String(headers.authorization).slice(6), 'base64').toString();
    // The client id is form-encoded before it is joined to the secret (RFC 6749, section 2.3.1).
    const client = decodeURIComponent(basic.split(':')[0] ?? '');
    const scope = new URLSearchParams(body.toString()).get('scope') ?? '';
    const token = `token-${grants.size}`;
    grants.set(`Bearer ${token}`, { server, path: String(base), client, scopes: sorted(scope.split(' ')) });
    return json(response, 200, { access_token: token, expires_in: 3_600, scope });
  });
}

const sorted = (scopes: readonly string[]) => [...new Set(scopes)].toSorted().join(' ');
const clientOf = (name: string, account: string | undefined) => `${name}/${account ?? 'own'}`;

beforeAll(async () => {
  servers = await Promise.all([startServer(0), startServer(1)]);
  const [first, second] = servers.map(({ url }) => url);
  const urls = { a: `${first}/x`, 'a-b': `${first}/y`, ab: `${second}/x` };
  const providers = Object.fromEntries(
    NAMES.map((name) => [
      name,
      {
        provider: acme,
        baseUrl: urls[name],
        keepWarm: 'when-used' as const,
        credentials: { clientId: clientOf(name, undefined), clientSecret: 'test-secret-not-real' },
        accounts: (account: string) => ({
          clientId: clientOf(name, account),
          clientSecret: 'test-secret-not-real',
        }),
      },
    ]),
  );
  application = await startApplication({ providers });
});

afterAll(async () => {
  await application.close();
  await Promise.all(servers.map((server) => server.close()));
});

describe('two requests', () => {
  it('share a token exactly when provider, URL, account, secret and scopes are the same', async () => {
    const request = fc.record({
      name: fc.constantFrom(...NAMES),
      account: fc.constantFrom(...ACCOUNTS),
      scopes: fc.constantFrom(...SCOPES),
    });
    const tokenOf = new Map<string, string>();
    const together = fc.asyncProperty(fc.array(request, { minLength: 2, maxLength: 8 }), async (requests) => {
      const answers = await Promise.all(
        requests.map(async ({ name, account, scopes }) => {
          const paymentsAuth: PaymentsAuthRequest = {
            account: account ?? OWN_ACCOUNT,
            ...(scopes === undefined ? {} : { scopes }),
          };
          const http = application.paymentsAuth.http(name);
          const { data } = await firstValueFrom(
            http.get<Record<string, string>>('/payments/', { paymentsAuth }),
          );
          return data;
        }),
      );
      requests.forEach(({ name, account, scopes = ['read', 'write'] }, index) => {
        const { carried = '', server, path } = answers[index] ?? {};
        const grant = { server, path, client: clientOf(name, account), scopes: sorted(scopes) };
        expect(grants.get(carried)).toEqual(grant);
        const key = JSON.stringify([name, account, sorted(scopes)]);
        expect(tokenOf.get(key) ?? carried).toBe(carried);
        tokenOf.set(key, carried);
      });
    });
    await fc.assert(together, { numRuns: 60 });
    expect(new Set(tokenOf.values()).size).toBe(tokenOf.size);
    expect(tokenOf.size).toBeGreaterThan(30);
  });
});
