import { request } from 'node:http';
import { type Sandbox, startSandbox } from '../sandbox.js';
import { login } from '../testing/login.js';

describe('the control API', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ providers: ['wakapay', 'cashfin'], control: true });
  });

  afterEach(() => sandbox.close());

  async function ask(method: string, path: string, body?: unknown) {
    const answer = await fetch(`${sandbox.controlUrl}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, any> };
  }

  async function resetWith(body: string, type: string): Promise<number> {
    const headers = { 'content-type': type };
    return (await fetch(`${sandbox.controlUrl}/reset`, { method: 'POST', body, headers })).status;
  }

  /** `fetch` does not let a caller choose these headers. */
  function statusWith(headers: Record<string, string>, method = 'GET'): Promise<number> {
    return new Promise((resolve, reject) => {
      request(`${sandbox.controlUrl}/state`, { method, headers, agent: false }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      })
        .on('error', reject)
        .end();
    });
  }

  it('does not listen unless it is asked for', async () => {
    const quiet = await startSandbox({ providers: ['wakapay'] });
    expect(quiet.controlUrl).toBeUndefined();
    await quiet.close();
  });

  it('lists what it can do', async () => {
    const { body } = await ask('GET', '/');

    expect(body).toContainEqual({
      method: 'POST',
      path: '/providers/:provider/revoke',
      does: 'revokes every token (of an account)',
    });
  });

  it('shows the state of every provider, and the environment variables', async () => {
    await login(sandbox, 'wakapay');

    expect((await ask('GET', '/state')).body).toMatchObject({
      seed: sandbox.seed,
      providers: { wakapay: { counts: { tokenRequests: 1 }, tokensAlive: 1, faults: [] }, cashfin: {} },
    });
    expect((await ask('GET', '/providers/wakapay')).body).toMatchObject({
      wakapay: { baseUrls: sandbox.provider('wakapay').baseUrls },
    });
    expect((await ask('GET', '/environment')).body).toEqual(sandbox.environment);
  });

  it('plans faults for one provider or all, and ends them', async () => {
    const fault = { fault: 'server-error', times: 2 };
    const { body } = await ask('POST', '/providers/all/faults', fault);
    expect(body).toEqual({
      wakapay: [{ misbehaviour: fault, struck: 0 }],
      cashfin: [{ misbehaviour: fault, struck: 0 }],
    });

    await ask('DELETE', '/providers/cashfin/faults');
    expect(sandbox.provider('cashfin').faults).toEqual([]);
    expect(sandbox.provider('wakapay').faults).toHaveLength(1);
  });

  it('revokes and expires tokens, of one account too', async () => {
    await login(sandbox, 'wakapay');
    sandbox.provider('wakapay').addAccount('shop-2');
    await login(sandbox, 'wakapay', 'shop-2');

    expect((await ask('POST', '/providers/wakapay/revoke', { account: 'shop-2' })).body).toEqual({
      wakapay: { ended: 1 },
    });
    expect((await ask('POST', '/providers/wakapay/expire')).body).toEqual({ wakapay: { ended: 1 } });
  });

  it('lists refresh tokens with their spends, and takes a consent back', async () => {
    await sandbox.close();
    sandbox = await startSandbox({ providers: ['square-oauth'], control: true });
    const { refreshToken } = sandbox.provider('square-oauth').credentials;

    expect((await ask('GET', '/providers/square-oauth/refresh-tokens')).body).toEqual({ 'square-oauth': [] });
    expect(
      (await ask('POST', '/providers/square-oauth/revoke-refresh-token', { account: 'own' })).body,
    ).toEqual({
      'square-oauth': [{ value: refreshToken, account: 'own', spends: 0, state: 'revoked' }],
    });
  });

  it('rotates keys, adds merchants, suspends them, and changes settings', async () => {
    const before = sandbox.provider('wakapay').credentials;
    const { body } = await ask('POST', '/providers/wakapay/rotate', { oldWorksForMs: 0 });
    expect(body['wakapay']).toEqual(sandbox.provider('wakapay').credentials);
    expect(body['wakapay']).not.toEqual(before);

    await ask('POST', '/providers/cashfin/accounts', { account: 'shop-2' });
    expect(sandbox.provider('cashfin').accounts).toEqual(['own', 'shop-2']);
    await ask('POST', '/providers/cashfin/suspend');
    const headers = await login(sandbox, 'cashfin');
    expect((await fetch(`${sandbox.provider('cashfin').baseUrl}/sandbox/echo`, { headers })).status).toBe(
      401,
    );
    await ask('PATCH', '/providers/all/settings', { tokenLifetimeMs: 5_000 });
    expect(sandbox.provider('wakapay').settings.tokenLifetimeMs).toBe(5_000);
    await ask('POST', '/reset');
    expect(sandbox.provider('wakapay').settings.tokenLifetimeMs).toBe(3_600_000);
  });

  it('shows the request log and the executions', async () => {
    const headers = { ...(await login(sandbox, 'cashfin')), 'idempotency-key': 'k' };
    await fetch(`${sandbox.provider('cashfin').baseUrl}/sandbox/payments`, { method: 'POST', headers });

    expect((await ask('GET', '/providers/cashfin/requests?limit=1')).body).toMatchObject({
      cashfin: [{ method: 'POST', url: '/sandbox/payments' }],
    });
    expect((await ask('GET', '/providers/cashfin/executions')).body).toEqual({ cashfin: { k: 1 } });
  });

  it('sends a webhook on demand', async () => {
    const { body } = await ask('POST', '/providers/cashfin/webhook', {
      url: `${sandbox.elsewhere.url}/hook`,
    });

    expect(body).toMatchObject({ cashfin: { status: 200 } });
    expect(sandbox.elsewhere.requests).toMatchObject([
      { url: '/hook', headers: { 'x-cashfin-signature': expect.stringMatching(/^[0-9a-f]{64}$/) } },
    ]);
  });

  it.each([
    ['GET', '/nowhere', undefined, 404, 'GET / lists all routes'],
    ['GET', '/providers/pesapal', undefined, 400, 'provider must be one of wakapay, cashfin, or all'],
    ['POST', '/providers/wakapay/faults', {}, 400, '"fault" must be one of slow'],
    ['POST', '/providers/wakapay/rotate', { oldWorksForMs: -1 }, 400, '"oldWorksForMs" must be a number'],
    ['POST', '/providers/wakapay/suspend', { account: 'nobody' }, 400, 'There is no account "nobody"'],
    ['POST', '/providers/wakapay/accounts', { account: 'own' }, 400, 'Account "own" exists already'],
    ['POST', '/providers/wakapay/webhook', { url: 'http://x.test/' }, 400, 'on this machine only'],
    ['PATCH', '/providers/wakapay/settings', { tokenLifetime: 5 }, 400, '"tokenLifetime" is not known here'],
  ])('answers %s %s with a clear error', async (method, path, body, status, message) => {
    const answer = await ask(method, path, body);

    expect(answer.status).toBe(status);
    expect(answer.body['error']).toContain(message);
  });

  it('requires JSON with the content type of JSON', async () => {
    expect(await resetWith('{}', 'text/plain')).toBe(415);
    expect(await resetWith('{', 'application/json')).toBe(400);
    expect(await resetWith(JSON.stringify('x'.repeat(2 ** 20)), 'application/json')).toBe(413);
  });

  it('refuses requests with another host name, and from a web page of another origin', async () => {
    const { host } = new URL(sandbox.controlUrl as string);

    expect(await statusWith({ host })).toBe(200);
    expect(await statusWith({ host: 'localhost:1' })).toBe(200);
    expect(await statusWith({ host: 'rebound.example.test' })).toBe(403);
    expect(await statusWith({ host: '127.0.0.1.example.test' })).toBe(403);
    expect(await statusWith({ host, origin: 'https://example.test' })).toBe(403);
    expect(await statusWith({ host, origin: 'null' })).toBe(403);
    expect(await statusWith({ host, origin: 'http://localhost:3000' })).toBe(200);
    expect(await statusWith({ host, 'sec-fetch-site': 'cross-site' })).toBe(403);
  });
});
