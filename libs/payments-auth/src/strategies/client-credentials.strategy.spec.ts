import { type ClientCredentialsSpec, clientCredentials } from './client-credentials.strategy.js';
import { type LoginGiven, strategyOf, type TokenAnswer, type TokenStrategy } from './strategy.js';

type Client = { readonly id: string; readonly secret: string };

const client: Client = { id: 'test-client', secret: 'test-secret-not-real' };
const spec = {
  path: '/o/token/',
  client: ({ credentials: { id, secret } }: { credentials: Client }) => ({ id, secret }),
  documentedLifetimeMs: 3_600_000,
};
const BASIC = { clientAuthentication: 'client_secret_basic' } as const;
const BODY = { clientAuthentication: 'client_secret_post' } as const;

function given(credentials: Client, ...scopes: string[]): LoginGiven<Client> {
  return { credentials, scopes, nowMs: 0, endpoint: 'https://api.test/o/token/' };
}

function strategyFrom(changes: Partial<ClientCredentialsSpec<Client>> = {}): TokenStrategy<Client> {
  return strategyOf({ token: clientCredentials<Client>({ ...spec, ...changes }) }) as TokenStrategy<Client>;
}

function basic(header: string | undefined): string {
  return Buffer.from((header ?? '').replace('Basic ', ''), 'base64').toString();
}

function answer(status: number, body: unknown): TokenAnswer {
  return { status, headers: {}, body, text: '' };
}

