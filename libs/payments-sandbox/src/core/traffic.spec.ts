import { type Sandbox, startSandbox } from '../sandbox.js';

describe('traffic', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ providers: ['cashfin'], logSize: 3 });
  });

  afterEach(() => sandbox.close());

  const cashfin = () => sandbox.provider('cashfin');
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${cashfin().baseUrl}/sandbox/echo?x=1`, {
      method: 'POST',
      body,
      headers: { authorization: cashfin().credentials.clientSecret, ...headers },
    });

  it('records requests as they arrived', async () => {
    await post('{"reference":"R-1"}', { 'X-Custom': 'Value' });

    expect(cashfin().requests).toMatchObject([
      {
        number: 1,
        kind: 'call',
        host: 'api',
        method: 'POST',
        url: '/sandbox/echo?x=1',
        headers: { 'x-custom': 'Value', authorization: cashfin().credentials.clientSecret },
        bodyBytes: 19,
        body: '{"reference":"R-1"}',
        id: 'R-1',
        account: 'own',
        outcome: 'accepted',
        executed: true,
        status: 200,
        faults: [],
      },
    ]);
  });

  it('keeps the latest requests only, and counts all', async () => {
    for (let n = 0; n < 5; n += 1) await post(String(n));

    expect(cashfin().requests.map(({ number }) => number)).toEqual([3, 4, 5]);
    expect(cashfin().counts.calls).toBe(5);
  });

  it('counts a request that repeats its id as a replay, and one with another body as changed', async () => {
    await post('{"reference":"R-1"}');
    await post('{"reference":"R-1"}');
    await post('{"reference":"R-1","amount":2}');

    expect(cashfin().counts).toMatchObject({
      replays: 2,
      changedBodies: 1,
      executions: 3,
      executedTwice: 2,
    });
  });

  it('counts a request without an id as a replay only after it was refused', async () => {
    await post('same');
    await post('same');
    expect(cashfin().counts.replays).toBe(0);

    await post('same', { authorization: 'wrong' });
    await post('same');
    await post('same');
    expect(cashfin().counts.replays).toBe(1);
  });

  it('compares a body with the hash in the header of its sender', async () => {
    const hash = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    await post('abc', { 'x-body-sha256': hash });
    expect(cashfin().counts.changedBodies).toBe(0);

    await post('abd', { 'x-body-sha256': hash });
    expect(cashfin().counts.changedBodies).toBe(1);
  });

  it('is forgotten on reset, which also ends faults and settings, and keeps merchants', async () => {
    cashfin().addAccount('shop-2');
    cashfin().misbehave({ fault: 'refuse' });
    cashfin().configure({ skewMs: 5 });
    await post('x');
    sandbox.reset();

    expect(cashfin().requests).toEqual([]);
    expect(cashfin().counts).toMatchObject({ calls: 0, refusals: 0 });
    expect(cashfin().faults).toEqual([]);
    expect(cashfin().settings.skewMs).toBe(0);
    expect(cashfin().accounts).toEqual(['own', 'shop-2']);
  });
});
