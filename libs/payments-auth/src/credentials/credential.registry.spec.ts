import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type CredentialBed,
  failure,
  changing,
  fixed,
  held,
  issuing,
  LOGIN_DEFINITION,
  LOGIN_STRATEGY,
  SECRET,
  startCredentialBed,
  until,
  quiet,
} from '../../../../test/support/credential-bed.js';
import { json } from '../../../../test/support/loopback-server.js';
import type { TokenStrategy } from '../strategies/strategy.js';

const HOUR = 3_600_000;

let bed: CredentialBed;
afterEach(() => bed.close());

/** This definition expects that every answer is JSON, and throws when it is not. */
const tripsOverPages: TokenStrategy['read'] = (answer, requestedAtMs) => {
  if (typeof answer.body !== 'object') throw new TypeError('Cannot read properties of undefined');
  return LOGIN_STRATEGY.read(answer, requestedAtMs);
};

describe('getting a credential', () => {
  it('costs one token request however many callers ask at the same time', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    const all = await Promise.all(Array.from({ length: 1_000 }, () => service.headers()));
    expect(new Set(all.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer t1']));
    expect(bed.logins).toHaveLength(1);
  });

  it('gives each caller headers of its own', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    const first = await service.headers();
    first['authorization'] = 'spoilt';
    expect(await service.headers()).toEqual({ authorization: 'Bearer t1' });
  });

  it('takes the credential from memory while it lives', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    const first = await service.get();
    await bed.clock.advance(HOUR - 62_000);
    expect(await service.get()).toBe(first);
    expect(bed.logins).toHaveLength(1);
  });

  it('does not remember a failure: the next caller gets a credential', async () => {
    bed = await startCredentialBed();
    bed.answer = (_, index, response) =>
      index === 1 ? json(response, 401, { error: 'invalid_client' }) : issuing(HOUR)(_, index, response);
    const service = bed.registry.service('acme');
    await failure(service.get());
    await bed.clock.advance(31_000);
    expect((await service.get()).token).toBe('t2');
  });

  it('fails for a provider that is not configured, and says so', async () => {
    bed = await startCredentialBed();
    expect(() => bed.registry.service('other')).toThrow(/Provider "other" is not configured/);
  });

  it('is not harmed by a listener that throws', async () => {
    bed = await startCredentialBed(
      {},
      {
        emit: () => {
          throw new Error('logging is down');
        },
      },
    );
    await expect(bed.registry.service('acme').headers()).resolves.toEqual({ authorization: 'Bearer t1' });
  });
});