describe('clientCredentials', () => {
  const strategy = strategyFrom();

  describe('a request', () => {
    it('authenticates with Basic, and asks for the scopes in a form', async () => {
      expect(await strategy.request(given(client, 'read', 'write'), BASIC)).toEqual({
        method: 'POST',
        path: '/o/token/',
        headers: {
          Accept: 'application/json',
          'Content-Type': 'application/x-www-form-urlencoded',
          Authorization: `Basic ${Buffer.from('test-client:test-secret-not-real').toString('base64')}`,
        },
        body: 'grant_type=client_credentials&scope=read+write',
      });
    });

    it('form-encodes id and secret before they are joined (RFC 6749, section 2.3.1)', async () => {
      const { headers } = await strategy.request(given({ id: 'a:b c', secret: 'ü/+%&=:' }), BASIC);
      expect(basic(headers['Authorization'])).toBe('a%3Ab+c:%C3%BC%2F%2B%25%26%3D%3A');
    });

    it('authenticates in the body where it is asked to, and asks for no scope where there is none', async () => {
      const request = await strategy.request(given(client), BODY);
      expect(request.headers).not.toHaveProperty('Authorization');
      expect(request.body).toBe(
        'grant_type=client_credentials&client_id=test-client&client_secret=test-secret-not-real',
      );
    });

    it('authenticates in the only way that the endpoint accepts', async () => {
      const bodyOnly = strategyFrom({ authentication: ['client_secret_post'] });
      expect(bodyOnly.authentication).toEqual(['client_secret_post']);
      expect((await bodyOnly.request(given(client), BASIC)).headers).not.toHaveProperty('Authorization');
    });

    it('joins id and secret as they are where the endpoint wants that (RFC 7617)', async () => {
      const plain = strategyFrom({ basicEncoding: 'plain' });
      const { headers } = await plain.request(given({ id: 'a b', secret: 'ü/+%&=' }), BASIC);
      expect(basic(headers['Authorization'])).toBe('a b:ü/+%&=');
    });

    it('is JSON where the endpoint wants that, without the fields that have no value', async () => {
      const json = strategyFrom({
        encoding: 'json',
        authentication: ['client_secret_post'],
        parameters: () => ({ mode: 'test', none: undefined }),
      });
      const { headers, body = '' } = await json.request(given(client, 'read', 'write'), BASIC);
      expect(headers).toMatchObject({ 'Content-Type': 'application/json' });
      expect(JSON.parse(body)).toEqual({
        grant_type: 'client_credentials',
        scope: 'read write',
        mode: 'test',
        client_id: 'test-client',
        client_secret: 'test-secret-not-real',
      });
    });

    it.each(['none', 'tls_client_auth'] as const)(
      'names the client and sends no secret with %s',
      async (way) => {
        const silent = strategyFrom({ authentication: way });
        const { headers, body } = await silent.request(given(client), BASIC);
        expect(headers).not.toHaveProperty('Authorization');
        expect(body).toBe('grant_type=client_credentials&client_id=test-client');
        expect(silent.needsCertificate).toBe(way === 'tls_client_auth');
        expect(silent).not.toHaveProperty('authentication');
      },
    );

    it('carries the audience that the application asks for, unless a parameter says otherwise', async () => {
      const wanting = { ...given(client), audience: 'https://api.test' };
      expect((await strategy.request(wanting, BASIC)).body).toBe(
        'grant_type=client_credentials&audience=https%3A%2F%2Fapi.test',
      );
      const resource = strategyFrom({
        parameters: ({ audience }) => ({ resource: audience, audience: undefined }),
      });
      expect((await resource.request(wanting, BASIC)).body).toBe(
        'grant_type=client_credentials&resource=https%3A%2F%2Fapi.test',
      );
    });

    it.each<[string, Partial<ClientCredentialsSpec<Client>>]>([
      ['token.client', { client: () => ({ id: '' }) }],
      ['token.client', { client: () => ({ id: 'a' }) }],
      ['token.client', { client: () => undefined as never }],
      ['token.parameters', { parameters: () => JSON.parse('{') as never }],
      ['token.headers', { headers: () => JSON.parse('{') as never }],
    ])('is not made when %s fails, and the error says so', async (path, changes) => {
      const making = async () => strategyFrom(changes).request(given(client), BASIC);
      await expect(making()).rejects.toMatchObject({ path });
    });

    it('carries further headers and parameters', async () => {
      const extended = strategyFrom({
        headers: () => ({ 'X-Tenant': 'acme' }),
        parameters: ({ credentials: { id } }) => ({ audience: `of ${id}` }),
      });
      const request = await extended.request(given(client), BODY);
      expect(request.headers).toMatchObject({ 'X-Tenant': 'acme' });
      expect(request.body).toContain('audience=of+test-client');
    });

    it('gives a token back (RFC 7009)', async () => {
      const revoking = strategyFrom({ revoke: { path: '/o/revoke_token/' } });
      expect(await revoking.revoke?.({ ...given(client), token: 'a/b+c' }, BASIC)).toMatchObject({
        method: 'POST',
        path: '/o/revoke_token/',
        headers: { Authorization: expect.stringMatching(/^Basic /) },
        body: 'token=a%2Fb%2Bc&token_type_hint=access_token',
      });
      expect(strategy).not.toHaveProperty('revoke');
    });
  });

  describe('an answer', () => {
    it('issues a token, with the scopes that were granted', () => {
      const body = { access_token: 'tok', token_type: 'bearer', expires_in: 36_000, scope: 'write  read' };
      expect(strategy.read(answer(200, body), 0)).toEqual({
        outcome: 'issued',
        token: 'tok',
        lifetime: { lifetimeMs: 36_000_000, from: 'relative' },
        scopes: ['read', 'write'],
      });
    });

    it.each([undefined, null, 'Bearer', 'bearer', 'BEARER', 'BearerToken', 'bearertoken'])(
      'issues a token of the type %j',
      (type) => {
        const body = { access_token: 'tok', token_type: type };
        expect(strategy.read(answer(200, body), 0).outcome).toBe('issued');
      },
    );

    it('issues a token of another type where the definition names it, and then of Bearer too', () => {
      const phone = strategyFrom({ tokenType: 'O-Bearer' });
      for (const type of ['O-Bearer', 'o-bearer', 'Bearer', undefined])
        expect(phone.read(answer(200, { access_token: 'tok', token_type: type }), 0).outcome).toBe('issued');
    });

    it.each(['mac', 'O-Bearer', '', 7, {}])('is a fault of the definition where the type is %j', (type) => {
      expect(strategy.read(answer(200, { access_token: 'tok', token_type: type }), 0)).toEqual({
        outcome: 'rejected',
        code: 'DEFINITION_FAULT',
        reason: expect.stringContaining(JSON.stringify(type)),
      });
    });

    it.each(['invalid_client', 'unauthorized_client'])('means a wrong secret when it says %s', (error) => {
      for (const status of [400, 401, 403]) {
        expect(strategy.read(answer(status, { error, error_description: 'never repeated' }), 0)).toEqual({
          outcome: 'rejected',
          reason: error,
        });
      }
    });

    it.each([
      [400, { error: 'invalid_scope' }, 'invalid_scope'],
      [400, { error: 'unsupported_grant_type' }, 'unsupported_grant_type'],
      [500, { error: 'invalid_client' }, 'invalid_client'],
      [401, undefined, 'HTTP 401'],
      [401, { error: { code: 'invalid_client' } }, 'HTTP 401'],
      [429, { error: 'slow_down' }, 'slow_down'],
      [200, { error: 'temporarily_unavailable' }, 'temporarily_unavailable'],
    ])('is an outage at %i with %j', (status, body, reason) => {
      expect(strategy.read(answer(status, body), 0)).toEqual({ outcome: 'unavailable', reason });
    });

    it('is not read for `expires_in` where the definition names the instant', () => {
      const until = strategyFrom({ answer: { expiresAt: 'until' } });
      const body = { access_token: 'tok', expires_in: 1, until: 1_000_600 };
      expect(until.read(answer(200, body), 1_000_000_000)).toMatchObject({
        lifetime: { lifetimeMs: 600_000, from: 'absolute' },
      });
    });

    it('is read where the definition says', () => {
      const nested = strategyFrom({ answer: { token: 'data.jwt', expiresAt: 'data.until' } });
      const body = { data: { jwt: 'tok', until: 1_000_600 } };
      expect(nested.read(answer(200, body), 1_000_000_000)).toMatchObject({
        token: 'tok',
        lifetime: { lifetimeMs: 600_000, from: 'absolute' },
      });
    });
  });
});
