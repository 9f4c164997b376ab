import { afterEach, describe, expect, it } from '@jest/globals';
import { refuse, spend } from '../../../../test/support/spending.js';
import {
  changing,
  type CredentialBed,
  failure,
  fixed,
  KEY_DEFINITION,
  quiet,
  startCredentialBed,
  until,
} from '../../../../test/support/credential-bed.js';
import type { Credential } from './credential.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import type { Credentials } from '../strategies/strategy.js';

const REFUSED = { status: 401, own: true };
const IN_BETWEEN = { status: 403, own: false };

let bed: CredentialBed;
afterEach(() => bed.close());

const withKeys = (keys: () => readonly Credentials[], parts: Partial<ConfiguredProvider> = {}) =>
  startCredentialBed({ definition: KEY_DEFINITION, own: fixed(keys), ...parts });
const withChangingKeys = (keys: () => readonly Credentials[]) =>
  startCredentialBed({ definition: KEY_DEFINITION, own: changing(keys) });
const spenderOf = ({ registry }: CredentialBed) => registry.spenders('keyed').spender(undefined, undefined);

describe('a static key', () => {
  it('is what every call carries, and costs no request', async () => {
    bed = await withKeys(() => [{ key: 'test-a' }]);
    expect(await bed.registry.service('keyed').headers()).toEqual({ authorization: 'test-a' });
    expect(bed.server.requests).toHaveLength(0);
    expect(bed.registry.service('keyed').status()).toMatchObject({ state: 'fresh' });
  });

  it('comes with the fields that its calls are signed with', async () => {
    const definition = { ...KEY_DEFINITION, sign: () => ({}) };
    bed = await withKeys(() => [{ key: 'test-a', extra: 'test-b' }], { definition });
    expect((await spenderOf(bed).obtain()).signing).toEqual({ key: 'test-a', extra: 'test-b' });
  });

  it('is not sent again after a refusal when there is no other key', async () => {
    bed = await withKeys(() => [{ key: 'test-a' }]);
    const spender = spenderOf(bed);
    const credential = await spender.obtain();
    for (let each = 0; each < 5; each += 1)
      expect(await refuse(spender, bed.clock, credential, REFUSED)).toBeUndefined();
    expect(spender.peek()?.isSameAs(credential)).toBe(true);
    expect(bed.registry.status()).toMatchObject([
      { state: 'rejected', lastErrorCode: 'CREDENTIALS_REJECTED' },
    ]);
    await bed.clock.advance(31_000);
    expect(bed.registry.status()).toMatchObject([{ state: 'fresh' }]);
  });

  it('is followed by the next key of the list after a refusal, however many calls are refused', async () => {
    bed = await withKeys(() => [{ key: 'test-newest' }, { key: 'test-older' }]);
    const spender = spenderOf(bed);
    const newest = await spender.obtain();
    const others = await Promise.all(
      Array.from({ length: 100 }, () => refuse(spender, bed.clock, newest, REFUSED)),
    );
    expect(new Set(others.map((other) => other?.headers['authorization']))).toEqual(new Set(['test-older']));
    expect(spender.peek()?.headers['authorization']).toBe('test-older');
    expect(spender.peek(() => true)?.headers['authorization']).toBe('test-older');
  });

  it('is tried again later after a refusal, by one call at a time, and used once it is accepted', async () => {
    bed = await withKeys(() => [{ key: 'test-newest' }, { key: 'test-older' }]);
    const spender = spenderOf(bed);
    const inUse = () => spender.peek(() => false)?.headers['authorization'];
    const ofRepeatable = () => spender.peek(() => true) as Credential;
    await refuse(spender, bed.clock, await spender.obtain(), REFUSED);
    await bed.clock.advance(29_999);
    expect(ofRepeatable().headers).toEqual({ authorization: 'test-older' });
    await bed.clock.advance(1);
    expect(inUse()).toBe('test-older');

    const trial = ofRepeatable();
    expect(trial.headers).toEqual({ authorization: 'test-newest' });
    expect(inUse()).toBe('test-older');
    expect(ofRepeatable().headers).toEqual({ authorization: 'test-older' });
    // The try showed nothing, because its call was never sent. The next call may try the key.
    spender.answered(trial, {});
    const second = ofRepeatable();
    expect(second.headers).toEqual({ authorization: 'test-newest' });
    spender.answered(second, { sentAtMs: 0, status: 503 });

    const third = ofRepeatable();
    spender.answered(third, { sentAtMs: 0, status: 401, refused: { own: true } });
    expect((await refuse(spender, bed.clock, third, REFUSED))?.headers['authorization']).toBe('test-older');
    await bed.clock.advance(59_999);
    expect(ofRepeatable().headers).toEqual({ authorization: 'test-older' });
    await bed.clock.advance(1);
    spender.answered(ofRepeatable(), { sentAtMs: 0, status: 200 });
    expect(inUse()).toBe('test-newest');
    expect(bed.registry.status()).toMatchObject([{ state: 'fresh' }]);
    await bed.clock.advance(3_600_000);
    expect(ofRepeatable().headers).toEqual({ authorization: 'test-newest' });
    expect(inUse()).toBe('test-newest');
  });

  it('is followed by any other key, also one refused before: servers may know different keys', async () => {
    bed = await withKeys(() => [{ key: 'test-newest' }, { key: 'test-older' }]);
    const spender = spenderOf(bed);
    let carried = await spender.obtain();
    const sent = [];
    for (let round = 0; round < 6; round += 1) {
      const other = (await refuse(spender, bed.clock, carried, REFUSED)) as Credential;
      sent.push(other.headers['authorization']);
      carried = other;
    }
    expect(sent).toEqual([
      'test-older',
      'test-newest',
      'test-older',
      'test-newest',
      'test-older',
      'test-newest',
    ]);
  });

  it('costs a call two attempts when all keys are refused, and one event in all', async () => {
    bed = await withKeys(() => [{ key: 'test-newest' }, { key: 'test-older' }]);
    const spender = spenderOf(bed);
    const send = (answer: number) => spend(spender, bed.clock, { answer: () => answer });
    expect(await send(200)).toMatchObject({ attempts: 1, status: 200 });
    const outcomes = [];
    for (let call = 0; call < 300; call += 1) outcomes.push(await send(401));
    // The first calls show that another try of the same key does not help.
    expect(new Set(outcomes.slice(8).map(({ attempts }) => attempts))).toEqual(new Set([2]));
    expect(bed.eventsOf('credential-obtained').map(({ reason }) => reason)).toEqual(['first', 'refused']);
    expect(bed.eventsOf('credentials-rejected')).toHaveLength(2);
    expect(await send(200)).toMatchObject({ attempts: 1, status: 200 });
    const told = bed.eventsOf('credential-obtained').at(-1)?.credential;
    expect(told).toBe(spender.peek()?.id);
  });

  it('is one key when two entries differ only in fields that no call carries', async () => {
    const definition = { ...KEY_DEFINITION, credentials: { key: {}, webhook: {} } };
    bed = await withKeys(
      () => [
        { key: 'test-a', webhook: 'test-new' },
        { key: 'test-a', webhook: 'test-old' },
      ],
      { definition },
    );
    const spender = spenderOf(bed);
    expect(await refuse(spender, bed.clock, await spender.obtain(), REFUSED)).toBeUndefined();
  });

  it('stays in use when a gateway refused the call, and not the provider', async () => {
    bed = await withKeys(() => [{ key: 'test-newest' }, { key: 'test-older' }]);
    const spender = spenderOf(bed);
    const newest = await spender.obtain();
    const unrepeatable = { ...IN_BETWEEN, replayable: false };
    expect(await refuse(spender, bed.clock, newest, unrepeatable)).toBeUndefined();
    expect(spender.peek()?.headers['authorization']).toBe('test-newest');
  });

  it('lets a repeatable call try another key after such a refusal, and stays in use itself', async () => {
    bed = await withKeys(() => [{ key: 'test-newest' }, { key: 'test-older' }]);
    const spender = spenderOf(bed);
    const carried: unknown[] = [];
    const send = (good: string, own: boolean) =>
      spend(spender, bed.clock, {
        answer: ({ headers }) => {
          carried.push(headers['authorization']);
          return headers['authorization'] === good ? 200 : 401;
        },
        own,
      });
    expect(await send('test-older', false)).toEqual({ attempts: 2, status: 200, refused: false });
    expect(await send('none', false)).toEqual({ attempts: 2, status: 401, refused: true });
    expect(carried).toEqual(['test-newest', 'test-older', 'test-newest', 'test-older']);
    expect(spender.peek()?.headers['authorization']).toBe('test-newest');
    expect(bed.eventsOf('credentials-rejected')).toEqual([]);
    expect(bed.registry.status()).toMatchObject([{ state: 'fresh' }]);
  });

  it('is not tried again by a call whose other key the provider refuses in its own words', async () => {
    bed = await withKeys(() => [{ key: 'test-newest' }, { key: 'test-older' }]);
    const spender = spenderOf(bed);
    const newest = await spender.obtain();
    const older = (await refuse(spender, bed.clock, newest, IN_BETWEEN)) as Credential;
    const attempts = [newest, older].map((credential) => ({
      credential,
      status: 401,
      sentAtMs: bed.clock.monotonic(),
      refusedAtMs: bed.clock.monotonic(),
    }));
    expect(await refuse(spender, bed.clock, older, { ...REFUSED, attempts })).toBeUndefined();
    expect(spender.peek()?.headers['authorization']).toBe('test-newest');
  });

  it('on trial does not count as wrong after a bare 401, and is next tried as late as before', async () => {
    bed = await withKeys(() => [{ key: 'test-newest' }, { key: 'test-older' }]);
    const spender = spenderOf(bed);
    const carried: unknown[] = [];
    const send = (own: boolean) =>
      spend(spender, bed.clock, {
        answer: ({ headers }) => {
          carried.push(headers['authorization']);
          return headers['authorization'] === 'test-older' ? 200 : 401;
        },
        own,
      });
    await send(true);
    await bed.clock.advance(30_000);
    for (const [waitMs, attempts] of [
      [0, 2],
      [29_999, 1],
      [1, 2],
      [30_000, 2],
    ] as const) {
      await bed.clock.advance(waitMs);
      expect(await send(false)).toEqual({ attempts, status: 200, refused: false });
    }
    expect(bed.eventsOf('credentials-rejected')).toHaveLength(1);
    // This is the second refusal in the provider's own words, so the wait is twice as long.
    await bed.clock.advance(30_000);
    await send(true);
    expect(bed.eventsOf('credentials-rejected')).toHaveLength(2);
    await bed.clock.advance(59_999);
    expect(await send(true)).toMatchObject({ attempts: 1 });
    expect(spender.peek(() => true)?.headers['authorization']).toBe('test-older');
    expect(bed.registry.status()).toMatchObject([{ state: 'fresh' }]);
    expect(new Set(carried)).toEqual(new Set(['test-newest', 'test-older']));
  });

  it.each([
    ['was never refused', 1],
    ['was refused long ago', 3],
  ])('in use that %s does not count as wrong after a bare 403 to a replay', async (_what, refusals) => {
    bed = await withKeys(() => [{ key: 'test-newest' }, { key: 'test-older' }]);
    const spender = spenderOf(bed);
    let carried = await spender.obtain();
    for (let each = 0; each < refusals; each += 1)
      carried = (await refuse(spender, bed.clock, carried, REFUSED)) as Credential;
    const rejections = bed.eventsOf('credentials-rejected').length;
    await bed.clock.advance(30_000);
    const spent = await spend(spender, bed.clock, { answer: () => 403, isRefusal: () => true, own: false });
    expect(spent).toEqual({ attempts: 2, status: 403, refused: true });
    expect(bed.eventsOf('credentials-rejected')).toHaveLength(rejections);
    expect(spender.peek()?.headers['authorization']).toBe('test-older');
    expect(bed.registry.status()).toMatchObject([{ state: 'fresh' }]);
  });

  it('is asked of its function again when the old one is refused, so a rotated key is found', async () => {
    let key = 'test-old';
    let asked = 0;
    bed = await withChangingKeys(() => {
      asked += 1;
      return [{ key }];
    });
    const spender = spenderOf(bed);
    const old = await spender.obtain();
    expect(await refuse(spender, bed.clock, old, REFUSED)).toBeUndefined();
    expect(asked).toBe(2);
    // The old key ends a moment before the new key is there. Calls that are refused meanwhile wait for the new key.
    const waiting = Promise.all(Array.from({ length: 10 }, () => refuse(spender, bed.clock, old, REFUSED)));
    await quiet();
    key = 'test-new';
    await bed.clock.advance(1_000);
    const others = (await waiting).map((other) => other?.headers['authorization']);
    expect(new Set(others)).toEqual(new Set(['test-new']));
    expect(asked).toBe(3);
  });

  it('slows no call down when it stays wrong, however many calls are refused', async () => {
    let asked = 0;
    bed = await withChangingKeys(() => {
      asked += 1;
      return [{ key: 'test-a' }];
    });
    const spender = spenderOf(bed);
    const credential = await spender.obtain();
    await refuse(spender, bed.clock, credential, REFUSED);
    await bed.clock.advance(3_000);
    for (let each = 0; each < 100; each += 1)
      expect(await refuse(spender, bed.clock, credential, REFUSED)).toBeUndefined();
    expect(asked).toBe(3);
  });

  it('from a function is asked for again in the background, and used no longer than its TTL', async () => {
    let asked = 0;
    let fails = false;
    bed = await withChangingKeys(() => {
      asked += 1;
      if (fails) throw new Error('down');
      return [{ key: `test-${asked}` }];
    });
    const service = bed.registry.service('keyed');
    await service.get();
    await bed.clock.advance(250_000);
    expect(await service.headers()).toEqual({ authorization: 'test-1' });
    await until(() => asked === 2);
    await quiet();
    expect(await service.headers()).toEqual({ authorization: 'test-2' });
    expect(service.status().counters.waits).toBe(1);
    fails = true;
    await bed.clock.advance(301_000);
    await failure(service.headers());
  });
});
