import { afterEach, describe, expect, it } from '@jest/globals';
import { isPaymentsAuthError, type ProviderOptions, OWN_ACCOUNT } from 'nestjs-payments-auth';
import { PROVIDER_NAMES, type ProviderName } from 'payments-sandbox';
import { failure, quiet, until } from './support/waiting.js';
import { type ProviderBed, startProviderBed } from './support/sandbox-bed.js';

type Fields = Record<string, string>;

const times = <T>(count: number, each: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => each(index));
const shop = (index: number) => `shop-${index}`;

let bed: ProviderBed;

afterEach(() => bed.close());

/** An application with `merchants` accounts at a provider. It reads their credentials from the sandbox. */
async function startWithMerchants(
  name: ProviderName,
  merchants: number,
  options: ProviderOptions = {},
): Promise<ProviderBed> {
  bed = await startProviderBed(name, {
    options: {
      credentials: undefined,
      accounts: (id: string) => (bed.provider.accounts.includes(id) ? keysOf(id) : undefined),
      ...options,
    },
  });
  for (let index = 0; index < merchants; index += 1) bed.provider.addAccount(shop(index));
  return bed;
}

const keysOf = (id: string): Fields => bed.provider.credentialsOf(id);
/** A call with a header that names the merchant it is made for. */
const callFor = (account: string, more: object = {}) =>
  bed.send({ url: '/sandbox/echo', headers: { 'X-Merchant': account }, paymentsAuth: { account }, ...more });
const calls = () => bed.provider.requests.filter(({ kind }) => kind === 'call');
/** For every accepted call: the merchant that the application meant, and the one that the provider saw. */
const mixedUp = () =>
  calls().filter(({ account, headers, outcome }) =>
    outcome === 'accepted'
      ? account !== headers['x-merchant']
      : account !== undefined && account !== headers['x-merchant'],
  );

describe.each(PROVIDER_NAMES)('many merchants of %s', (name) => {
  it('carry their own credential in any interleaving, and cost one login each', async () => {
    await startWithMerchants(name, 12);
    const order = times(120, (index) => shop((index * 7) % 12));
    const responses = await Promise.all(order.map((account) => callFor(account)));
    expect(responses.map(({ data }) => (data as { account: string }).account)).toEqual(order);
    expect(mixedUp()).toEqual([]);
    const isLogin = bed.provider.counts.tokensIssued > 0;
    expect(bed.provider.counts).toMatchObject({ accepted: 120, tokenRequests: isLogin ? 12 : 0 });
    const carried = new Map<unknown, Set<unknown>>();
    for (const { account, headers } of calls()) {
      const owners = carried.get(headers.authorization) ?? new Set();
      carried.set(headers.authorization, owners.add(account));
    }
    expect(carried.size).toBe(12);
    expect([...carried.values()].every(({ size }) => size === 1)).toBe(true);
  });

  it('stay apart while the credentials of some of them die in mid-flight', async () => {
    await startWithMerchants(name, 8);
    await Promise.all(times(8, (index) => callFor(shop(index))));
    const waves = times(160, async (index) => {
      const account = shop(index % 8);
      // A rotation ends a static key, and a revocation ends a token.
      if (index % 40 === 3) bed.provider.revokeTokens(account);
      if (index % 40 === 3) bed.provider.rotate({ account, oldWorksForMs: 0 });
      return callFor(account, { method: index % 2 === 0 ? 'GET' : 'POST', data: { index } });
    });
    const responses = await Promise.all(waves);
    expect(responses.every(({ status }) => status === 200)).toBe(true);
    expect(mixedUp()).toEqual([]);
    expect(bed.provider.counts.changedBodies).toBe(0);
  });
});

const accountsFound = (filter: object) => bed.paymentsAuth.status(filter).map(({ account }) => account);

