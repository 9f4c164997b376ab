import { afterEach, describe, expect, it } from '@jest/globals';
import type { AxiosResponse } from 'axios';
import { defineProvider, textAt } from 'nestjs-payments-auth';
import type { ProviderSettings } from 'payments-sandbox';
import { startApplication } from './support/application.js';
import { json, startLoopbackServer } from './support/loopback-server.js';
import { type ProviderBed, startProviderBed } from './support/sandbox-bed.js';
import { outcomeOf, until } from './support/waiting.js';

const READ = { url: '/sandbox/echo' };
const NEVER = { ...READ, paymentsAuth: { replay: 'never' as const } };
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The outcome of calls: how many failed, and how often one was sent at most. */
interface Tally {
  readonly calls: number;
  readonly failed: number;
  readonly mostAttempts: number;
}

const attemptsOf = (outcome: unknown): number => {
  const { paymentsAuth, response } = outcome as AxiosResponse & { response?: AxiosResponse };
  return (paymentsAuth ?? response?.paymentsAuth)?.attempts ?? 0;
};

const tally = (outcomes: readonly unknown[]): Tally => ({
  calls: outcomes.length,
  failed: outcomes.filter((outcome) => outcome instanceof Error).length,
  mostAttempts: Math.max(0, ...outcomes.map(attemptsOf)),
});

const times = <T>(count: number, each: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => each(index));

