import { type Sandbox, startSandbox } from '../sandbox.js';
import { login, requestToken } from '../testing/login.js';

describe('PesaPal', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ providers: ['pesapal'] });
  });

  afterEach(() => sandbox.close());

  const url = (path: string) => `${sandbox.provider('pesapal').baseUrl}${path}`;
  const ask = async (body: string, headers: Record<string, string>) => {
    const answer = await fetch(url('/api/Auth/RequestToken'), { method: 'POST', headers, body });
    return { status: answer.status, body: (await answer.json()) as Record<string, any> };
  };
  const json = { accept: 'application/json', 'content-type': 'application/json' };
  const keys = () => {
    const { consumerKey, consumerSecret } = sandbox.provider('pesapal').credentials;
    return JSON.stringify({ consumer_key: consumerKey, consumer_secret: consumerSecret });
  };

  it('issues a token for five minutes, with an expiry date of seven fractional digits', async () => {
    const before = Date.now();
    const { status, body } = await ask(keys(), json);

    expect(status).toBe(200);
    expect(body).toMatchObject({ error: null, status: '200', token: expect.stringMatching(/^eyJ/) });
    expect(body['expiryDate']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
    const lifetimeMs = Date.parse(body['expiryDate'] as string) - before;
    expect(lifetimeMs).toBeGreaterThanOrEqual(300_000);
    expect(lifetimeMs).toBeLessThan(310_000);
  });

  it('rejects wrong keys with status 200', async () => {
    const body = JSON.stringify({ consumer_key: 'nobody', consumer_secret: 'wrong' });

    expect(await ask(body, json)).toEqual({
      status: 200,
      body: {
        error: { error_type: 'api_error', code: 'invalid_consumer_key_or_secret_provided', message: '' },
        status: '500',
      },
    });
    expect(sandbox.provider('pesapal').counts).toMatchObject({ tokenRequests: 1, loginsRefused: 1 });
  });

  it.each([
    ['Accept', { ...json, accept: 'text/html' }],
    ['Content-Type', { ...json, 'content-type': 'text/plain' }],
  ])('requires the %s header', async (_name, headers) => {
    expect((await ask(keys(), headers)).body).toMatchObject({
      error: { code: 'invalid_api_request_parameters' },
    });
  });

  it('requires both keys', async () => {
    expect((await ask('{"consumer_key":"only"}', json)).body).toMatchObject({
      error: { code: 'invalid_api_request_parameters' },
    });
  });

  it.each([401, 500, 200])('refuses a call with status %i when the setting says so', async (status) => {
    sandbox.provider('pesapal').configure({ refusalStatus: status });

    const answer = await fetch(url('/sandbox/echo'), { headers: { authorization: 'Bearer old' } });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({
      error: {
        error_type: 'authentication_error',
        code: 'invalid_api_credentials_provided',
        message: 'Invalid Access Token',
      },
    });
    expect(sandbox.provider('pesapal').counts.refusals).toBe(1);
  });

  it('does not accept a doubled Bearer', async () => {
    const { authorization } = await login(sandbox, 'pesapal');
    const answer = await fetch(url('/sandbox/echo'), {
      headers: { authorization: `Bearer ${authorization}` },
    });
    expect(answer.status).toBe(401);
  });

  it('answers a pending payment with an error, and a completed one with an error of nulls', async () => {
    const headers = await login(sandbox, 'pesapal');
    const status = async (id: string) => {
      const answer = await fetch(url(`/api/Transactions/GetTransactionStatus?orderTrackingId=${id}`), {
        headers,
      });
      return { status: answer.status, body: await answer.json() };
    };

    expect(await status('abc')).toMatchObject({
      status: 200,
      body: { error: { code: 'payment_details_not_found' } },
    });
    expect(await status('abc-completed')).toMatchObject({
      status: 200,
      body: { payment_status_description: 'Completed', error: { code: null } },
    });
    expect(sandbox.provider('pesapal').counts).toMatchObject({ accepted: 2, refusals: 0 });
  });

  it('registers a notification URL, and accepts an order with its id', async () => {
    const headers = { ...(await login(sandbox, 'pesapal')), ...json };
    const post = async (path: string, body: unknown) =>
      (await fetch(url(path), { method: 'POST', headers, body: JSON.stringify(body) })).json();

    expect(
      await post('/api/URLSetup/RegisterIPN', { url: 'http://x.test', ipn_notification_type: 'GET' }),
    ).toMatchObject({ ipn_id: expect.stringMatching(/^[0-9a-f]{32}$/), error: null });
    expect(await post('/api/Transactions/SubmitOrderRequest', { id: 'ORDER-1' })).toMatchObject({
      merchant_reference: 'ORDER-1',
      status: '200',
    });
    expect(sandbox.provider('pesapal').executions.get('ORDER-1')).toBe(1);
  });

  it('answers HTML outside its base path', async () => {
    const { origin } = new URL(sandbox.provider('pesapal').baseUrl);
    const answer = await fetch(`${origin}/api/Auth/RequestToken`, { method: 'POST', body: keys() });

    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toContain('text/html');
  });

  it('counts the most token requests under way at once', async () => {
    const pesapal = sandbox.provider('pesapal');
    pesapal.misbehave({ fault: 'hang', on: 'token' });
    const hanging = [1, 2, 3].map(() => requestToken(sandbox, 'pesapal').catch(() => undefined));
    while (pesapal.counts.tokenRequests < 3) await new Promise((resolve) => setTimeout(resolve, 2));

    expect(pesapal.counts.mostTokenRequestsAtOnce).toBe(3);
    await sandbox.close();
    await Promise.all(hanging);
  });
});