describe('an account', () => {
  it('can be named on the request, on the injected service, and at run time', async () => {
    await startWithMerchants('pesapal', 1, { credentials: undefined });
    const token = () => `Bearer ${bed.provider.tokens[0]?.value}`;
    await callFor(shop(0));
    expect(calls()[0]?.headers.authorization).toBe(token());
    expect(await bed.credentials.account(shop(0)).headers()).toEqual({ Authorization: token() });
    const { paymentsAuth } = bed;
    expect(await paymentsAuth.credentials('pesapal', shop(0)).headers()).toEqual({ Authorization: token() });
    expect(paymentsAuth.status()).toMatchObject([{ provider: 'pesapal', account: shop(0), state: 'fresh' }]);
    expect(bed.provider.counts.tokenRequests).toBe(1);
  });

  it('is found in the status by provider, account and state', async () => {
    await startWithMerchants('pesapal', 3, { credentials: undefined });
    await Promise.all(times(3, (index) => callFor(shop(index))));
    expect(accountsFound({ account: shop(1) })).toEqual([shop(1)]);
    expect(accountsFound({ provider: 'pesapal', state: 'fresh' })).toHaveLength(3);
    expect(accountsFound({ provider: 'pesapal', account: shop(1), state: 'rejected' })).toEqual([]);
    expect(accountsFound({ provider: 'wakapay' })).toEqual([]);
  });

  it('can come from a record as well', async () => {
    const accounts = { one: { clientSecret: 'cs_test_one' }, two: { clientSecret: 'cs_test_two' } };
    bed = await startProviderBed('cashfin', { options: { credentials: undefined, accounts } });
    bed.provider.addAccount('one', accounts.one);
    bed.provider.addAccount('two', accounts.two);
    await Promise.all([callFor('one'), callFor('two')]);
    expect(mixedUp()).toEqual([]);
    expect(await failure(callFor('toString'))).toMatchObject({ code: 'ACCOUNT_UNKNOWN' });
  });

  it('is ACCOUNT_UNKNOWN when it does not exist, and nothing is sent', async () => {
    await startWithMerchants('clickpesa', 1);
    const errors = await Promise.all(times(20, () => failure(callFor('ghost'))));
    for (const error of errors) {
      expect(isPaymentsAuthError(error)).toBe(true);
      expect(error).toMatchObject({ code: 'ACCOUNT_UNKNOWN', provider: 'clickpesa', account: 'ghost' });
    }
    expect(bed.provider.requests).toEqual([]);
    // The account may be added a moment later. The function is asked again a second after its last answer.
    bed.provider.addAccount('ghost');
    expect(await failure(callFor('ghost'))).toMatchObject({ code: 'ACCOUNT_UNKNOWN' });
    await bed.clock.advance(1_000);
    expect((await callFor('ghost')).status).toBe(200);
  });

  it('has to be named where the provider has no own account', async () => {
    await startWithMerchants('wakapay', 1);
    expect(await failure(bed.send({ url: '/sandbox/echo' }))).toMatchObject({ code: 'ACCOUNT_UNKNOWN' });
    expect(await failure(bed.credentials.get())).toMatchObject({ code: 'ACCOUNT_UNKNOWN' });
    expect(bed.provider.requests).toEqual([]);
  });

  it.each([undefined, null, ''])(
    'is refused when its name is %p, and the own account is not charged in its place',
    async (account) => {
      bed = await startProviderBed('wakapay', { options: { accounts: (id: string) => keysOf(id) } });
      const name = account as string;
      expect(await failure(callFor(name))).toMatchObject({ code: 'ACCOUNT_UNKNOWN' });
      expect(await failure(bed.paymentsAuth.credentials('wakapay', name).headers())).toMatchObject({
        code: 'ACCOUNT_UNKNOWN',
      });
      expect(await failure(bed.credentials.account(name).headers())).toMatchObject({
        code: 'ACCOUNT_UNKNOWN',
      });
      expect(bed.provider.requests).toEqual([]);
      expect(await failure(bed.send({ url: '/sandbox/echo' }))).toMatchObject({ code: 'ACCOUNT_UNKNOWN' });
      expect(bed.provider.requests).toEqual([]);
      await bed.send({ url: '/sandbox/echo', paymentsAuth: { account: OWN_ACCOUNT } });
      expect(calls()).toMatchObject([{ account: 'own' }]);
    },
  );
});