describe('one application', () => {
  let bed: ProviderBed<'wakapay'>;
  let payments = 0;

  afterEach(async () => {
    // In every test: no payment was made twice.
    const { executedTwice, changedBodies } = bed.provider.counts;
    await bed.close();
    if (executedTwice + changedBodies > 0)
      throw new Error(`made twice: ${executedTwice}, changed: ${changedBodies}`);
  });

  /** @param seed decides which of two servers gets a call */
  const start = async (settings: Partial<ProviderSettings> = {}, seed?: string) => {
    bed = await startProviderBed('wakapay', { settings: { tokenLifetimeMs: 10 * HOUR, ...settings }, seed });
  };
  const startWithMerchants = async (count: number, settings: Partial<ProviderSettings>) => {
    bed = await startProviderBed('wakapay', {
      settings,
      options: { accounts: (id: string) => bed.provider.credentialsOf(id) },
    });
    return times(count, (index) => {
      bed.provider.addAccount(`m-${index}`);
      return { ...READ, paymentsAuth: { account: `m-${index}` } };
    });
  };
  const logins = () => bed.provider.counts.tokenRequests;
  const sendOnce = () => bed.send(NEVER);
  const pay = () => bed.pay(`order-${(payments += 1)}`);

  /** Makes one call every `everyMs` of the clock, for `forMs`. Each step ends when every token request has its answer. */
  const traffic = async (
    everyMs: number,
    forMs: number,
    send: (index: number) => Promise<unknown> = () => bed.send(READ),
  ): Promise<Tally> => {
    const calls: Promise<unknown>[] = [];
    for (let index = 0; index * everyMs < forMs; index += 1) {
      calls.push(outcomeOf(send(index)));
      await bed.pass(everyMs);
    }
    return tally(await bed.outwait(Promise.all(calls)));
  };

  describe('whose tokens all end while a login is in flight', () => {
    it.each(['on its way', 'not issued yet'])(
      'loses none of 281 payments of 5 callers, for two logins at most, with a token that is %s',
      async (moment) => {
        await start();
        await bed.send(READ);
        await bed.pass(5 * SECOND);
        const before = logins();
        const answerNormally = bed.provider.misbehave({ fault: 'slow', delayMs: 300, on: 'token' });
        const renewing = bed.credentials.refresh();
        await until(() => logins() > before);
        if (moment === 'on its way') await until(() => bed.provider.tokens.length === 2);
        await bed.clock.advance(10);
        let left = 281;
        const outcomes: unknown[] = [];
        const caller = async () => {
          for (; left > 0;) {
            left -= 1;
            outcomes.push(await outcomeOf(pay()));
          }
        };
        // The first calls are on their way when every token ends.
        const callers = times(5, caller);
        bed.provider.revokeTokens();
        await renewing;
        await Promise.all(callers);
        answerNormally();
        expect(tally(outcomes)).toMatchObject({ calls: 281, failed: 0 });
        expect(tally(outcomes).mostAttempts).toBeLessThanOrEqual(3);
        expect(logins() - before).toBeLessThanOrEqual(2);
      },
    );
  });

  describe('whose tokens all end while a login is in flight that a refusal has forced', () => {
    it.each([
      ['none of', 'a refusal that was none', 0],
      ['at most the payment that forced the login, of', 'a revocation', 1],
    ])('loses %s 281 payments of 5 callers, after %s', async (_, reason, mostFailed) => {
      await start();
      await bed.send(READ);
      await bed.pass(5 * SECOND);
      const before = logins();
      const answerNormally = bed.provider.misbehave({ fault: 'slow', delayMs: 300, on: 'token' });
      const accepted: unknown[] = [];
      if (reason === 'a revocation') bed.provider.revokeTokens();
      else {
        // A call that is accepted meanwhile shows that the token lives. So calls go on with it.
        bed.provider.misbehave({ fault: 'slow', delayMs: 100, on: 'call', times: 1 });
        accepted.push(bed.outcome(READ));
        await until(() => bed.provider.counts.calls === 2);
        bed.provider.misbehave({ fault: 'refuse', on: 'call', times: 1 });
      }
      const outcomes: unknown[] = [];
      const forcing = outcomeOf(pay());
      await until(() => bed.provider.tokens.length === 2);
      await Promise.all(accepted);
      await bed.clock.advance(10);
      let left = 280;
      const caller = async () => {
        for (; left > 0;) {
          left -= 1;
          outcomes.push(await outcomeOf(pay()));
        }
      };
      const callers = times(5, caller);
      bed.provider.revokeTokens();
      await until(() => bed.eventsOf('credential-obtained').length === 2);
      answerNormally();
      await bed.outwait(Promise.all(callers));
      outcomes.push(await bed.outwait(forcing));
      const { calls, failed, mostAttempts } = tally(outcomes);
      expect(calls).toBe(281);
      expect(failed).toBeLessThanOrEqual(mostFailed);
      expect(mostAttempts).toBeLessThanOrEqual(3);
      expect(logins() - before).toBeLessThanOrEqual(2);
    });
  });

  describe('whose provider refuses a new token at first', () => {
    it.each([300, 1_500])(
      'for %d ms makes one login per lifetime, and no call fails',
      async (refusedForMs) => {
        await start({ tokenLifetimeMs: 10 * SECOND });
        await bed.send(READ);
        await bed.pass(2 * SECOND);
        bed.provider.configure({ tokensRefusedForMs: refusedForMs });
        const { calls, failed, mostAttempts } = await traffic(20, MINUTE);
        expect({ calls, failed }).toEqual({ calls: 3_000, failed: 0 });
        expect(mostAttempts).toBeLessThanOrEqual(3);
        // A token is renewed ahead of its end, so it serves for at least four fifths of its life.
        expect(logins()).toBeLessThanOrEqual(Math.ceil(62 / 8) + 1);
        expect(bed.eventsOf('renewals-paused')).toEqual([]);
      },
    );

    it('for 300 ms from the first call on makes one login per lifetime, and no call fails', async () => {
      await start({ tokenLifetimeMs: 10 * SECOND, tokensRefusedForMs: 300 });
      expect(await traffic(20, MINUTE)).toMatchObject({ calls: 3_000, failed: 0 });
      expect(logins()).toBeLessThanOrEqual(Math.ceil(60 / 8) + 1);
      expect(bed.eventsOf('renewals-paused')).toEqual([]);
    });

    it('makes one login for the first call of each of 200 merchants, and none of these calls fails', async () => {
      const firstCalls = await startWithMerchants(200, { tokensRefusedForMs: 300, tokenLifetimeMs: HOUR });
      const calls = firstCalls.map((each) => bed.outcome(each));
      expect(tally(await bed.outwait(Promise.all(calls)))).toMatchObject({ calls: 200, failed: 0 });
      expect(logins()).toBe(200);
      expect(bed.eventsOf('renewals-paused')).toEqual([]);
    });

    it('for 1.5 s from the first call on loses no call, for one login more', async () => {
      await start({ tokenLifetimeMs: 10 * SECOND, tokensRefusedForMs: 1_500 });
      expect(await traffic(20, MINUTE)).toMatchObject({ calls: 3_000, failed: 0 });
      expect(logins()).toBeLessThanOrEqual(Math.ceil(60 / 8) + 2);
    });

    it('for an hour needs one login for a real revocation after it', async () => {
      await start({ tokenLifetimeMs: 5 * MINUTE, tokensRefusedForMs: 300 });
      expect(await traffic(2 * SECOND, HOUR)).toMatchObject({ failed: 0 });
      const before = logins();
      bed.provider.configure({ tokensRefusedForMs: 0 });
      bed.provider.revokeTokens();
      // Only a call that cannot be replayed fails.
      const { failed } = await traffic(200, 10 * SECOND, (index) => bed.send(index === 0 ? NEVER : READ));
      expect(failed).toBe(1);
      expect(logins() - before).toBe(1);
    });
  });

  describe('whose tokens all end before the first call that carries one', () => {
    it('loses none of the first calls of 20 merchants, for two logins each', async () => {
      const firstCalls = await startWithMerchants(20, { tokenLifetimeMs: HOUR });
      bed.provider.misbehave({ fault: 'revoke-token', on: 'call', times: 20 });
      const calls = firstCalls.map((each) => bed.outcome(each));
      await until(() => bed.eventsOf('call-refused').length === 20);
      await bed.pass(500);
      await until(() => logins() === 40);
      const { mostAttempts, ...others } = tally(await bed.outwait(Promise.all(calls)));
      expect(others).toEqual({ calls: 20, failed: 0 });
      expect(mostAttempts).toBeLessThanOrEqual(3);
      expect(logins()).toBe(40);
    });
  });

  describe('whose new token ends while a call with it is on its way', () => {
    it('replaces the token, and serves the call', async () => {
      await start({ tokenLifetimeMs: 1_500 });
      await bed.credentials.get();
      bed.provider.revokeTokens();
      // The token is renewed ahead of its end, and the new token is dead too.
      bed.provider.misbehave({ fault: 'server-error', on: 'token', times: 1 });
      bed.provider.misbehave({ fault: 'slow', delayMs: 1_000, on: 'call', times: 1 });
      const call = bed.outcome(READ);
      await until(() => bed.provider.counts.refusals === 1);
      await bed.clock.advance(1_600);
      await until(() => bed.eventsOf('token-request').length === 2);
      await until(() => bed.eventsOf('call-refused').length === 1);
      expect(tally([await bed.outwait(call)])).toEqual({ calls: 1, failed: 0, mostAttempts: 2 });
    });
  });

  describe('whose calls cannot be sent again', () => {
    it('loses the calls in flight and at most two more at each of six revocations', async () => {
      await start();
      await traffic(50, 2 * SECOND, sendOnce);
      for (let round = 0; round < 6; round += 1) {
        const before = logins();
        const inFlight = times(4, () => outcomeOf(bed.send(NEVER)));
        bed.provider.revokeTokens();
        const { failed } = await traffic(50, 10 * SECOND, sendOnce);
        expect(failed).toBeLessThanOrEqual(2);
        expect((await Promise.all(inFlight)).every((each) => attemptsOf(each) === 1)).toBe(true);
        expect(logins() - before).toBeLessThanOrEqual(2);
      }
    });

    it('loses as few POSTs at each of five revocations told by a bare 401, and sends none twice', async () => {
      await start({ refusalEnvelope: 'bare' });
      await traffic(50, 2 * SECOND, pay);
      for (let round = 0; round < 5; round += 1) {
        const before = logins();
        bed.provider.revokeTokens();
        const { failed, mostAttempts } = await traffic(50, 10 * SECOND, pay);
        expect(failed).toBeLessThanOrEqual(2);
        expect(mostAttempts).toBe(1);
        expect(logins() - before).toBeLessThanOrEqual(2);
      }
      expect(bed.provider.counts.replays).toBe(0);
    });
  });

  describe('that makes one call a minute which its merchant may not make, beside 1 200 others', () => {
    it('logs in 3 times in the hour at most, and once, at once, for a revocation', async () => {
      await start();
      bed.provider.misbehave({ fault: 'refuse', path: '/sandbox/payments' });
      await traffic(50, 2 * MINUTE, (index) => (index % 1_200 === 700 ? pay() : bed.send(READ)));
      // For the rest of the hour there are fewer accepted calls. So fewer signs show that the token still lives.
      await traffic(3 * SECOND, HOUR - 2 * MINUTE, (index) => (index % 20 === 7 ? pay() : bed.send(READ)));
      expect(logins() - 1).toBeLessThanOrEqual(3);
      const before = logins();
      bed.provider.revokeTokens();
      // One refused call between accepted ones does not show that the token is dead. A second refusal in a row does.
      const { failed } = await traffic(50, 10 * SECOND);
      expect(failed).toBeLessThanOrEqual(1);
      expect(logins() - before).toBe(1);
    });

    it('loses no call to a revocation that several calls meet together', async () => {
      await start();
      bed.provider.misbehave({ fault: 'refuse', path: '/sandbox/payments' });
      await traffic(3 * SECOND, HOUR / 2, (index) => (index % 20 === 7 ? pay() : bed.send(READ)));
      const before = logins();
      bed.provider.revokeTokens();
      const together = times(10, () => bed.outcome(READ));
      expect(tally(await bed.outwait(Promise.all(together)))).toMatchObject({ calls: 10, failed: 0 });
      expect(logins() - before).toBe(1);
    });
  });

  describe('whose merchant is suspended although logins succeed', () => {
    it.each([
      ['', {}, READ],
      [', with `replay: never`', {}, NEVER],
      [', with bare 401s', { refusalEnvelope: 'bare' as const }, READ],
    ])('logs in 3 times in 5 s, and 20 times in an hour%s', async (_, settings, call) => {
      await start(settings);
      await bed.send(READ);
      await bed.pass(5 * SECOND);
      bed.provider.suspend();
      const send = () => bed.send(call);
      expect(await traffic(10, 5 * SECOND, send)).toMatchObject({ calls: 500, failed: 500 });
      expect(logins() - 1).toBeLessThanOrEqual(3);
      const { mostAttempts } = await traffic(5 * SECOND, HOUR - 5 * SECOND, send);
      expect(mostAttempts).toBeLessThanOrEqual(3);
      expect(logins() - 1).toBeLessThanOrEqual(20);
    });

    it.each([
      ['', 'own' as const],
      [', with bare 401s', 'bare' as const],
    ])('on one path only logs in 3 times in 5 s, and 20 times in an hour%s', async (_, envelope) => {
      await start();
      await bed.send(READ);
      bed.provider.misbehave({ fault: 'refuse', path: '/sandbox/payments', envelope });
      expect(await traffic(10, 5 * SECOND, pay)).toMatchObject({ calls: 500, failed: 500 });
      expect(logins() - 1).toBeLessThanOrEqual(3);
      await traffic(5 * SECOND, HOUR - 5 * SECOND, pay);
      expect(logins() - 1).toBeLessThanOrEqual(20);
    });

    it('on one path only logs in 20 times in an hour, also beside as many calls that are accepted', async () => {
      await start();
      await bed.send(READ);
      await bed.pass(5 * SECOND);
      bed.provider.misbehave({ fault: 'refuse', path: '/sandbox/payments' });
      const outcomes: unknown[] = [];
      // Both calls are under way together: the accepted one does not show anything of the other.
      for (const startMs = bed.clock.now(); bed.clock.now() < startMs + HOUR; await bed.pass(5 * SECOND)) {
        const both = await bed.outwait(Promise.all([outcomeOf(pay()), bed.outcome(READ)]));
        outcomes.push(...both);
      }
      const { calls, failed } = tally(outcomes);
      expect(calls).toBeGreaterThan(1_000);
      expect(failed).toBe(calls / 2);
      expect(logins() - 1).toBeLessThanOrEqual(20);
    });
  });

  describe('whose calls on one path are always refused, beside one that is accepted', () => {
    it.each([
      { how: 'replayed', when: 'together', refused: 3, seconds: 10 },
      { how: 'replayed', when: 'together', refused: 2, seconds: 60 },
      { how: 'replayed', when: 'one after the other', refused: 3, seconds: 10 },
      { how: 'never replayed', when: 'together', refused: 2, seconds: 10 },
      { how: 'never replayed', when: 'together', refused: 2, seconds: 60 },
      { how: 'never replayed', when: 'one after the other', refused: 1, seconds: 5 },
      { how: 'never replayed', when: 'one after the other', refused: 3, seconds: 10 },
      { how: 'never replayed', when: 'one after the other', refused: 2, seconds: 60 },
    ])(
      'logs in 22 times in an hour at most: $refused every $seconds s, $how, $when',
      async ({ how, when, refused, seconds }) => {
        await start();
        await bed.send(READ);
        await bed.pass(5 * SECOND);
        bed.provider.misbehave({ fault: 'refuse', path: READ.url });
        const outcomes: unknown[] = [];
        const call = how === 'replayed' ? READ : NEVER;
        const send = [...times(refused, () => () => bed.outcome(call)), () => outcomeOf(pay())];
        const startMs = bed.clock.now();
        for (; bed.clock.now() < startMs + HOUR; await bed.pass(seconds * SECOND)) {
          if (when === 'together')
            outcomes.push(...(await bed.outwait(Promise.all(send.map((each) => each())))));
          else for (const each of send) outcomes.push(await bed.outwait(each()));
        }
        const { calls, failed } = tally(outcomes);
        expect(failed).toBe((calls / (refused + 1)) * refused);
        expect(logins() - 1).toBeLessThanOrEqual(22);
      },
    );
  });

  describe('whose many calls on one path are always refused, beside few that are accepted', () => {
    it.each([
      { how: 'replayed', every: 5 },
      { how: 'replayed', every: 20 },
      { how: 'never replayed', every: 20 },
    ])('logs in 3 times in 5 s: 1 of $every is accepted, $how', async ({ how, every }) => {
      await start();
      await bed.send(READ);
      await bed.pass(5 * SECOND);
      const heal = bed.provider.misbehave({ fault: 'refuse', path: READ.url });
      const call = how === 'replayed' ? READ : NEVER;
      const { calls, failed } = await traffic(10, 5 * SECOND, (index) =>
        index % every === 0 ? pay() : bed.send(call),
      );
      expect(failed).toBe(calls - calls / every);
      expect(logins() - 1).toBeLessThanOrEqual(3);
      // Every call refused, also those that were accepted until now, shows more than a long row on one path.
      heal();
      bed.provider.revokeTokens();
      const after = await traffic(10, 5 * SECOND, () => bed.send(READ));
      expect(after.failed).toBeLessThanOrEqual(80);
    });
  });

  describe('whose provider has two servers that disagree', () => {
    it('for 300 ms after each login loses one call in a hundred at most', async () => {
      await start({ tokenLifetimeMs: 10 * SECOND, nodesDisagreeForMs: 300 });
      const { calls, failed, mostAttempts } = await traffic(20, MINUTE);
      expect(failed / calls).toBeLessThanOrEqual(0.01);
      expect(mostAttempts).toBeLessThanOrEqual(3);
    });

    it('for 300 ms after the first login loses one call in a hundred at most, over ten starts', async () => {
      const sum = { calls: 0, failed: 0 };
      for (const at of Array.from({ length: 10 }).keys()) {
        if (at > 0) await bed.close();
        await start({ nodesDisagreeForMs: 300 }, `start ${at}`);
        const { calls, failed, mostAttempts } = await traffic(20, 3 * SECOND);
        sum.calls += calls;
        sum.failed += failed;
        expect(mostAttempts).toBeLessThanOrEqual(3);
      }
      expect(sum.calls).toBe(1_500);
      expect(sum.failed / sum.calls).toBeLessThanOrEqual(0.01);
    });

    it('for ever forces no more renewals than the bucket gives, and sends refused calls again', async () => {
      await start({ nodesDisagreeForMs: 'always' });
      const { calls, failed } = await traffic(200, 10 * MINUTE);
      // Every attempt meets the second server with a chance of one half, so a quarter of the calls meets it twice.
      expect(failed / calls).toBeLessThanOrEqual(0.28);
      expect(logins() - 1).toBeLessThanOrEqual(20 + (10 * MINUTE) / (10 * SECOND));
    });
  });

  describe('whose wall clock is set forward by an hour', () => {
    it('serves every call of 1 500 merchants, and renews each token once at most, few at a time', async () => {
      const calls = await startWithMerchants(1_500, { tokenLifetimeMs: HOUR });
      await bed.outwait(Promise.all(calls.map((each) => bed.outcome(each))));
      await bed.pass(5 * SECOND);
      expect(logins()).toBe(1_500);
      bed.provider.reset();
      bed.stepWallClock(HOUR);
      const outcomes = await Promise.all(calls.map((each) => bed.outcome(each)));
      expect(tally(outcomes)).toMatchObject({ calls: 1_500, failed: 0, mostAttempts: 1 });
      await bed.pass(2 * MINUTE);
      expect(logins()).toBeLessThanOrEqual(1_500);
      // No caller waits for these renewals. They take 8 of the 32 places.
      expect(bed.provider.counts.mostTokenRequestsAtOnce).toBeLessThanOrEqual(8);
    });
  });

  describe('whose issuer hands out the same token until it dies', () => {
    it('asks it once per lifetime, and loses no call', async () => {
      await start({ tokenLifetimeMs: 10 * SECOND, sameTokenUntilDead: true });
      const { failed } = await traffic(20, MINUTE);
      expect(failed).toBe(0);
      expect(logins()).toBeLessThanOrEqual(6 + 1);
    });
  });

  describe('whose adapter answers without headers', () => {
    it.each([
      [200, undefined],
      [401, undefined],
      [200, null],
      [401, null],
      [500, null],
    ])('gives its caller the answer, with status %d and headers that are %s', async (status, headers) => {
      await start();
      const answer = { status, data: { ok: true }, ...(headers === undefined ? {} : { headers }) };
      const adapter = (config: object) => Promise.resolve({ ...answer, config } as never);
      const call = bed.send({ ...READ, adapter, validateStatus: () => true });
      expect(await bed.outwait(call)).toMatchObject({ status, data: { ok: true } });
    });
  });
});

