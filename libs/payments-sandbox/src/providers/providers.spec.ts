import { OWN_ACCOUNT } from '../sandbox-provider.js';
import { type Sandbox, startSandbox } from '../sandbox.js';
import { login } from '../testing/login.js';
import { PROVIDER_NAMES } from './index.js';

describe.each(PROVIDER_NAMES)('%s', (name) => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ providers: [name] });
  });

  afterEach(() => sandbox.close());

  it('answers a call that carries its credential, on every host', async () => {
    const { baseUrls } = sandbox.provider(name);
    const headers = await login(sandbox, name);

    for (const baseUrl of Object.values(baseUrls)) {
      const response = await fetch(`${baseUrl}/sandbox/echo`, { method: 'POST', headers, body: 'abc' });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({
        account: OWN_ACCOUNT,
        bodyBytes: 3,
        bodySha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      });
    }
  });

  it('refuses a call without a credential, and with another one', async () => {
    const { baseUrl } = sandbox.provider(name);
    const bare = await fetch(`${baseUrl}/sandbox/echo`);
    const wrong = await fetch(`${baseUrl}/sandbox/echo`, { headers: { authorization: 'Bearer nobody' } });

    expect([401, 403]).toContain(bare.status);
    expect(wrong.status).toBe(bare.status);
    expect(sandbox.provider(name).counts).toMatchObject({ calls: 2, refusals: 2, executions: 0 });
  });

  it('keeps two merchants apart', async () => {
    const provider = sandbox.provider(name);
    provider.addAccount('shop-2');
    const [own, other] = [await login(sandbox, name), await login(sandbox, name, 'shop-2')];

    const echo = async (headers: Record<string, string>) =>
      (await (await fetch(`${provider.baseUrl}/sandbox/echo`, { headers })).json()) as { account: string };
    expect((await echo(own)).account).toBe(OWN_ACCOUNT);
    expect((await echo(other)).account).toBe('shop-2');
  });

  it('counts what is executed under its idempotency key', async () => {
    const provider = sandbox.provider(name);
    const headers = { ...(await login(sandbox, name)), 'idempotency-key': 'once' };
    const pay = () =>
      fetch(`${provider.baseUrl}/sandbox/payments`, { method: 'POST', headers, body: '{"amount":"1"}' });

    expect((await pay()).status).toBe(201);
    await pay();
    expect(provider.executions.get('once')).toBe(2);
    expect(provider.counts).toMatchObject({ executions: 2, executedTwice: 1, replays: 1, changedBodies: 0 });
  });
});
