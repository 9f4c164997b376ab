import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { json, type LoopbackServer, startLoopbackServer } from '../../../../test/support/loopback-server.js';
import { resolveOptions } from '../options/options.resolver.js';
import { systemClock } from '../payments-auth.clock.js';
import { defineProvider } from '../providers/define-provider.js';
import { clientCredentials } from '../strategies/client-credentials.strategy.js';
import { strategyOf, type TokenStrategy } from '../strategies/strategy.js';
import { logIn } from './requests.js';

interface AcmeCredentials {
  readonly id: string;
  readonly secret: string;
}

const acme = defineProvider<AcmeCredentials>({
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test/oauth',
  environments: { live: 'https://api.acme.test' },
  credentials: { id: {}, secret: {} },
  token: clientCredentials<AcmeCredentials>({
    path: '/token',
    client: ({ credentials: { id, secret } }) => ({ id, secret }),
    documentedLifetimeMs: 3_600_000,
  }),
  headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
});
const credentials = { id: 'acme', secret: 'test-secret-not-real' };

describe('logIn', () => {
  let server: LoopbackServer;
  beforeEach(async () => {
    server = await startLoopbackServer((_, response) =>
      json(response, 200, { access_token: 'test-token', expires_in: 3_600 }),
    );
  });
  afterEach(() => server.close());

  it.each([
    ['for the audience of the option', { audience: 'https://api.acme.test' }, 'https://api.acme.test'],
    ['without an audience where the option names none', {}, null],
  ])('asks for a token %s', async (_, more, audience) => {
    const { providers } = await resolveOptions(
      { providers: { acme: { provider: acme, baseUrl: server.url, credentials, ...more } } },
      { builtIns: [], variables: () => undefined },
    );
    const [provider] = providers;
    if (provider === undefined) throw new Error('no provider');
    const { value } = await logIn(provider, strategyOf(acme) as TokenStrategy, credentials, {
      clock: systemClock,
      timeoutMs: 10_000,
    });
    expect(value).toMatchObject({ token: 'test-token' });
    expect(server.requests).toHaveLength(1);
    expect(new URLSearchParams(String(server.requests[0]?.body)).get('audience')).toBe(audience);
  });
});