describe('a failing provider', () => {
  it('is asked again, with growing pauses, while the caller waits', async () => {
    bed = await startCredentialBed();
    bed.answer = (_, index, response) =>
      index < 3 ? json(response, 503, {}) : issuing(HOUR)(_, index, response);
    const credential = bed.registry.service('acme').get();
    for (let second = 0; second < 6; second += 1) {
      await quiet();
      await bed.clock.advance(1_000);
    }
    expect((await credential).token).toBe('t3');
  });

  it('costs the first caller 15 s, and tells the next caller at once when to try again', async () => {
    bed = await startCredentialBed();
    bed.answer = (_, __, response) => json(response, 503, {});
    const service = bed.registry.service('acme');
    const first = failure(service.get());
    for (let step = 0; step < 32; step += 1) {
      await quiet();
      await bed.clock.advance(500);
    }
    expect(await first).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE', reason: 'HTTP 503' });
    bed.answer = (_, __, response) => json(response, 503, {});
    await bed.clock.advance(1_100);
    // The next caller makes one attempt. Every caller after it gets the error at once.
    await failure(service.get());
    const before = bed.logins.length;
    const errors = await Promise.all(Array.from({ length: 100 }, () => failure(service.get())));
    expect(bed.logins).toHaveLength(before);
    expect(errors.every(({ code }) => code === 'CREDENTIALS_UNAVAILABLE')).toBe(true);
    expect(errors[0]?.['retryAfterMs']).toBe(2_000);
    expect(new Set(errors).size).toBe(100);
  });

  it('is waited for 15 s at most, also when it never answers', async () => {
    bed = await startCredentialBed();
    bed.answer = () => undefined;
    const credential = failure(bed.registry.service('acme').get());
    await until(() => bed.logins.length === 1);
    for (let second = 0; second < 16; second += 1) {
      await quiet();
      await bed.clock.advance(1_000);
    }
    expect(await credential).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
  });

  it('is not asked for as long as its 429 says, by any credential of the endpoint', async () => {
    bed = await startCredentialBed({ accounts: fixed(() => [SECRET]) });
    bed.answer = (_, __, response) => json(response, 429, {}, { 'retry-after': '40' });
    const error = await failure(bed.registry.service('acme', 'm1').get());
    expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE', retryAfterMs: 40_000 });
    bed.answer = issuing(HOUR);
    await bed.clock.advance(10_000);
    const other = await failure(bed.registry.service('acme', 'm2').get());
    expect(other['retryAfterMs']).toBe(30_000);
    expect(bed.logins).toHaveLength(1);
    await bed.clock.advance(30_000);
    await expect(bed.registry.service('acme', 'm1').get()).resolves.toMatchObject({ account: 'm1' });
    await expect(bed.registry.service('acme', 'm2').get()).resolves.toMatchObject({ account: 'm2' });
  });

  it('is asked again when its answer makes the definition throw, which counts as an outage', async () => {
    bed = await startCredentialBed({
      definition: {
        ...LOGIN_DEFINITION,
        token: { ...LOGIN_STRATEGY, read: tripsOverPages } as TokenStrategy,
      },
    });
    bed.answer = (login, index, response) => {
      if (index === 1) response.writeHead(502).end('<html>Bad Gateway</html>');
      else void issuing(HOUR)(login, index, response);
    };
    const waiting = bed.registry.service('acme').get();
    await until(() => bed.eventsOf('token-request').length === 1);
    await bed.clock.advance(500);
    expect((await waiting).token).toBe('t2');
    expect(bed.eventsOf('token-request')).toMatchObject([
      { outcome: 'unavailable', status: 502, error: 'an answer that could not be read' },
      { outcome: 'issued' },
    ]);
  });

  it('is waited for when it asks for a short wait, by callers with enough time left', async () => {
    bed = await startCredentialBed();
    bed.answer = (_, index, response) =>
      index === 1 ? json(response, 429, {}, { 'retry-after': '5' }) : issuing(HOUR)(_, index, response);
    const credential = bed.registry.service('acme').get();
    await until(() => bed.eventsOf('rate-limited').length === 1);
    await quiet();
    await bed.clock.advance(4_900);
    await quiet();
    expect(bed.logins).toHaveLength(1);
    await bed.clock.advance(200);
    expect((await credential).token).toBe('t2');
  });

  it('ends what is pending when the application closes', async () => {
    bed = await startCredentialBed();
    bed.answer = () => undefined;
    const credential = failure(bed.registry.service('acme').get());
    await until(() => bed.logins.length === 1);
    bed.registry.close();
    expect(await credential).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
    expect((await failure(bed.registry.service('acme').get())).message).toContain('shutting down');
  });
});

