import { type Sandbox, startSandbox } from '../sandbox.js';
import { login } from '../testing/login.js';

describe('how a provider behaves', () => {
  let sandbox: Sandbox;
  let nowMs = 1_700_000_000_000;

  beforeEach(async () => {
    const clock = { now: () => nowMs };
    sandbox = await startSandbox({ providers: ['wakapay', 'cashfin'], seed: 'settings', clock });
  });

  afterEach(() => sandbox.close());

  const wakapay = () => sandbox.provider('wakapay');
  const cashfin = () => sandbox.provider('cashfin');

  async function call(headers: Record<string, string>, baseUrl = wakapay().baseUrl) {
    return fetch(`${baseUrl}/sandbox/echo`, { headers });
  }

  /** How many of 40 calls are answered with each status. */
  async function statuses(headers: Record<string, string>, baseUrl?: string) {
    const counted: Record<number, number> = {};
    for (let n = 0; n < 40; n += 1) {
      const { status } = await call(headers, baseUrl);
      counted[status] = (counted[status] ?? 0) + 1;
    }
    return counted;
  }

  it('refuses a new token until the token is as old as the setting says', async () => {
    wakapay().configure({ tokensRefusedForMs: 300 });
    const headers = await login(sandbox, 'wakapay');

    nowMs += 299;
    const young = await call(headers);
    expect([young.status, await young.text()]).toEqual([401, expect.stringContaining('token is malformed')]);
    nowMs += 1;
    expect((await call(headers)).status).toBe(200);
  });

  it('keeps the earlier token good while the new one is refused', async () => {
    const earlier = await login(sandbox, 'wakapay');
    wakapay().configure({ tokensRefusedForMs: 300 });
    nowMs += 300;
    const young = await login(sandbox, 'wakapay');

    expect([(await call(earlier)).status, (await call(young)).status]).toEqual([200, 401]);
  });

  it('makes one of two servers refuse a token for a while after each login', async () => {
    wakapay().configure({ nodesDisagreeForMs: 300 });
    const headers = await login(sandbox, 'wakapay');

    expect(await statuses(headers)).toEqual({ 200: expect.any(Number), 401: expect.any(Number) });
    nowMs += 300;
    expect(await statuses(headers)).toEqual({ 200: 40 });
  });

  it('makes the two servers disagree for ever', async () => {
    wakapay().configure({ nodesDisagreeForMs: 'always' });
    const headers = await login(sandbox, 'wakapay');

    nowMs += 1_800_000;
    expect(await statuses(headers)).toEqual({ 200: expect.any(Number), 401: expect.any(Number) });
  });

  it('makes one server accept only the new key, and the other only the old key', async () => {
    cashfin().configure({ nodesDisagreeForMs: 60_000 });
    const before = await login(sandbox, 'cashfin');
    expect(await statuses(before, cashfin().baseUrl)).toEqual({ 200: 40 });
    cashfin().rotate({ oldWorksForMs: 3_600_000 });
    const after = await login(sandbox, 'cashfin');

    for (const headers of [before, after])
      expect(await statuses(headers, cashfin().baseUrl)).toEqual({
        200: expect.any(Number),
        401: expect.any(Number),
      });
    nowMs += 60_000;
    expect(await statuses(after, cashfin().baseUrl)).toEqual({ 200: 40 });
  });

  /** The answers to 40 calls. With the same seed, the same servers answer in the same order. */
  const statusesOf = async (which: 'old' | 'new') => {
    const same = await startSandbox({ providers: ['cashfin'], seed: 'keys', clock: { now: () => nowMs } });
    const provider = same.provider('cashfin');
    provider.configure({ nodesDisagreeForMs: 60_000 });
    const { clientSecret: old } = provider.credentials;
    const { clientSecret: next } = provider.rotate({ oldWorksForMs: 3_600_000 });
    const headers = { authorization: which === 'old' ? old : next };
    const answers: number[] = [];
    for (let n = 0; n < 40; n += 1) answers.push((await call(headers, provider.baseUrl)).status);
    await same.close();
    return answers;
  };

  it('sends each call to a server that accepts exactly one of the two keys', async () => {
    const [old, next] = [await statusesOf('old'), await statusesOf('new')];
    expect(new Set(old)).toEqual(new Set([200, 401]));
    expect(next).toEqual(old.map((status) => (status === 200 ? 401 : 200)));
  });

  it.each([
    ['bare', 401, ''],
    ['html', 403, expect.stringContaining('<html>')],
  ] as const)(
    'refuses dead tokens and suspended merchants with a %s answer',
    async (envelope, status, body) => {
      wakapay().configure({ refusalEnvelope: envelope });
      const headers = await login(sandbox, 'wakapay');
      wakapay().suspend();
      const suspended = await call(headers);
      wakapay().resume();
      wakapay().revokeTokens();
      const dead = await call(headers);

      for (const answer of [suspended, dead])
        expect([answer.status, await answer.text()]).toEqual([status, body]);
    },
  );

  it('revokes a token also when the answer with it is still on its way', async () => {
    wakapay().misbehave({ fault: 'slow', on: 'token', delayMs: 100 });
    const onItsWay = login(sandbox, 'wakapay');
    while (wakapay().tokens.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));

    expect(wakapay().revokeTokens()).toBe(1);
    expect((await call(await onItsWay)).status).toBe(401);
  });

  it('refuses settings that are neither a duration nor a known word', () => {
    expect(() =>
      wakapay().configure({ nodesDisagreeForMs: 'never', tokensRefusedForMs: -1 } as never),
    ).toThrow(
      '"tokensRefusedForMs" must be a number of at least 0; "nodesDisagreeForMs" must be a number of at least 0, or must be one of always',
    );
  });
});
