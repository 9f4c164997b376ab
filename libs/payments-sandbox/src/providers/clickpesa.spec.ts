import { type Sandbox, startSandbox } from '../sandbox.js';
import { clickpesaChecksum } from '../signing/clickpesa-checksum.js';
import { login, requestToken } from '../testing/login.js';

describe('ClickPesa', () => {
  let sandbox: Sandbox;
  let nowMs = Date.UTC(2026, 0, 5, 12);

  beforeEach(async () => {
    nowMs = Date.UTC(2026, 0, 5, 12);
    sandbox = await startSandbox({ providers: ['clickpesa'], clock: { now: () => nowMs } });
  });

  afterEach(() => sandbox.close());

  const clickpesa = () => sandbox.provider('clickpesa');
  const generate = async (headers: Record<string, string>) => {
    const url = `${clickpesa().baseUrl}/third-parties/generate-token`;
    const answer = await fetch(url, { method: 'POST', headers });
    return { status: answer.status, body: await answer.json() };
  };
  const pay = async (body: object) => {
    const url = `${clickpesa().baseUrl}/third-parties/payments/initiate-ussd-push-request`;
    const headers = { ...(await login(sandbox, 'clickpesa')), 'content-type': 'application/json' };
    return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  };

  it('issues a token that already says Bearer, and whose own exp is an hour away', async () => {
    const answer = (await (await requestToken(sandbox, 'clickpesa')).json()) as { token: string };

    expect(answer).toEqual({ success: true, token: expect.stringMatching(/^Bearer eyJ/) });
    const claims = JSON.parse(
      Buffer.from(answer.token.split('.')[1] ?? '', 'base64url').toString(),
    ) as Record<string, number>;
    expect((claims['exp'] ?? 0) - (claims['iat'] ?? 0)).toBe(3_600);
  });

  it('answers a wrong login with 403 and what is wrong', async () => {
    const { clientId, apiKey } = clickpesa().credentials;

    expect(await generate({ 'client-id': 'nobody', 'api-key': apiKey })).toEqual({
      status: 403,
      body: { message: 'Invalid client details' },
    });
    expect(await generate({ 'client-id': clientId, 'api-key': 'old' })).toEqual({
      status: 403,
      body: { message: 'Invalid or Expired API-Key' },
    });
    expect(await generate({ 'client-id': clientId })).toEqual({
      status: 403,
      body: { message: 'Unauthorized API-Key' },
    });
  });

  it('refuses a doubled Bearer with 401', async () => {
    const { authorization } = await login(sandbox, 'clickpesa');
    const answer = await fetch(`${clickpesa().baseUrl}/third-parties/account/balance`, {
      headers: { authorization: `Bearer ${authorization}` },
    });

    expect(answer.status).toBe(401);
    expect(await answer.json()).toEqual({ message: 'Unauthorized' });
  });

  it('answers 409 for an order reference that was used', async () => {
    expect((await pay({ orderReference: 'ORD1', amount: '1' })).status).toBe(200);
    expect((await pay({ orderReference: 'ORD1', amount: '1' })).status).toBe(409);
    expect(clickpesa().counts).toMatchObject({ executions: 1, executedTwice: 0 });
  });

  it.each(['canonical', 'legacy'] as const)('checks the %s checksum when the setting is on', async (rule) => {
    clickpesa().configure({ checksum: rule });
    const key = clickpesa().credentials.checksumKey as string;
    const body = { orderReference: 'ORD1', amount: '1' };

    expect((await pay(body)).status).toBe(400);
    expect((await pay({ ...body, checksum: clickpesaChecksum(body, 'other', rule) })).status).toBe(400);
    expect((await pay({ ...body, checksum: clickpesaChecksum(body, key, rule) })).status).toBe(200);
    expect(clickpesa().environment).toHaveProperty('CLICKPESA_CHECKSUM_KEY', key);
  });

  it('has no checksum key while the checksum is off', () => {
    expect(clickpesa().credentials).not.toHaveProperty('checksumKey');
  });

  it('counts logins against the 100 calls of a day, until midnight in UTC+3', async () => {
    clickpesa().configure({ rateLimits: true });
    const headers = await login(sandbox, 'clickpesa');
    const call = () => fetch(`${clickpesa().baseUrl}/third-parties/account/balance`, { headers });
    for (let n = 0; n < 99; n += 1) expect((await call()).status).toBe(200);

    const over = await call();
    expect(over.status).toBe(429);
    expect(over.headers.get('retry-after')).toBe(String(9 * 3_600));
    nowMs = Date.UTC(2026, 0, 5, 21);
    expect((await requestToken(sandbox, 'clickpesa')).status).toBe(200);
  });
});
