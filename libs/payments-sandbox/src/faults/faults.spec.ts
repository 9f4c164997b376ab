import { once } from 'node:events';
import { connect } from 'node:net';
import { type Sandbox, startSandbox } from '../sandbox.js';
import { login, requestToken } from '../testing/login.js';
import { FAULT_NAMES } from './check-misbehaviour.js';
import type { MalformedToken, Misbehaviour } from './fault.js';

describe('a fault', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({
      providers: ['wakapay', 'pesapal', 'clickpesa', 'cashfin'],
      seed: 'faults',
    });
  });

  afterEach(() => sandbox.close());

  const wakapay = () => sandbox.provider('wakapay');
  async function call(init: RequestInit = {}, path = '/sandbox/echo'): Promise<Response> {
    const headers = { ...(await login(sandbox, 'wakapay')), ...(init.headers as Record<string, string>) };
    return fetch(`${wakapay().baseUrl}${path}`, { redirect: 'manual', ...init, headers });
  }
  async function tokenAnswer(misbehaviour: Misbehaviour) {
    wakapay().misbehave({ ...misbehaviour, on: 'token', times: 1 });
    const answer = await requestToken(sandbox, 'wakapay');
    return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() };
  }
  const pay = (key: string) =>
    call({ method: 'POST', body: '{}', headers: { 'idempotency-key': key } }, '/sandbox/payments');

  it('applies as often as it is told to, and then no more', async () => {
    wakapay().misbehave({ fault: 'server-error', on: 'call', times: 2 });

    const statuses = [await call(), await call(), await call()].map(({ status }) => status);
    expect(statuses).toEqual([503, 503, 200]);
    expect(wakapay().faults).toEqual([
      { misbehaviour: { fault: 'server-error', on: 'call', times: 2 }, struck: 2 },
    ]);
  });

  it('ends by the function that planning it returned, and by behave()', async () => {
    const end = wakapay().misbehave({ fault: 'server-error', on: 'call' });
    end();
    expect((await call()).status).toBe(200);

    wakapay().misbehave({ fault: 'server-error', on: 'call' });
    wakapay().behave();
    expect((await call()).status).toBe(200);
  });

  it('applies with the given probability, to the same requests again with the same seed', async () => {
    const first = await statusesUnderSeed('repeat');
    expect(new Set(first)).toEqual(new Set([200, 503]));
    expect(await statusesUnderSeed('repeat')).toEqual(first);
  });

  it('applies to logins alone, or to calls alone', async () => {
    const headers = await login(sandbox, 'wakapay');
    wakapay().misbehave({ fault: 'server-error', on: 'token' });

    expect((await requestToken(sandbox, 'wakapay')).status).toBe(503);
    expect((await fetch(`${wakapay().baseUrl}/sandbox/echo`, { headers })).status).toBe(200);
  });

  it('applies only to the path that it names', async () => {
    wakapay().misbehave({ fault: 'server-error', path: '/business/balance' });

    expect((await call({}, '/business/balance')).status).toBe(503);
    expect((await call()).status).toBe(200);
  });

  it('can refuse every call although logins succeed', async () => {
    wakapay().misbehave({ fault: 'refuse' });

    expect((await call()).status).toBe(401);
    expect((await call()).status).toBe(401);
    expect(wakapay().counts).toMatchObject({ tokensIssued: 2, refusals: 2, accepted: 0 });
  });

  it.each([
    ['own', 401, /token is malformed/],
    ['bare', 401, /^$/],
    ['html', 403, /<html>/],
  ] as const)(
    'can execute a call and then refuse it, with the %s envelope',
    async (envelope, status, body) => {
      wakapay().misbehave({ fault: 'execute-then-refuse', envelope, times: 1 });

      const answer = await pay('once');
      expect(answer.status).toBe(status);
      expect(await answer.text()).toMatch(body);
      expect(wakapay().counts).toMatchObject({ executions: 1, refusals: 1 });

      await pay('once');
      expect(wakapay().counts).toMatchObject({ executions: 2, executedTwice: 1 });
    },
  );

  it('can revoke or expire the token of a call when the call arrives', async () => {
    wakapay().misbehave({ fault: 'revoke-token', times: 1 });
    expect((await call()).status).toBe(401);
    wakapay().misbehave({ fault: 'expire-token', times: 1 });
    expect((await call()).status).toBe(401);

    expect(wakapay().tokens.map(({ state }) => state)).toEqual(['revoked', 'expired']);
  });

  it('can rotate a key while calls are under way', async () => {
    const before = wakapay().credentials;
    wakapay().misbehave({ fault: 'rotate-key', on: 'token', times: 1 });

    expect((await requestToken(sandbox, 'wakapay')).status).toBe(401);
    expect(wakapay().credentials.apiKey).not.toBe(before.apiKey);
    expect((await requestToken(sandbox, 'wakapay')).status).toBe(200);
  });

  it('can answer 429 with any Retry-After, also an absurd one, or without it', async () => {
    wakapay().misbehave({ fault: 'rate-limit', on: 'token', retryAfter: 31_536_000, times: 1 });
    wakapay().misbehave({ fault: 'rate-limit', on: 'token', retryAfter: 'soon', times: 1 });
    wakapay().misbehave({ fault: 'rate-limit', on: 'token', retryAfter: null, times: 1 });

    const answers = [1, 2, 3].map(() => requestToken(sandbox, 'wakapay'));
    const headers = (await Promise.all(answers)).map((answer) => [
      answer.status,
      answer.headers.get('retry-after'),
    ]);
    expect(new Set(headers.map(([, value]) => value))).toEqual(new Set(['31536000', 'soon', null]));
    expect(headers.every(([status]) => status === 429)).toBe(true);
  });

  it('can answer garbage, HTML, an error in a 200, 204, and another content type', async () => {
    const garbage = await tokenAnswer({ fault: 'garbage' });
    expect(garbage).toMatchObject({ status: 200, type: expect.stringContaining('application/json') });
    expect(() => JSON.parse(garbage.body) as unknown).toThrow(SyntaxError);
    expect(await tokenAnswer({ fault: 'html' })).toMatchObject({
      status: 403,
      body: expect.stringContaining('<html>'),
    });
    expect(await tokenAnswer({ fault: 'error-in-2xx' })).toMatchObject({
      status: 200,
      body: '{"code":0,"error":"Service temporarily unavailable"}',
    });
    expect(await tokenAnswer({ fault: 'no-content' })).toMatchObject({ status: 204, body: '' });
    expect(await tokenAnswer({ fault: 'wrong-content-type' })).toMatchObject({
      status: 200,
      type: 'text/plain',
    });
  });

  it.each([
    ['missing', undefined],
    ['null', null],
    ['empty', ''],
    ['number', 12345],
    ['object', { value: 'sandbox' }],
    ['array', ['sandbox']],
    ['line-break', 'sandbox\r\nx-injected: yes'],
  ] as [MalformedToken, unknown][])('can hand out a token that is %s', async (token, expected) => {
    wakapay().misbehave({ fault: 'malformed-token', token });

    const answer = (await (await requestToken(sandbox, 'wakapay')).json()) as Record<string, unknown>;
    expect(answer['accessToken']).toEqual(expected);
    expect(answer['expiresIn']).toBe(3600);
  });

  it('can hand out a token of 1 MiB', async () => {
    wakapay().misbehave({ fault: 'malformed-token', token: 'long' });

    const answer = (await (await requestToken(sandbox, 'wakapay')).json()) as { accessToken: string };
    expect(answer.accessToken).toHaveLength(1024 * 1024);
  });

  it.each([['3599'], [-5], [1e300], ['soon'], [null], [undefined]])(
    'can state the expiry %j',
    async (expiry) => {
      wakapay().misbehave({ fault: 'absurd-expiry', expiry });

      const answer = (await (await requestToken(sandbox, 'wakapay')).json()) as Record<string, string>;
      expect(answer['expiresIn']).toEqual(expiry);
      const claims = JSON.parse(
        Buffer.from(answer['accessToken']?.split('.')[1] ?? '', 'base64url').toString(),
      ) as object;
      expect(claims).not.toHaveProperty('exp');
    },
  );

  it('can state an absurd expiry inside the token where the answer has none', async () => {
    sandbox.provider('clickpesa').misbehave({ fault: 'absurd-expiry', expiry: 'never' });

    const { token } = (await (await requestToken(sandbox, 'clickpesa')).json()) as { token: string };
    expect(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({
      exp: 'never',
    });
  });

  it('can drop the connection before the call is executed, and after it', async () => {
    wakapay().misbehave({ fault: 'drop', on: 'call', when: 'before', times: 1 });
    await expect(pay('a')).rejects.toThrow('fetch failed');
    expect(wakapay().counts.executions).toBe(0);

    wakapay().misbehave({ fault: 'drop', on: 'call', when: 'after', times: 1 });
    await expect(pay('b')).rejects.toThrow('fetch failed');
    expect(wakapay().executions.get('b')).toBe(1);
  });

  it('can drop the connection in the middle of an answer', async () => {
    wakapay().misbehave({ fault: 'drop', on: 'call', when: 'mid-answer', times: 1 });

    const answer = await call();
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow('terminated');
  });

  it('can send an answer byte by byte, and answer late', async () => {
    wakapay().misbehave({ fault: 'drip', on: 'call', intervalMs: 0, times: 1 });
    wakapay().misbehave({ fault: 'slow', on: 'call', delayMs: 5 });

    const reader = (await call()).body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    const first = await reader.read();
    expect(first.value?.length).toBe(1);
    await reader.cancel();
  });

  it('can leave a request without an answer, until the client gives up or the sandbox closes', async () => {
    wakapay().misbehave({ fault: 'hang', on: 'call', times: 1 });
    const provider = wakapay();
    const waiting = call().then(
      () => 'answered',
      () => 'cut off',
    );

    for (let turn = 0; turn < 1_000 && provider.counts.calls === 0; turn += 1)
      await new Promise((resolve) => setTimeout(resolve, 2));
    await sandbox.close();
    expect(await waiting).toBe('cut off');
  });

  it('applies to calls of one method, and of one account also when its token has ended', async () => {
    wakapay().addAccount('shop-2');
    const [own, other] = [await login(sandbox, 'wakapay'), await login(sandbox, 'wakapay', 'shop-2')];
    const status = async (headers: Record<string, string>, method = 'GET') =>
      (await fetch(`${wakapay().baseUrl}/sandbox/echo`, { method, headers })).status;

    const end = wakapay().misbehave({ fault: 'refuse', envelope: 'bare', method: 'POST' });
    expect([await status(own), await status(own, 'POST')]).toEqual([200, 401]);
    end();

    wakapay().misbehave({ fault: 'server-error', on: 'call', account: ['shop-2', 'shop-3'] });
    wakapay().revokeTokens('shop-2');
    expect([await status(own), await status(other)]).toEqual([200, 503]);
  });

  it.each(['wakapay', 'pesapal', 'clickpesa'] as const)(
    'can limit and hang the logins of one merchant of %s alone',
    async (name) => {
      const provider = sandbox.provider(name);
      for (const account of ['shop-2', 'shop-3']) provider.addAccount(account);
      provider.misbehave({ fault: 'rate-limit', on: 'token', account: 'shop-2', retryAfter: 30 });
      provider.misbehave({ fault: 'hang', on: 'token', account: 'shop-3' });
      const hanging = requestToken(sandbox, name, 'shop-3').then(
        () => 'answered',
        () => 'cut off',
      );

      expect((await requestToken(sandbox, name, 'shop-2')).headers.get('retry-after')).toBe('30');
      expect((await requestToken(sandbox, name)).status).toBe(200);
      await sandbox.close();
      expect(await hanging).toBe('cut off');
    },
  );

  it('can forbid a call with a good token, which is then not executed', async () => {
    wakapay().misbehave({ fault: 'forbid', path: '/sandbox/payments' });

    expect((await pay('never')).status).toBe(403);
    expect((await call()).status).toBe(200);
    expect(wakapay().counts).toMatchObject({ refusals: 0, executions: 0, accepted: 1 });
  });

  it('can answer with very many bytes, and without an end', async () => {
    wakapay().misbehave({ fault: 'huge', bytes: 100_000, on: 'call', times: 1 });
    expect((await (await call()).text()).length).toBeGreaterThan(100_000);

    wakapay().misbehave({ fault: 'endless', on: 'call', times: 1 });
    const reader = (await call()).body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    let bytes = 0;
    while (bytes < 1_000_000) bytes += (await reader.read()).value?.length ?? 0;
    await reader.cancel();
  });

  it.each([301, 302, 303, 307, 308] as const)('can redirect with %i to another port', async (status) => {
    wakapay().misbehave({ fault: 'redirect', status, to: 'other-port', on: 'call', times: 1 });

    const answer = await call();
    expect(answer.status).toBe(status);
    expect(answer.headers.get('location')).toBe(`${sandbox.elsewhere.url}/sandbox/echo`);
    expect(sandbox.elsewhere.requests).toEqual([]);
  });

  it('can redirect to the same origin, another host name or any URL, and record what arrives', async () => {
    const location = async (to: string) => {
      wakapay().misbehave({ fault: 'redirect', to, on: 'call', times: 1 });
      return (await call()).headers.get('location');
    };

    expect(await location('same-origin')).toBe(`${wakapay().baseUrl}/sandbox/echo`);
    expect(await location('other-host')).toMatch(/^http:\/\/localhost:\d+\/sandbox\/echo$/);
    expect(await location('http://elsewhere.test/x')).toBe('http://elsewhere.test/x');
    wakapay().misbehave({ fault: 'redirect', to: 'other-port', on: 'call', times: 1 });
    await call({ redirect: 'follow', headers: { 'x-api-key': 'carried-along' } });
    expect(sandbox.elsewhere.requests).toMatchObject([{ headers: { 'x-api-key': 'carried-along' } }]);
  });

  it('can show a wrong clock in the Date header and in expiry dates', async () => {
    sandbox.provider('pesapal').configure({ skewMs: -3_600_000 });

    const answer = await requestToken(sandbox, 'pesapal');
    const { expiryDate } = (await answer.json()) as { expiryDate: string };
    expect(Date.parse(answer.headers.get('date') ?? '')).toBeLessThan(Date.now() - 3_500_000);
    expect(Date.parse(expiryDate)).toBeLessThan(Date.now() - 3_200_000);
    expect(sandbox.provider('pesapal').tokens[0]?.state).toBe('alive');
  });

  it('can make a new login end the earlier token', async () => {
    wakapay().configure({ newLoginKillsEarlier: true });
    const first = await login(sandbox, 'wakapay');
    const second = await login(sandbox, 'wakapay');

    const status = async (headers: Record<string, string>) =>
      (await fetch(`${wakapay().baseUrl}/sandbox/echo`, { headers })).status;
    expect(await status(first)).toBe(401);
    expect(await status(second)).toBe(200);
  });

  it('can hand out the same token until it ends', async () => {
    wakapay().configure({ sameTokenUntilDead: true });
    const first = await login(sandbox, 'wakapay');
    expect(await login(sandbox, 'wakapay')).toEqual(first);

    wakapay().revokeTokens();
    expect(await login(sandbox, 'wakapay')).not.toEqual(first);
  });

  it.each(['keep-alive', 'close'])(
    'the bytes after a wrong Content-Length are counted, on a connection to %s',
    async (connection) => {
      const socket = connect(Number(new URL(wakapay().baseUrl).port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(
        `POST /sandbox/echo HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\nContent-Length: 2\r\n\r\n{}{"left":"over"}`,
      );
      socket.resume();
      await once(socket, 'close');

      expect(wakapay().counts.wrongContentLengths).toBe(1);
    },
  );

  it('a header that is too long, or another protocol, does not count as a wrong Content-Length', async () => {
    for (const bytes of [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 'PING\r\n\r\n']) {
      const socket = connect(Number(new URL(wakapay().baseUrl).port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(bytes);
      socket.resume();
      await once(socket, 'close');
    }

    expect(wakapay().counts.wrongContentLengths).toBe(0);
  });

  it.each([
    [{ fault: 'unknown' }, `"fault" must be one of ${FAULT_NAMES.join(', ')}`],
    [
      { fault: 'slow' },
      '"delayMs" must be a number of at least 0'.replace('of at least 0', 'from 0 to 2147483647'),
    ],
    [{ fault: 'hang', probability: 2, times: 0 }, '"times" must be a number from 1'],
    [{ fault: 'drop', wehn: 'after' }, '"wehn" is not known here'],
  ])('is not planned from %j', (misbehaviour, problem) => {
    expect(() => wakapay().misbehave(misbehaviour as never)).toThrow(problem);
  });

  it('is not planned with wrong settings, and all of them are named at once', () => {
    expect(() => wakapay().configure({ skewMs: 'late', tokenLifetimeMs: 0 } as never)).toThrow(
      '"tokenLifetimeMs" must be a number of at least 1; "skewMs" must be a number',
    );
  });
});

/** The statuses of 20 calls when about every second one fails. */
async function statusesUnderSeed(seed: string): Promise<number[]> {
  const other = await startSandbox({ providers: ['cashfin'], seed });
  other.provider('cashfin').misbehave({ fault: 'server-error', probability: 0.5 });
  const headers = await login(other, 'cashfin');
  const statuses: number[] = [];
  for (let n = 0; n < 20; n += 1)
    statuses.push((await fetch(`${other.provider('cashfin').baseUrl}/sandbox/echo`, { headers })).status);
  await other.close();
  return statuses;
}