describe('a rejected secret', () => {
  it("is reported with the provider's own reason, and without the secret", async () => {
    bed = await startCredentialBed();
    bed.answer = ({ secret }, __, response) =>
      json(response, 401, { error: `invalid_client: ${secret}\r\nis wrong` });
    const error = await failure(bed.registry.service('acme').get());
    expect(error).toMatchObject({
      code: 'CREDENTIALS_REJECTED',
      provider: 'acme',
      reason: 'invalid_client: [hidden] is wrong',
    });
    expect(error.message).not.toContain(SECRET['secret']);
  });

  it('is remembered for 30 s, then for twice as long, so that many callers cause few logins', async () => {
    bed = await startCredentialBed();
    bed.answer = (_, __, response) => json(response, 401, { error: 'invalid_client' });
    const service = bed.registry.service('acme');
    for (const [afterMs, logins] of [
      [0, 1],
      [29_000, 1],
      [1_000, 2],
      [59_000, 2],
      [1_000, 3],
    ] as const) {
      await bed.clock.advance(afterMs);
      await Promise.all(Array.from({ length: 50 }, () => failure(service.get())));
      expect(bed.logins).toHaveLength(logins);
    }
    expect(bed.registry.service('acme').status()).toMatchObject({
      state: 'rejected',
      lastErrorCode: 'CREDENTIALS_REJECTED',
    });
  });

  it('is not tried again by the scheduler', async () => {
    bed = await startCredentialBed();
    bed.answer = (_, __, response) => json(response, 401, { error: 'invalid_client' });
    bed.registry.warm();
    await until(() => bed.eventsOf('credentials-rejected').length === 1);
    await quiet();
    expect(bed.registry.renewals.size).toBe(0);
  });

  it('is remembered for every scope set that uses it', async () => {
    bed = await startCredentialBed();
    bed.answer = (_, __, response) => json(response, 401, { error: 'invalid_client' });
    const spenders = bed.registry.spenders('acme');
    await failure(spenders.spender(undefined, ['read']).obtain());
    await failure(spenders.spender(undefined, ['write']).obtain());
    expect(bed.logins).toHaveLength(1);
  });

  it('is the last failure of each of them, at the time of the one login', async () => {
    bed = await startCredentialBed();
    bed.answer = (_, __, response) => json(response, 401, { error: 'invalid_client' });
    const spenders = bed.registry.spenders('acme');
    await failure(spenders.spender(undefined, ['read']).obtain());
    const atMs = bed.clock.now();
    await bed.clock.advance(7_000);
    await failure(spenders.spender(undefined, ['write']).obtain());
    const failures = bed.registry.status().flatMap(({ lastFailure }) => lastFailure ?? []);
    expect(failures).toEqual([
      { on: 'login', atMs },
      { on: 'login', atMs },
    ]);
  });

  it('is tried at once by refresh(), and once for all callers at the same time', async () => {
    bed = await startCredentialBed();
    bed.answer = (_, index, response) =>
      index === 1 ? json(response, 401, { error: 'invalid_client' }) : issuing(HOUR)(_, index, response);
    const service = bed.registry.service('acme');
    await failure(service.get());
    const all = await Promise.all(Array.from({ length: 1_000 }, () => service.refresh()));
    expect(new Set(all.map(({ token }) => token))).toEqual(new Set(['t2']));
    expect(bed.logins).toHaveLength(2);
  });

  it('is asked of its function again once a second at most, and tried when it has changed', async () => {
    let secret = 'test-old';
    let asked = 0;
    bed = await startCredentialBed({
      own: changing(() => {
        asked += 1;
        return [{ key: 'k', secret }];
      }),
    });
    bed.answer = (login, index, response) =>
      login.secret === 'test-old'
        ? json(response, 401, { error: 'invalid_client' })
        : issuing(HOUR)(login, index, response);
    const service = bed.registry.service('acme');
    await failure(service.get());
    expect({ asked, logins: bed.logins.length }).toEqual({ asked: 2, logins: 1 });
    // A new secret is likely just now. A call that comes then waits until the function may be asked again.
    const waiting = Promise.all(Array.from({ length: 20 }, () => failure(service.get())));
    await bed.clock.advance(1_000);
    await waiting;
    expect({ asked, logins: bed.logins.length }).toEqual({ asked: 3, logins: 1 });
    await bed.clock.advance(2_000);
    for (let call = 0; call < 20; call += 1) await failure(service.get());
    expect({ asked, logins: bed.logins.length }).toEqual({ asked: 4, logins: 1 });
    secret = 'test-new';
    await bed.clock.advance(1_000);
    expect((await service.get()).token).toBe('t2');
    expect(asked).toBe(5);
  });

  it('does not end the use of a token that still lives', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    const credential = await service.get();
    bed.answer = (_, __, response) => json(response, 401, { error: 'invalid_client' });
    await bed.clock.advance(HOUR - 50_000);
    bed.registry.renewals.runDue();
    await until(() => bed.eventsOf('renewal-failed').length === 1);
    for (let call = 0; call < 50; call += 1) expect(await service.get()).toBe(credential);
    await quiet();
    expect(bed.logins).toHaveLength(2);
    expect(service.status()).toMatchObject({ state: 'degraded', lastErrorReason: 'invalid_client' });
  });
});