/** Starts with two merchants that have made one call each. Returns a function that removes the first merchant. */
const startWithTwo = async (name: ProviderName) => {
  const removed = new Set<string>();
  await startWithMerchants(name, 2, {
    accounts: (id: string) => (removed.has(id) ? undefined : keysOf(id)),
  });
  await Promise.all([callFor(shop(0)), callFor(shop(1))]);
  return () => void removed.add(shop(0));
};
/** Stops the calls of a merchant as docs/merchants.md describes it. */
const stop = async (account: string) => {
  const credentials = bed.credentials.account(account);
  const rotated = await failure(credentials.rotate());
  await credentials.revoke();
  return rotated;
};

describe('a merchant whose calls have to stop', () => {
  it.each(PROVIDER_NAMES)('is still served with the kept token of %s if it is only removed', async (name) => {
    const remove = await startWithTwo(name);
    remove();
    expect((await callFor(shop(0))).status).toBe(200);
  });

  it('logs in again after revoke() alone, because the answer of the function is kept', async () => {
    const remove = await startWithTwo('pesapal');
    remove();
    await bed.credentials.account(shop(0)).revoke();
    expect((await callFor(shop(0))).status).toBe(200);
    expect(bed.provider.counts.tokenRequests).toBe(3);
  });

  it.each(PROVIDER_NAMES)('is ACCOUNT_UNKNOWN to %s after rotate() and revoke()', async (name) => {
    const remove = await startWithTwo(name);
    remove();
    expect(await stop(shop(0))).toMatchObject({ code: 'ACCOUNT_UNKNOWN', account: shop(0) });
    const before = bed.provider.requests.length;
    for (let minute = 0; minute < 3; minute += 1) {
      expect(await failure(callFor(shop(0)))).toMatchObject({ code: 'ACCOUNT_UNKNOWN', account: shop(0) });
      await bed.clock.advance(60_000);
    }
    expect(bed.provider.requests).toHaveLength(before);
    expect((await callFor(shop(1))).status).toBe(200);
  });

  it('is stopped too where it had been rotated to credentials from elsewhere', async () => {
    const remove = await startWithTwo('pesapal');
    await bed.credentials.account(shop(0)).rotate(keysOf(shop(0)));
    await callFor(shop(0));
    remove();
    await stop(shop(0));
    expect(await failure(callFor(shop(0)))).toMatchObject({ code: 'ACCOUNT_UNKNOWN' });
  });
});

