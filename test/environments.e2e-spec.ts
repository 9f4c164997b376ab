import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OWN_ACCOUNT } from 'nestjs-payments-auth';
import { type Sandbox, startSandbox } from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { startApplication, type TestApplication } from './support/application.js';
import { failure } from './support/waiting.js';

const NAMES = ['wakapay', 'wakapay-test'] as const;
type Name = (typeof NAMES)[number];
const times = <T>(count: number, each: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => each(index));

let sandboxes: Record<Name, Sandbox>;
let application: TestApplication;
let clock: ManualClock;

const provider = (name: Name) => sandboxes[name].provider('wakapay');
const call = (name: Name, account?: string) =>
  firstValueFrom(
    application.paymentsAuth
      .http(name)
      .get('/business/balance', { paymentsAuth: { account: account ?? OWN_ACCOUNT } }),
  );
const optionsOf = (name: Name) => ({
  provider: 'wakapay' as const,
  baseUrl: provider(name).baseUrls,
  credentials: () => provider(name).credentials,
  // The same merchant in both environments.
  accounts: () => provider(name).credentialsOf('shop-1'),
  keepWarm: 'when-used' as const,
});

beforeEach(async () => {
  clock = new ManualClock();
  const start = (seed: string) => startSandbox({ providers: ['wakapay'], seed, clock });
  sandboxes = { wakapay: await start('live'), 'wakapay-test': await start('test') };
  for (const name of NAMES) provider(name).addAccount('shop-1');
  application = await startApplication(
    { providers: { wakapay: optionsOf('wakapay'), 'wakapay-test': optionsOf('wakapay-test') } },
    { clock },
  );
});
afterEach(async () => {
  await application.close();
  await Promise.all(NAMES.map((name) => sandboxes[name].close()));
});

describe('live and test of one provider, side by side under two names', () => {
  it('have their own host, credentials and tokens, in any interleaving', async () => {
    await Promise.all(
      times(120, (index) => call(NAMES[index % 2] as Name, index % 3 === 0 ? 'shop-1' : undefined)),
    );
    for (const name of NAMES) {
      const { counts, requests } = provider(name);
      expect(counts).toMatchObject({
        calls: 60,
        accepted: 60,
        refusals: 0,
        tokenRequests: 2,
        loginsRefused: 0,
      });
      const own = new Set(provider(name).tokens.map(({ value }) => `Bearer ${value}`));
      const calls = requests.filter(({ kind }) => kind === 'call');
      expect(calls.every(({ headers }) => own.has(String(headers.authorization)))).toBe(true);
    }
    expect(application.paymentsAuth.status().map((status) => [status.provider, status.account])).toEqual([
      ['wakapay', undefined],
      ['wakapay', 'shop-1'],
      ['wakapay-test', undefined],
      ['wakapay-test', 'shop-1'],
    ]);
  });

  it('share nothing even where their credentials are the same', async () => {
    const keys = provider('wakapay').credentials;
    provider('wakapay-test').rotate({ credentials: keys });
    await Promise.all([call('wakapay'), call('wakapay-test')]);
    const [live, test] = application.paymentsAuth.status();
    expect(live?.credential).not.toBe(test?.credential);
    for (const name of NAMES) expect(provider(name).counts).toMatchObject({ tokenRequests: 1, accepted: 1 });
  });

  it('fail, rotate and are revoked each for itself', async () => {
    await Promise.all(NAMES.map((name) => call(name)));
    provider('wakapay-test').misbehave({ fault: 'rate-limit', on: 'token', retryAfter: 600 });
    provider('wakapay-test').revokeTokens();
    await application.paymentsAuth.credentials('wakapay', OWN_ACCOUNT).rotate(provider('wakapay').rotate());
    await failure(call('wakapay-test'));
    // The pause that the test endpoint asks for does not hold for live.
    await application.paymentsAuth.credentials('wakapay', OWN_ACCOUNT).revoke();
    expect((await call('wakapay')).paymentsAuth).toEqual({ attempts: 1, replayed: false });
    expect(provider('wakapay').counts).toMatchObject({ tokensIssued: 3, refusals: 0 });
    const states = application.paymentsAuth.status().map(({ provider: of, state }) => [of, state]);
    expect(states).toEqual([
      ['wakapay', 'fresh'],
      ['wakapay-test', 'unavailable'],
    ]);
  });

  it('refuse a request that one of them makes to the host of the other', async () => {
    const url = `${provider('wakapay').baseUrl}/business/balance`;
    const error = await failure(
      firstValueFrom(application.paymentsAuth.http('wakapay-test', OWN_ACCOUNT).get(url)),
    );
    expect(error).toMatchObject({ code: 'INSECURE_DESTINATION', provider: 'wakapay-test' });
    for (const name of NAMES) expect(provider(name).requests).toEqual([]);
  });
});