describe('renewal', () => {
  it('happens in the background when the token is due', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    const first = await service.get();
    await bed.clock.advance(HOUR - 50_000);
    expect(await service.get()).toBe(first);
    await until(() => bed.eventsOf('credential-renewed-early').length === 1);
    expect((await service.get()).token).toBe('t2');
    expect(service.status().counters).toMatchObject({ tokenRequests: 2, earlyRenewals: 1, waits: 1 });
  });

  it('happens without a call when the scheduler drives it', async () => {
    bed = await startCredentialBed();
    await bed.registry.service('acme').get();
    await bed.runNextRenewal();
    await until(() => bed.logins.length === 2);
    expect(bed.eventsOf('credential-requested').map(({ reason }) => reason)).toEqual(['first', 'early']);
  });

  it.each([2_000, 60_000, 300_000, 365 * 24 * HOUR])(
    'of a token that lives %d ms ends before the token does, and is not made for each call',
    async (lifetimeMs) => {
      bed = await startCredentialBed();
      bed.answer = issuing(lifetimeMs);
      const service = bed.registry.service('acme');
      await service.get();
      for (let call = 0; call < 10; call += 1) await service.get();
      expect(bed.logins).toHaveLength(1);
      const dueInMs = bed.registry.renewals.nextDueInMs() as number;
      expect(dueInMs).toBeGreaterThanOrEqual(lifetimeMs / 2);
      expect(dueInMs).toBeLessThan(lifetimeMs - Math.min(1_000, 0.02 * lifetimeMs));
      await bed.runNextRenewal();
      await until(() => bed.logins.length === 2);
      await quiet();
      expect(service.status().counters.waits).toBe(1);
    },
  );

  it('may fail while the token lives: no call fails, and the renewal is tried again', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    await service.get();
    bed.answer = (_, __, response) => json(response, 500, {});
    await bed.clock.advance(HOUR - 50_000);
    for (let call = 0; call < 20; call += 1) await service.get();
    await until(() => bed.eventsOf('renewal-failed').length === 1);
    for (let call = 0; call < 20; call += 1) await service.get();
    await quiet();
    expect(bed.logins).toHaveLength(2);
    expect(service.status()).toMatchObject({ state: 'degraded', lastErrorCode: 'CREDENTIALS_UNAVAILABLE' });
    bed.answer = issuing(HOUR);
    await bed.clock.advance(1_200);
    bed.registry.renewals.runDue();
    await until(() => service.status().state === 'fresh');
    expect(service.status().lastErrorCode).toBeUndefined();
  });

  it('in the background becomes the first attempt of a caller who needs the token', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    await service.get();
    const slow = held((_, __, response) => json(response, 500, {}));
    bed.answer = slow.answer;
    await bed.clock.advance(HOUR - 50_000);
    await service.get();
    await until(() => bed.logins.length === 2);
    // The token ends while the renewal is still under way.
    await bed.clock.advance(50_000);
    const credential = service.get();
    bed.answer = issuing(HOUR);
    slow.release();
    await until(() => bed.clock.pendingTimers > 1);
    for (let step = 0; step < 5; step += 1) {
      await quiet();
      await bed.clock.advance(200);
    }
    expect((await credential).token).toBe('t3');
  });

  it('stops after two lifetimes without a call, and begins again with the next call', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    await service.get();
    for (let hour = 0; hour < 6; hour += 1) {
      const before = bed.eventsOf('credential-obtained').length;
      await bed.runNextRenewal();
      await quiet();
      if (bed.logins.length > before) await until(() => bed.eventsOf('credential-obtained').length > before);
    }
    expect(bed.logins.length).toBeLessThanOrEqual(4);
    expect(bed.registry.renewals.size).toBe(0);
    expect(service.status().state).toBe('idle');
    const logins = bed.logins.length;
    await service.get();
    expect(bed.logins).toHaveLength(logins + 1);
  });

  it('goes on without calls where the application sets keepWarm to `always`', async () => {
    bed = await startCredentialBed({ keepWarm: 'always' });
    await bed.registry.service('acme').get();
    for (let renewal = 2; renewal < 8; renewal += 1) {
      await bed.runNextRenewal();
      await until(() => bed.eventsOf('credential-obtained').length === renewal);
    }
    expect(bed.logins).toHaveLength(7);
  });

  it('begins at boot, unless logins use up a quota or keepWarm is `when-used`', async () => {
    bed = await startCredentialBed();
    bed.registry.warm();
    await until(() => bed.registry.service('acme').status().state === 'fresh');
    await bed.close();

    bed = await startCredentialBed({ keepWarm: 'when-used' });
    bed.registry.warm();
    await quiet();
    expect(bed.logins).toHaveLength(0);
    await bed.close();

    const token: TokenStrategy = { ...LOGIN_STRATEGY, loginsEatQuota: true };
    bed = await startCredentialBed({ definition: { ...LOGIN_DEFINITION, token } });
    bed.registry.warm();
    await quiet();
    expect(bed.logins).toHaveLength(0);
  });

  it('may fail at boot: it is reported and tried again, without an unhandled rejection', async () => {
    bed = await startCredentialBed();
    bed.answer = (_, __, response) => json(response, 503, {});
    bed.registry.warm();
    await until(() => bed.eventsOf('credential-unavailable').length === 1);
    bed.answer = issuing(HOUR);
    await bed.clock.advance(1_200);
    bed.registry.renewals.runDue();
    await until(() => bed.registry.service('acme').status().state === 'fresh');
    expect(bed.logins).toHaveLength(2);
  });

  it('does not loop when an issuer hands out the same token until that token ends', async () => {
    bed = await startCredentialBed();
    const endsAtMs = bed.clock.now() + HOUR;
    bed.answer = (_, __, response) =>
      json(response, 200, { token: 'same', expiresInMs: endsAtMs - bed.clock.now() });
    const service = bed.registry.service('acme');
    await service.get();
    await bed.clock.advance(HOUR - 50_000);
    await service.get();
    await until(() => bed.eventsOf('credential-obtained').length === 2);
    for (let call = 0; call < 20; call += 1) await service.get();
    await quiet();
    expect(bed.logins).toHaveLength(2);
  });

  it('takes a token for ended by the monotonic clock; the wall clock alone makes it due', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    await service.get();
    bed.clock.jump(-24 * HOUR);
    await bed.clock.advance(HOUR);
    expect((await service.get()).token).toBe('t2');
    bed.clock.jump(HOUR);
    expect((await service.get()).token).toBe('t2');
    await until(() => bed.logins.length === 3);
    await quiet();
    expect((await service.get()).token).toBe('t3');
    expect(service.status().counters.waits).toBe(2);
  });

  it('of many merchants is spread over time when the wall clock steps forward, and no call waits', async () => {
    bed = await startCredentialBed({ accounts: fixed(() => [SECRET]), keepWarm: 'always' });
    const { clock, registry, logins } = bed;
    const ids = Array.from({ length: 300 }, (_, index) => `m${index}`);
    await Promise.all(ids.map((id) => registry.service('acme', id).get()));
    const before = logins.length;
    clock.jump(HOUR);
    const waits = () => registry.status().reduce((sum, { counters }) => sum + counters.waits, 0);
    const waitsBefore = waits();
    registry.renewals.runDue();
    for (let round = 0; round < 3; round += 1)
      await Promise.all(ids.map((id) => registry.service('acme', id).get()));
    await until(() => registry.status().every(({ state }) => state === 'fresh'));
    expect(waits()).toBe(waitsBefore);
    expect(logins.length - before).toBe(ids.length);
  });
});