describe('the function that resolves accounts', () => {
  it('is asked once however many calls of a merchant come together, also when it is slow', async () => {
    const asked: string[] = [];
    await startWithMerchants('cashfin', 3, {
      accounts: async (id: string) => {
        asked.push(id);
        await quiet();
        return keysOf(id);
      },
    });
    await Promise.all(times(90, (index) => callFor(shop(index % 3))));
    expect(asked.toSorted()).toEqual([shop(0), shop(1), shop(2)]);
    expect(mixedUp()).toEqual([]);
  });

  it('is asked again after credentialsTtlMs', async () => {
    const book = new Map([[shop(0), 'cs_test_first']]);
    bed = await startProviderBed('cashfin', {
      options: {
        credentials: undefined,
        credentialsTtlMs: 60_000,
        accounts: (id: string) => ({ clientSecret: book.get(id) ?? '' }),
      },
    });
    bed.provider.addAccount(shop(0), { clientSecret: 'cs_test_first' });
    await callFor(shop(0));
    bed.provider.rotate({ account: shop(0), credentials: { clientSecret: 'cs_test_second' } });
    book.set(shop(0), 'cs_test_second');
    await bed.clock.advance(60_001);
    await callFor(shop(0));
    expect(calls().map(({ headers }) => headers.authorization)).toEqual(['cs_test_first', 'cs_test_second']);
  });

  it.each(['throws', 'rejects'])(
    'leads to CREDENTIALS_UNAVAILABLE with its own error when it %s',
    async (how) => {
      const down = Object.assign(new Error('the database is down'), {
        code: 'ECONNREFUSED',
        parameters: ['invented'],
      });
      await startWithMerchants('kashier', 2, {
        accounts: (id: string) => {
          if (id === shop(1)) return keysOf(id);
          if (how === 'throws') throw down;
          return Promise.reject(down);
        },
      });
      const [error, response] = await Promise.all([failure(callFor(shop(0))), callFor(shop(1))]);
      expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE', account: shop(0), retryAfterMs: 1_000 });
      // The name, message, code and stack of the error are kept. Other fields, which a database may add, are not.
      expect(error.cause).toEqual(new Error('the database is down'));
      expect(error.cause).toMatchObject({ name: 'Error', code: 'ECONNREFUSED' });
      expect(error.cause).not.toHaveProperty('parameters');
      expect((error.cause as Error).stack).toContain('accounts.e2e-spec');
      // The failure for one merchant does not affect another merchant.
      expect(response.status).toBe(200);
      expect(calls()).toHaveLength(1);
    },
  );

  it('leads to CREDENTIALS_UNAVAILABLE after 10 s when it hangs', async () => {
    await startWithMerchants('pesapal', 1, { accounts: () => new Promise<never>(() => undefined) });
    const failing = Promise.all(times(10, () => failure(callFor(shop(0), { timeout: 0 }))));
    await until(() => bed.clock.pendingTimers > 0);
    await bed.clock.advance(10_000);
    for (const error of await failing)
      expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE', account: shop(0) });
    expect(bed.provider.requests).toEqual([]);
  });

  it.each([
    ['a number', 5],
    ['an empty list', []],
    ['a secret with a line break', { apiKey: 'pk_test_1', apiSecret: 'sk_test\n1' }],
    ['credentials without a secret', { apiKey: 'pk_test_1' }],
  ])('leads to CREDENTIALS_UNAVAILABLE when it answers with %s, and nothing is sent', async (_, answer) => {
    await startWithMerchants('wakapay', 1, { accounts: () => answer as never });
    const error = await failure(callFor(shop(0)));
    expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE', account: shop(0) });
    expect(JSON.stringify(error)).not.toMatch(/pk_test|sk_test/);
    expect(bed.provider.requests).toEqual([]);
  });
});

describe('idle accounts', () => {
  it('are not renewed, and nothing is left of them after their token has ended', async () => {
    await startWithMerchants('pesapal', 20, { credentials: undefined });
    await Promise.all(times(20, (index) => callFor(shop(index))));
    expect(bed.paymentsAuth.status()).toHaveLength(20);
    await bed.pass(60_000);
    await callFor(shop(0));
    // In this time two lifetimes of 5 minutes pass without a call, and then the rest of a third lifetime.
    await bed.pass(16 * 60_000);
    const { tokenRequests } = bed.provider.counts;
    expect(bed.paymentsAuth.status()).toEqual([]);
    await bed.pass(30 * 60_000);
    expect(bed.provider.counts.tokenRequests).toBe(tokenRequests);
    await callFor(shop(7));
    expect(mixedUp()).toEqual([]);
  });

  it('are renewed a few at a time when they fall due together, and a caller does not wait', async () => {
    await startWithMerchants('pesapal', 120, { keepWarm: 'always' });
    await Promise.all(times(120, (index) => callFor(shop(index))));
    // The provider sees a request end a little later than the application does.
    expect(bed.provider.counts.mostTokenRequestsAtOnce).toBeLessThanOrEqual(2 * 32);
    bed.provider.reset();
    bed.provider.addAccount('late');
    const release = bed.provider.misbehave({ fault: 'slow', on: 'token', delayMs: 20 });
    // Jitter spreads the renewals over some seconds. The machine sleeps through these seconds, so that all renewals are due
    // at the next tick. From then on the clock stands still, so that no request under way reaches its deadline.
    await bed.clock.advance(239_000);
    expect(bed.provider.counts.tokenRequests).toBe(0);
    bed.clock.jump(8_000);
    await bed.clock.advance(1_500);
    expect((await callFor('late')).status).toBe(200);
    await until(() => bed.provider.counts.tokensIssued >= 121);
    release();
    expect(bed.provider.counts.tokenRequests).toBe(121);
    expect(bed.provider.counts.mostTokenRequestsAtOnce).toBeLessThanOrEqual(2 * 8 + 1);
  });
});
