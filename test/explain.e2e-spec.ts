import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { OWN_ACCOUNT, type ProviderOptions } from 'nestjs-payments-auth';
import type { ProviderName } from 'payments-sandbox';
import { startApplication } from './support/application.js';
import { findLeaks } from './support/leak-checker.js';
import { type ProviderBed, secretsOf, startProviderBed } from './support/sandbox-bed.js';
import { failure, outcomeOf, until } from './support/waiting.js';

const LIFETIME_MS = 3_600_000;
const CALL = { url: '/sandbox/echo' };

let bed: ProviderBed;

afterEach(() => bed.close());

async function start(name: ProviderName = 'wakapay', options: Partial<ProviderOptions> = {}): Promise<void> {
  bed = await startProviderBed(name, { settings: { tokenLifetimeMs: LIFETIME_MS }, options });
}

const explain = (account?: string) => bed.paymentsAuth.explain(bed.name, account);
const host = () => new URL(Object.values(bed.provider.baseUrls)[0] as string).host;
/** The time of the test's clock, in whole milliseconds. */
const now = () => bed.clock.now();

describe('the explanation of a credential without a failure', () => {
  it('says idle since the start, and then fresh since its token came', async () => {
    await start();
    const startedAtMs = now();
    await bed.clock.advance(5_000);
    expect(await explain()).toEqual({ state: 'idle', sinceMs: startedAtMs, host: host() });
    const obtainedAtMs = now();
    await bed.send(CALL);
    await bed.clock.advance(60_000);
    const calledAtMs = now();
    await bed.send(CALL);
    await bed.clock.advance(1_000);
    expect(await explain()).toEqual({
      state: 'fresh',
      sinceMs: obtainedAtMs,
      host: host(),
      lastSuccessAtMs: calledAtMs,
    });
  });

  it('of a static key names no success before a call was accepted', async () => {
    await start('cashfin');
    await bed.credentials.get();
    expect(await explain()).toEqual({ state: 'fresh', sinceMs: now(), host: host() });
    await bed.send(CALL);
    expect(await explain()).toMatchObject({ lastSuccessAtMs: now() });
  });

  it('names the environment where one was chosen', async () => {
    await start('wakapay');
    const application = await startApplication({
      providers: {
        wakapay: {
          environment: 'test',
          credentials: bed.provider.credentials as never,
          keepWarm: 'when-used',
        },
      },
    });
    const { environment, host: place } = await application.paymentsAuth.explain('wakapay');
    expect({ environment, place }).toEqual({ environment: 'test', place: expect.stringContaining('.') });
    await application.close();
  });
});