describe('two static keys, of which one server knows the new one only, and another the old one only', () => {
  const NEW = 'test-key-not-real-new';
  const OLD = 'test-key-not-real-old';
  const acme = defineProvider<{ key: string }>({
    name: 'acme',
    title: 'Acme',
    docs: 'https://acme.test/docs',
    environments: { live: 'https://acme.test' },
    credentials: { key: {} },
    headers: ({ credentials }) => ({ 'X-Key': credentials.key }),
    refusal: { refused: ({ status, body }) => status === 401 && textAt(body, 'error') === 'key' },
  });

  it('serve calls that are still on their way when the keys are loaded again', async () => {
    const keys = [{ clientSecret: OLD }];
    const bed = await startProviderBed('cashfin', {
      options: { credentials: () => [...keys], credentialsTtlMs: 1_000 },
    });
    try {
      bed.provider.rotate({ credentials: keys[0] as object, oldWorksForMs: 0 });
      await bed.send(READ);
      keys.unshift({ clientSecret: NEW });
      bed.provider.rotate({ credentials: { clientSecret: NEW }, oldWorksForMs: HOUR, newWorksAfterMs: HOUR });
      await bed.pass(2 * SECOND);
      bed.provider.misbehave({ fault: 'slow', delayMs: 200, times: 5 });
      const calls = times(5, (index) => bed.outcome(index === 0 ? { ...READ, method: 'POST' } : READ));
      await until(() => bed.provider.counts.refusals === 5);
      await bed.clock.advance(2 * SECOND);
      expect(tally(await Promise.all(calls))).toEqual({ calls: 5, failed: 0, mostAttempts: 2 });
    } finally {
      await bed.close();
    }
  });

  it('serve each of 1 800 calls to either server, sent twice at most', async () => {
    const arrived = new Map<string, number>();
    const server = await startLoopbackServer(({ url, headers }, response) => {
      arrived.set(url, (arrived.get(url) ?? 0) + 1);
      const isKnown = headers['x-key'] === (url.startsWith('/one') ? NEW : OLD);
      json(response, isKnown ? 200 : 401, isKnown ? {} : { error: 'key' });
    });
    const application = await startApplication({
      providers: { acme: { provider: acme, baseUrl: server.url, credentials: [{ key: NEW }, { key: OLD }] } },
    });
    const { axiosRef } = application.paymentsAuth.http('acme');
    const outcomes: unknown[] = [];
    const caller = async (_: unknown, index: number) => {
      for (let call = 0; call < 450; call += 1) {
        const which = (call * 7 + index * 3) % 5 < 3 ? 'one' : 'two';
        const method = call % 3 === 0 ? 'POST' : 'GET';
        outcomes.push(await outcomeOf(axiosRef.request({ method, url: `/${which}/${index}-${call}` })));
      }
    };
    try {
      await Promise.all([0, 1, 2, 3].map(caller));
      expect(tally(outcomes)).toMatchObject({ calls: 1_800, failed: 0 });
      expect(Math.max(...arrived.values())).toBe(2);
    } finally {
      await application.close();
      await server.close();
    }
  });

  it('serve each of 200 calls behind a balancer that takes turns', async () => {
    let requests = 0;
    const server = await startLoopbackServer(({ headers }, response) => {
      const isKnown = headers['x-key'] === ((requests += 1) % 2 === 0 ? NEW : OLD);
      json(response, isKnown ? 200 : 401, isKnown ? {} : { error: 'key' });
    });
    const application = await startApplication({
      providers: { acme: { provider: acme, baseUrl: server.url, credentials: [{ key: NEW }, { key: OLD }] } },
    });
    const { axiosRef } = application.paymentsAuth.http('acme');
    const outcomes: unknown[] = [];
    try {
      for (let call = 0; call < 200; call += 1)
        outcomes.push(
          await outcomeOf(axiosRef.request({ method: call % 3 === 0 ? 'POST' : 'GET', url: `/${call}` })),
        );
      expect(tally(outcomes)).toEqual({ calls: 200, failed: 0, mostAttempts: 3 });
    } finally {
      await application.close();
      await server.close();
    }
  });
});
