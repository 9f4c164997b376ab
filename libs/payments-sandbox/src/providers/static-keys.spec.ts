import { type Sandbox, startSandbox } from '../sandbox.js';
import { kashierOrderHash } from '../signing/kashier-signatures.js';

describe('static keys', () => {
  let sandbox: Sandbox;
  let nowMs = Date.UTC(2026, 0, 1);

  beforeEach(async () => {
    nowMs = Date.UTC(2026, 0, 1);
    sandbox = await startSandbox({ providers: ['cashfin', 'kashier'], clock: { now: () => nowMs } });
  });

  afterEach(() => sandbox.close());

  const cashfin = () => sandbox.provider('cashfin');
  const kashier = () => sandbox.provider('kashier');
  const products = (authorization: string) =>
    fetch(`${cashfin().baseUrl}/business/product/list`, { headers: { authorization } });
  const session = (headers: Record<string, string>, body: object) =>
    fetch(`${kashier().baseUrls['api']}/v3/payment/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  it('Cashfin accepts its secret only without a scheme', async () => {
    const { clientSecret } = cashfin().credentials;

    expect((await products(clientSecret)).status).toBe(200);
    const refused = await products(`Bearer ${clientSecret}`);
    expect(refused.status).toBe(401);
    expect(await refused.json()).toEqual({ success: false, message: 'Unauthorized access!' });
  });

  it('Cashfin’s old secret is accepted for an hour after a rotation', async () => {
    const old = cashfin().credentials.clientSecret;
    const { clientSecret } = cashfin().rotate();

    expect([(await products(old)).status, (await products(clientSecret)).status]).toEqual([200, 200]);
    nowMs += 3_600_000;
    expect([(await products(old)).status, (await products(clientSecret)).status]).toEqual([401, 200]);
  });

  it('Cashfin’s new secret can be refused for a while', async () => {
    const old = cashfin().credentials.clientSecret;
    const { clientSecret } = cashfin().rotate({ newWorksAfterMs: 60_000 });

    expect([(await products(old)).status, (await products(clientSecret)).status]).toEqual([200, 401]);
    nowMs += 60_000;
    expect((await products(clientSecret)).status).toBe(200);
  });

  it('Cashfin refuses more than its plan allows, with a figure in body and header', async () => {
    cashfin().configure({ rateLimits: true });
    const { clientSecret } = cashfin().credentials;
    for (let n = 0; n < 5; n += 1) await products(clientSecret);

    const over = await products(clientSecret);
    expect(over.status).toBe(429);
    expect(over.headers.get('retry-after')).toBe('1');
    expect(over.headers.get('x-ratelimit-limit')).toBe('60');
    expect(over.headers.get('x-ratelimit-reset')).toBe(String(nowMs / 1_000 + 60));
    expect(await over.json()).toEqual({
      success: false,
      error: 'Rate limit exceeded. Please try again later.',
      retry_after: 1,
    });
  });

  it('Kashier’s old secret ends the moment it is rotated', async () => {
    const old = kashier().credentials.secretKey;
    const { secretKey, apiKey } = kashier().rotate();
    const status = async (authorization: string) =>
      (await fetch(`${kashier().baseUrls['fep']}/orders/1`, { headers: { authorization } })).status;

    expect([await status(old), await status(secretKey)]).toEqual([403, 200]);
    expect(apiKey).toBe(kashier().credentials.apiKey);
  });

  it('Kashier refuses with 403 and its own envelope, or with 401 when the setting says so', async () => {
    const refused = await session({ authorization: 'wrong' }, {});
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({
      error: { cause: 'invalid authorization' },
      messages: { en: 'Forbidden request' },
      status: 'FAILURE',
    });

    kashier().configure({ refusalStatus: 401 });
    expect((await session({ authorization: 'wrong' }, {})).status).toBe(401);
  });

  it('Kashier requires the Payment API key for a session, and repeats it with the order hash', async () => {
    const { secretKey: authorization, apiKey, merchantId } = kashier().credentials;
    const order = { merchantOrderId: 'ORDER-1', amount: '100', currency: 'EGP' };

    expect((await session({ authorization }, order)).status).toBe(403);
    const answer = await session({ authorization, 'api-key': apiKey }, order);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      apiKey,
      hash: kashierOrderHash({ merchantId, orderId: 'ORDER-1', amount: '100', currency: 'EGP' }, apiKey),
    });
    expect(kashier().executions.get('ORDER-1')).toBe(1);
  });

  it('Kashier checks an order hash where one is sent', async () => {
    const { secretKey: authorization, apiKey } = kashier().credentials;
    const order = { merchantOrderId: 'ORDER-1', amount: '100', currency: 'EGP', hash: 'forged' };

    expect((await session({ authorization, 'api-key': apiKey }, order)).status).toBe(400);
  });

  it('Kashier serves sessions on one host and orders on the other', async () => {
    const headers = { authorization: kashier().credentials.secretKey };
    const { api, fep } = kashier().baseUrls;
    const refund = (base?: string) => fetch(`${base}/orders/1/`, { method: 'PUT', headers });

    expect((await refund(fep)).status).toBe(200);
    expect((await refund(api)).status).toBe(404);
  });

  it('a suspended merchant is refused although its key is good', async () => {
    cashfin().suspend();
    expect((await products(cashfin().credentials.clientSecret)).status).toBe(401);

    cashfin().resume();
    expect((await products(cashfin().credentials.clientSecret)).status).toBe(200);
  });
});