describe('the explanation of a login that fails', () => {
  it('for a wrong secret has the words of the provider, its cause, the cure, and the pause', async () => {
    await start();
    bed.provider.rotate({ oldWorksForMs: 0 });
    const error = await failure(bed.send(CALL));
    expect(await explain()).toEqual({
      state: 'rejected',
      sinceMs: now(),
      host: host(),
      lastFailure: {
        on: 'login',
        atMs: now(),
        host: host(),
        status: 401,
        reason: expect.stringMatching(/invalid credentials/i),
      },
      pausedUntilMs: expect.any(Number),
      cause: 'the pair is wrong, or of the other environment',
      fix: expect.stringContaining('WAKAPAY_API_SECRET'),
    });
    expect((await explain()).pausedUntilMs).toBe(now() + Number(error['retryAfterMs']));
    // The error of the call has the same names, so that it leads to the explanation.
    expect(error).toMatchObject({
      code: 'CREDENTIALS_REJECTED',
      provider: 'wakapay',
      host: host(),
      status: 401,
      credential: expect.stringMatching(/^[0-9a-f]{8}$/),
    });
  });

  it('keeps the clock as the cause, and the time of the login, while other calls are turned away', async () => {
    await start('wakapay');
    const { credentials } = bed.provider;
    const server = createServer((_, response) => {
      response.setHeader('Date', new Date(now() + 600_000).toUTCString());
      response.writeHead(401, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ code: 'UNAUTHORIZED', error: 'Invalid credentials' }));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const options = { credentials, baseUrl: `http://127.0.0.1:${port}` } as Partial<ProviderOptions>;
    await bed.close();
    await start('wakapay', options);
    await failure(bed.send(CALL));
    const before = await explain();
    expect(before).toMatchObject({ cause: expect.stringMatching(/clock of this machine is 10 min behind/) });
    await bed.clock.advance(5_000);
    await failure(bed.send(CALL));
    expect(await explain()).toEqual(before);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('during an outage says degraded, then unavailable since the token ended, then fresh', async () => {
    await start();
    await bed.send(CALL);
    const servedAtMs = now();
    await bed.pass(0.85 * LIFETIME_MS);
    bed.provider.misbehave({ fault: 'server-error', on: 'token' });
    const failingSinceMs = now();
    await failure(bed.outwait(bed.credentials.refresh()));
    const degraded = await explain();
    expect(degraded).toMatchObject({
      state: 'degraded',
      lastSuccessAtMs: servedAtMs,
      lastFailure: { on: 'login', host: host(), status: 503 },
      cause: 'the provider has a failure of its own',
    });
    expect(degraded.sinceMs).toBeGreaterThanOrEqual(failingSinceMs);
    expect(degraded.sinceMs).toBeLessThan(failingSinceMs + 10_000);

    await bed.pass(0.3 * LIFETIME_MS);
    const error = await failure(bed.outwait(bed.send(CALL)));
    expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE', host: host(), status: 503 });
    const unavailable = await explain();
    expect(unavailable).toMatchObject({ state: 'unavailable', lastSuccessAtMs: servedAtMs });
    // A token is not used in the last moments of its life, in which a call could arrive too late.
    expect(unavailable.sinceMs).toBeLessThanOrEqual(servedAtMs + LIFETIME_MS);
    expect(unavailable.sinceMs).toBeGreaterThan(servedAtMs + 0.9 * LIFETIME_MS);
    expect(unavailable.pausedUntilMs).toBeGreaterThan(now());

    bed.provider.behave();
    await bed.clock.advance(60_000);
    await bed.outwait(bed.send(CALL));
    const cured = await explain();
    expect(cured).toMatchObject({ state: 'fresh', lastFailure: { on: 'login', status: 503 } });
    expect(cured).not.toHaveProperty('cause');
    expect(cured).not.toHaveProperty('fix');
    expect(cured).not.toHaveProperty('pausedUntilMs');
  });

  it('says rejected, and not degraded, once calls with the old token are refused as well', async () => {
    await start();
    await bed.send(CALL);
    bed.provider.rotate({ oldWorksForMs: 0 });
    await failure(bed.outwait(bed.credentials.refresh()));
    // Calls still succeed with the old token.
    await bed.send(CALL);
    expect(await explain()).toMatchObject({ state: 'degraded', lastFailure: { on: 'login', status: 401 } });
    bed.provider.revokeTokens();
    await bed.clock.advance(5_000);
    const refusedAtMs = now();
    await outcomeOf(bed.outwait(bed.send(CALL)));
    const rejected = await explain();
    expect(rejected).toMatchObject({
      state: 'rejected',
      lastFailure: { on: 'login', status: 401 },
      cause: 'the pair is wrong, or of the other environment',
      fix: expect.stringContaining('WAKAPAY_API_SECRET'),
    });
    expect(rejected.sinceMs).toBeGreaterThanOrEqual(refusedAtMs);
    expect(rejected.sinceMs).toBeLessThanOrEqual(now());
    expect(bed.credentials.status()).toMatchObject({ lastErrorCode: 'CREDENTIALS_REJECTED' });
  });

  it('says unavailable where logins fail and the old token is refused as well', async () => {
    await start();
    await bed.send(CALL);
    bed.provider.misbehave({ fault: 'server-error', on: 'token' });
    bed.provider.revokeTokens();
    await bed.clock.advance(5_000);
    await outcomeOf(bed.outwait(bed.send(CALL)));
    expect(await explain()).toMatchObject({
      state: 'unavailable',
      lastFailure: { on: 'login', status: 503 },
      cause: 'the provider has a failure of its own',
    });
    bed.provider.behave();
    await bed.clock.advance(60_000);
    await bed.outwait(bed.send(CALL));
    expect(await explain()).toMatchObject({ state: 'fresh' });
  });

  it.each([5, 60])(
    'of a revocation while logins fail says when the next one can be, after %i calls',
    async (calls) => {
      await start();
      await bed.send(CALL);
      const revokedAtMs = now();
      bed.provider.misbehave({ fault: 'server-error', on: 'token' });
      bed.provider.revokeTokens();
      for (let call = 0; call < calls; call += 1) {
        await bed.clock.advance(500);
        await outcomeOf(bed.outwait(bed.send(CALL)));
      }
      const during = await explain();
      expect(during).toMatchObject({
        state: 'unavailable',
        lastSuccessAtMs: revokedAtMs,
        lastFailure: { on: 'login', status: 503, host: host() },
        cause: 'the provider has a failure of its own',
      });
      expect(during.sinceMs).toBeGreaterThanOrEqual(revokedAtMs);

      bed.provider.behave();
      const { tokenRequests } = bed.provider.counts;
      const pausedForMs = (during.pausedUntilMs ?? now()) - now();
      // A failed login is tried again after a minute at the latest, and nothing else delays it.
      expect(pausedForMs).toBeLessThanOrEqual(60_000);
      await bed.clock.advance(pausedForMs);
      expect(await bed.outwait(bed.send(CALL))).toMatchObject({ status: 200 });
      expect(bed.provider.counts.tokenRequests).toBe(tokenRequests + 1);
      const after = await explain();
      // The last failure is the first attempt of this call, before it succeeded with the new token.
      expect(after).toMatchObject({ state: 'fresh', lastFailure: { on: 'call', status: 401 } });
      for (const name of ['cause', 'fix', 'pausedUntilMs']) expect(after).not.toHaveProperty(name);
    },
  );

  it('says that a login takes long, before anything has failed', async () => {
    await start();
    bed.provider.misbehave({ fault: 'hang', on: 'token', times: 1 });
    const call = outcomeOf(bed.send(CALL));
    await until(() => bed.provider.counts.tokenRequests === 1);
    await bed.clock.advance(2_000);
    expect(await explain()).not.toHaveProperty('cause');
    await bed.clock.advance(4_500);
    const slow = await explain();
    expect(slow).toMatchObject({
      state: 'acquiring',
      cause: 'the login has not ended for 6.5 s: the provider answers slowly, or many logins wait before it',
      fix: expect.stringContaining("the provider's status page"),
    });
    expect(slow).not.toHaveProperty('lastFailure');
    await bed.outwait(call);
    await bed.outwait(bed.send(CALL));
    expect(await explain()).not.toHaveProperty('cause');
  });

  it('names a host that refuses connections, and every later error names it too', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    await start('wakapay', { baseUrl: `http://127.0.0.1:${port}` });
    const first = await failure(bed.outwait(bed.send(CALL)));
    // This call gets its error at once, without another attempt.
    const second = await failure(bed.send(CALL));
    const credential = expect.stringMatching(/^[0-9a-f]{8}$/);
    for (const error of [first, second])
      expect(error).toMatchObject({ host: `127.0.0.1:${port}`, reason: 'ECONNREFUSED', credential });
    expect(await explain()).toMatchObject({
      state: 'unavailable',
      lastFailure: { on: 'login', reason: 'ECONNREFUSED', host: `127.0.0.1:${port}` },
      cause: 'nothing listens at this address',
    });
  });

  it('for a wrong clock names the clock, whatever the words of the provider are', async () => {
    await start('wakapay');
    const { credentials, baseUrls } = bed.provider;
    bed.provider.rotate({ oldWorksForMs: 0 });
    // This application runs on the time of the machine; the clock of the bed, and of the provider, runs ahead.
    await bed.clock.advance(10 * 60_000);
    const server = createServer((_, response) => {
      response.setHeader('Date', new Date(Date.now() + 600_000).toUTCString());
      response.writeHead(401, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ code: 'UNAUTHORIZED', error: 'Invalid credentials' }));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    expect(Object.keys(baseUrls)).toHaveLength(1);
    const application = await startApplication({
      providers: {
        wakapay: {
          baseUrl: `http://127.0.0.1:${port}`,
          credentials: credentials as never,
          keepWarm: 'when-used',
        },
      },
    });
    await failure(application.paymentsAuth.credentials('wakapay').get());
    expect(await application.paymentsAuth.explain('wakapay')).toMatchObject({
      state: 'rejected',
      cause: expect.stringMatching(/clock of this machine is 10 min behind/),
      fix: expect.stringContaining('NTP'),
    });
    await application.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('the explanation of calls that fail', () => {
  it.each([
    ['a quota', { fault: 'rate-limit', on: 'call' }, 429, /enough requests/],
    ['an outage', { fault: 'server-error', on: 'call' }, 503, /failure of its own/],
  ] as const)('for %s has the status and the cause, while the credential is fresh', async (...row) => {
    const [, misbehaviour, status, cause] = row;
    await start();
    bed.provider.misbehave({ ...misbehaviour, times: 1 });
    await failure(bed.send(CALL));
    expect(await explain()).toMatchObject({
      state: 'fresh',
      lastFailure: { on: 'call', atMs: now(), host: host(), status },
      cause: expect.stringMatching(cause),
    });
    await bed.send(CALL);
    expect(await explain()).not.toHaveProperty('cause');
  });

  it('for a static key at its quota speaks of calls, and of no login', async () => {
    await start('kashier');
    bed.provider.misbehave({ fault: 'rate-limit', on: 'call', times: 1 });
    await failure(bed.send(CALL));
    const { lastFailure, cause, fix, state } = await explain();
    expect({ state, lastFailure }).toMatchObject({
      state: 'fresh',
      lastFailure: { on: 'call', status: 429 },
    });
    expect(`${cause} ${fix}`).toMatch(/fewer calls/);
    expect(`${lastFailure?.reason} ${cause} ${fix}`).not.toMatch(/login|token/i);
  });

  it('for a merchant that no new token helps says until when no token is asked for', async () => {
    await start();
    await bed.send(CALL);
    bed.provider.misbehave({ fault: 'refuse', on: 'call' });
    for (let call = 0; call < 6; call += 1) {
      await bed.clock.advance(3_000);
      await outcomeOf(bed.outwait(bed.send(CALL)));
    }
    const explained = await explain();
    expect(explained).toMatchObject({
      lastFailure: { on: 'call', status: 401, host: host() },
      cause: 'WakaPay does not accept the token that it has just issued',
    });
    expect(explained.pausedUntilMs).toBeGreaterThan(now());
  });

  it('for a call that was refused with an earlier token does not speak of the present one', async () => {
    await start();
    await bed.send(CALL);
    await bed.clock.advance(60_000);
    bed.provider.revokeTokens();
    // The refusal forces a login, which the call does not wait for, because it is never sent again.
    const error = await failure(bed.send({ ...CALL, paymentsAuth: { replay: 'never' } }));
    expect(error).toMatchObject({ response: { status: 401 } });
    await bed.clock.advance(1_000);
    await until(() => bed.eventsOf('credential-obtained').length === 2);
    expect(await explain()).toMatchObject({
      state: 'fresh',
      lastFailure: { on: 'call', status: 401 },
      cause: 'the call was refused with an earlier token, and no call has tried the present one yet',
      fix: 'let one call try it: what that call brings is shown here',
    });
    await bed.send(CALL);
    expect(await explain()).not.toHaveProperty('cause');
  });

  it('for words that the definition does not know quotes them, and names no firewall', async () => {
    await start();
    bed.provider.misbehave({ fault: 'forbid', on: 'call', times: 1 });
    await outcomeOf(bed.send(CALL));
    expect(await explain()).toMatchObject({
      lastFailure: { on: 'call', status: 403, reason: 'This credential may not do this' },
      cause: expect.stringContaining('in words that the definition does not know'),
      fix: expect.stringContaining('whether this merchant and this server may make the call'),
    });
  });

  it('for a static key that is refused speaks of the key, and of no login', async () => {
    await start('kashier');
    bed.provider.rotate({ oldWorksForMs: 0 });
    await outcomeOf(bed.outwait(bed.send(CALL)));
    const { cause, fix } = await explain();
    expect(`${cause} ${fix}`).toMatch(/the key on calls: wrong, rotated.*unless the log says/);
    expect(`${cause} ${fix}`).not.toMatch(/login|token/i);
  });

  it('for a connection that is cut has the code of the system', async () => {
    await start();
    bed.provider.misbehave({ fault: 'drop', on: 'call', times: 1 });
    await failure(bed.send(CALL));
    expect(await explain()).toMatchObject({
      lastFailure: { on: 'call', reason: 'ECONNRESET', host: host() },
      cause: 'the connection was cut',
    });
  });

  it('of a key that is refused says rejected, and fresh again since a call was accepted', async () => {
    let current = '';
    await start('cashfin', {
      credentials: () => ({ clientSecret: current }),
      credentialsTtlMs: 60_000,
    });
    current = bed.provider.credentials['clientSecret' as never];
    await bed.send(CALL);
    bed.provider.rotate({ oldWorksForMs: 0 });
    await outcomeOf(bed.outwait(bed.send(CALL)));
    const refusedAtMs = now();
    expect(await explain()).toMatchObject({ state: 'rejected', lastFailure: { on: 'call', status: 401 } });
    expect((await explain()).sinceMs).toBeLessThanOrEqual(refusedAtMs);
    current = bed.provider.credentials['clientSecret' as never];
    await bed.clock.advance(120_000);
    await bed.outwait(bed.send(CALL));
    const { state, sinceMs } = await explain();
    expect(state).toBe('fresh');
    expect(sinceMs).toBeGreaterThan(refusedAtMs);
  });

  it.each([
    ['stays the same', 'same'],
    ['gives way to another one that is refused too', 'other'],
  ])('of a key that %s keeps its last success when it is refused', async (_, kind) => {
    let current: object = {};
    await start('cashfin', { credentials: () => current as never, credentialsTtlMs: 10_000 });
    current = bed.provider.credentials;
    await bed.send(CALL);
    const servedAtMs = now();
    // The function of the key is asked again meanwhile.
    await bed.clock.advance(30_000);
    await bed.credentials.get();
    expect(await explain()).toMatchObject({ state: 'fresh', lastSuccessAtMs: servedAtMs });
    current = kind === 'same' ? { ...current } : { clientSecret: 'test-not-real-0123456789' };
    bed.provider.rotate({ oldWorksForMs: 0 });
    for (let call = 0; call < 3; call += 1) {
      await outcomeOf(bed.outwait(bed.send(CALL)));
      expect(await explain()).toMatchObject({ state: 'rejected', lastSuccessAtMs: servedAtMs });
      await bed.clock.advance(2_000);
    }
  });

  it('has nothing about a 404, 409 or 422, nor about calls that their caller cancels', async () => {
    await start();
    await outcomeOf(bed.send({ url: '/nothing/here' }));
    bed.provider.misbehave({ fault: 'hang', on: 'call', times: 1 });
    const end = new AbortController();
    const call = bed.send({ ...CALL, signal: end.signal });
    end.abort();
    await failure(call);
    expect(await explain()).not.toHaveProperty('lastFailure');
  });
});

describe('the explanation of one merchant', () => {
  it('is about that merchant alone, and stays after the merchant was dropped', async () => {
    await start('wakapay', {
      credentials: undefined,
      accounts: (id: string) =>
        bed.provider.accounts.includes(id) ? bed.provider.credentialsOf(id) : undefined,
    });
    bed.provider.addAccount('good');
    bed.provider.addAccount('broken');
    bed.provider.misbehave({ fault: 'server-error', on: 'token', account: 'broken' });
    const call = (account: string) => bed.outwait(bed.send({ ...CALL, paymentsAuth: { account } }));
    await call('good');
    expect(await failure(call('broken'))).toMatchObject({ account: 'broken', status: 503, host: host() });
    expect(await explain('good')).not.toHaveProperty('lastFailure');
    const broken = await explain('broken');
    expect(broken).toMatchObject({ state: 'unavailable', lastFailure: { on: 'login', status: 503 } });
    await bed.pass(120_000);
    expect(bed.paymentsAuth.status({ account: 'broken' })).toEqual([]);
    const { lastFailure, cause } = broken;
    expect(await explain('broken')).toMatchObject({ state: 'idle', lastFailure, cause });
  });

  it('asks the application, and no provider, whether an unused merchant exists', async () => {
    let isDown = false;
    await start('wakapay', {
      credentials: undefined,
      accounts: (id: string) => {
        if (isDown) throw new Error('the database is down');
        return id === 'shop-1' ? bed.provider.credentials : undefined;
      },
    });
    expect(await explain('shop-1')).toMatchObject({ state: 'idle' });
    expect(await failure(explain('nobody'))).toMatchObject({ code: 'ACCOUNT_UNKNOWN', account: 'nobody' });
    expect(await failure(explain())).toMatchObject({ code: 'ACCOUNT_UNKNOWN' });
    isDown = true;
    expect(await explain('shop-1')).toMatchObject({
      state: 'unavailable',
      lastFailure: { on: 'load', reason: 'their resolver failed' },
      cause: expect.stringContaining("application's own function"),
    });
    expect(bed.provider.requests).toEqual([]);
  });

  it('names the operation load when the application cannot load the credentials', async () => {
    await start('wakapay', {
      credentials: () => {
        throw new Error('vault is sealed');
      },
    });
    await failure(bed.outwait(bed.send(CALL)));
    const explained = await explain();
    expect(explained).toMatchObject({ state: 'unavailable', lastFailure: { on: 'load' } });
    expect(explained.lastFailure).not.toHaveProperty('host');
    expect(await failure(bed.paymentsAuth.explain('nobody'))).toMatchObject({
      code: 'PROVIDER_NOT_CONFIGURED',
    });
  });

  it('can be that of the own account, by OWN_ACCOUNT', async () => {
    await start();
    expect(await bed.paymentsAuth.explain('wakapay', OWN_ACCOUNT)).toEqual(await explain());
  });
});

const counted = () => {
  const { calls, failedCalls, replays } = bed.credentials.status().counters;
  return { calls, failedCalls, replays };
};

describe('calls', () => {
  it('are counted once each, and as failed when they fail in the end', async () => {
    await start();
    await bed.send(CALL);
    expect(counted()).toEqual({ calls: 1, failedCalls: 0, replays: 0 });
    bed.provider.revokeTokens();
    await bed.outwait(bed.send(CALL));
    expect(counted()).toEqual({ calls: 2, failedCalls: 0, replays: 1 });
    bed.provider.misbehave({ fault: 'server-error', on: 'call', times: 1 });
    await failure(bed.send(CALL));
    expect(counted()).toEqual({ calls: 3, failedCalls: 1, replays: 1 });
    await outcomeOf(bed.send({ url: '/nothing/here' }));
    expect(counted()).toEqual({ calls: 4, failedCalls: 1, replays: 1 });
    await failure(bed.send({ url: 'https://elsewhere.test/balance' }));
    expect(counted()).toEqual({ calls: 5, failedCalls: 2, replays: 1 });
    bed.provider.rotate({ oldWorksForMs: 0 });
    bed.provider.revokeTokens();
    await failure(bed.outwait(bed.send({ ...CALL, method: 'POST', data: {} })));
    expect(counted()).toMatchObject({ calls: 6, failedCalls: 3 });
  });
});

describe('calls without a credential', () => {
  it('count as failed when their time ends, and not as failed when their caller ends them', async () => {
    await start();
    bed.provider.misbehave({ fault: 'hang', on: 'token', times: 1 });
    const end = new AbortController();
    const timed = outcomeOf(bed.send({ ...CALL, timeout: 1_000 }));
    const cancelled = outcomeOf(bed.send({ ...CALL, signal: end.signal }));
    await until(() => bed.provider.counts.tokenRequests === 1);
    end.abort();
    await cancelled;
    expect(counted()).toEqual({ calls: 1, failedCalls: 0, replays: 0 });
    await bed.clock.advance(1_000);
    expect(await timed).toMatchObject({ code: 'ECONNABORTED' });
    expect(counted()).toEqual({ calls: 2, failedCalls: 1, replays: 0 });
    // The login ends later, and nothing is counted twice.
    await bed.outwait(bed.send(CALL));
    expect(counted()).toEqual({ calls: 3, failedCalls: 1, replays: 0 });
  });

  it('are those of the HttpService: another client counts its own', async () => {
    await start();
    bed.provider.rotate({ oldWorksForMs: 0 });
    await failure(bed.credentials.get());
    await failure(bed.credentials.headers());
    await failure(bed.credentials.authenticate({ method: 'GET', url: CALL.url }));
    expect(counted()).toEqual({ calls: 0, failedCalls: 0, replays: 0 });
    expect(bed.credentials.status()).toMatchObject({ state: 'rejected', counters: { waits: 1 } });
  });
});

describe('the errors of a call that was not sent', () => {
  it('name the credential and the host that it would have gone to', async () => {
    await start();
    await bed.send(CALL);
    const { id: credential } = await bed.credentials.get();
    expect(await failure(bed.send({ url: 'https://elsewhere.test/balance' }))).toMatchObject({
      code: 'INSECURE_DESTINATION',
      provider: 'wakapay',
      credential,
      host: 'elsewhere.test',
    });
  });
});

describe('explanations', () => {
  it('hold no secret, also when the provider repeats what it was sent', async () => {
    await start();
    await bed.send(CALL);
    bed.provider.misbehave({ fault: 'refuse', on: 'call', times: 3 });
    await outcomeOf(bed.outwait(bed.send({ ...CALL, method: 'POST', data: bed.provider.credentials })));
    bed.provider.rotate({ oldWorksForMs: 0 });
    await failure(bed.outwait(bed.credentials.refresh()));
    const explained = await explain();
    expect(explained.lastFailure).toBeDefined();
    expect(findLeaks(explained, secretsOf(bed.provider))).toEqual([]);
  });
});
