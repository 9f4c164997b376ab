import { type Sandbox, startSandbox } from '../sandbox.js';
import { requestToken } from '../testing/login.js';

describe('Cryptofuse', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ providers: ['cryptofuse'] });
  });

  afterEach(() => sandbox.close());

  const cryptofuse = () => sandbox.provider('cryptofuse');
  const basic = (id = cryptofuse().credentials.clientId, secret = cryptofuse().credentials.clientSecret) =>
    `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  async function post(path: string, form: Record<string, string>, authorization?: string) {
    const answer = await fetch(`${cryptofuse().baseUrl}${path}`, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers: authorization === undefined ? {} : { authorization },
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      body: (text === '' ? undefined : JSON.parse(text)) as Record<string, any>,
    };
  }
  const token = async (scope: string) =>
    (await post('/o/token/', { grant_type: 'client_credentials', scope }, basic())).body[
      'access_token'
    ] as string;
  const call = (path: string, bearer: string, method = 'GET') =>
    fetch(`${cryptofuse().baseUrl}${path}`, { method, headers: { authorization: `Bearer ${bearer}` } });

  it('issues a token for an hour to a client in the Authorization header', async () => {
    const form = { grant_type: 'client_credentials', scope: 'write read' };

    expect((await post('/o/token/', form, basic())).body).toEqual({
      access_token: expect.stringMatching(/^eyJ/),
      token_type: 'Bearer',
      expires_in: 3_600,
      scope: 'read write',
    });
  });

  it('issues a token to a client in the body', async () => {
    const { clientId, clientSecret } = cryptofuse().credentials;
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };

    expect(await post('/o/token/', form)).toMatchObject({ status: 200, body: { scope: 'read write' } });
  });

  it('reads form-encoded client credentials in the Authorization header', async () => {
    cryptofuse().addAccount('odd', { clientId: 'a b:c', clientSecret: 'p+%/é' });
    const authorization = basic('a+b%3Ac', 'p%2B%25%2F%C3%A9');

    expect((await post('/o/token/', { grant_type: 'client_credentials' }, authorization)).status).toBe(200);
  });

  it('rejects token requests in the words of RFC 6749', async () => {
    const grant = { grant_type: 'client_credentials' };

    expect(await post('/o/token/', grant, basic('nobody'))).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect((await post('/o/token/', grant)).headers.get('www-authenticate')).toContain('Basic');
    expect(await post('/o/token/', { grant_type: 'password' }, basic())).toMatchObject({
      status: 400,
      body: { error: 'unsupported_grant_type' },
    });
    expect(await post('/o/token/', { ...grant, scope: 'admin' }, basic())).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    });
  });

  it('issues no token at a path without its final slash', async () => {
    expect((await post('/o/token', { grant_type: 'client_credentials' }, basic())).status).not.toBe(200);
  });

  it('requires the scope of a method, and names it', async () => {
    const bearer = await token('read');

    expect((await call('/user/me/', bearer)).status).toBe(200);
    const answer = await call('/payments/', bearer, 'POST');
    expect(answer.status).toBe(403);
    expect(await answer.json()).toEqual({
      error: {
        code: 'permission_denied',
        message: 'Token does not have required scope',
        details: { required_scopes: ['write'], token_scopes: ['read'] },
      },
    });
    expect(cryptofuse().counts).toMatchObject({ refusals: 0, executions: 0 });
  });

  it('refuses a call with an object as its error', async () => {
    const answer = await call('/payments/', 'nobody');

    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({
      error: { code: 'authentication_failed', message: 'Invalid authentication credentials' },
    });
  });

  it('revokes a token for its own client only', async () => {
    const bearer = await token('read');
    const other = cryptofuse().addAccount('other');
    const revoke = (authorization: string) =>
      post('/o/revoke_token/', { token: bearer, token_type_hint: 'access_token' }, authorization);

    expect((await revoke(basic(other.clientId, other.clientSecret))).status).toBe(200);
    expect((await call('/user/me/', bearer)).status).toBe(200);
    expect((await revoke(basic())).status).toBe(200);
    expect((await call('/user/me/', bearer)).status).toBe(401);
    expect((await revoke(basic('nobody'))).status).toBe(401);
    expect(cryptofuse().counts.revocations).toBe(3);
  });

  it('reports its limits in headers, and enforces them when it is told to', async () => {
    cryptofuse().configure({ rateLimits: true });
    const first = await requestToken(sandbox, 'cryptofuse');
    expect(first.headers.get('x-ratelimit-limit')).toBe('20');
    expect(first.headers.get('x-ratelimit-remaining')).toBe('19');

    cryptofuse().configure({ rateLimits: 0.1 });
    const statuses = [await requestToken(sandbox, 'cryptofuse'), await requestToken(sandbox, 'cryptofuse')];
    expect(statuses.map(({ status }) => status)).toEqual([200, 429]);
    expect(cryptofuse().counts.rateLimited).toBe(1);
  });

  it('never reports an exhausted limit that it does not enforce', async () => {
    const { status, headers } = await post('/o/token/', { grant_type: 'client_credentials' }, basic());

    expect(status).toBe(200);
    expect(Number(headers.get('x-ratelimit-remaining'))).toBeGreaterThan(0);
  });
});
