import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type CredentialBed,
  failure,
  KEY_DEFINITION,
  quiet,
  startCredentialBed,
  until,
} from '../../../../test/support/credential-bed.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';

const REFUSED = { status: 401, own: true };
const IN_BETWEEN = { status: 403, own: false };
const DYNAMIC = { own: true, accounts: true };

let bed: CredentialBed;
afterEach(() => bed.close());

const withKeys = (
  ownCredentials: ConfiguredProvider['ownCredentials'],
  parts: Partial<ConfiguredProvider> = {},
) => startCredentialBed({ definition: KEY_DEFINITION, ownCredentials, ...parts });
const spenderOf = ({ registry }: CredentialBed) => registry.spenders('keyed').spender(undefined, undefined);

describe('a static key', () => {
  it('is what every call carries, and costs no request', async () => {
    bed = await withKeys(() => [{ key: 'test-a' }]);
    expect(await bed.registry.service('keyed').headers()).toEqual({ authorization: 'test-a' });
    expect(bed.server.requests).toHaveLength(0);
    expect(bed.registry.service('keyed').status()).toMatchObject({ state: 'fresh' });
  });

  it('comes with what only some calls carry', async () => {
    bed = await withKeys(() => [{ key: 'test-a', extra: 'test-b' }]);
    const spender = spenderOf(bed);
    const credential = await spender.obtain();
    const call = { method: 'POST', host: 'api', path: '/sessions' };
    expect(spender.callHeaders(credential, call)).toEqual({ 'api-key': 'test-b' });
    expect(spender.callHeaders(credential, { ...call, method: 'GET' })).toBeUndefined();
  });

  it('that is refused is not offered again where there is no other', async () => {
    bed = await withKeys(() => [{ key: 'test-a' }]);
    const spender = spenderOf(bed);
    const credential = await spender.obtain();
    for (let each = 0; each < 5; each += 1)
      expect(await spender.replace(credential, REFUSED)).toBeUndefined();
    expect(spender.peek()?.isSameAs(credential)).toBe(true);
    expect(bed.registry.status()).toMatchObject([
      { state: 'rejected', lastErrorCode: 'CREDENTIALS_REJECTED' },
    ]);
    await bed.clock.advance(31_000);
    expect(bed.registry.status()).toMatchObject([{ state: 'fresh' }]);
  });

  it('that is refused is followed by the next of the list, and tried again later', async () => {
    bed = await withKeys(() => [{ key: 'test-newest' }, { key: 'test-older' }]);
    const spender = spenderOf(bed);
    const newest = await spender.obtain();
    const others = await Promise.all(Array.from({ length: 100 }, () => spender.replace(newest, REFUSED)));
    expect(new Set(others.map((other) => other?.headers['authorization']))).toEqual(new Set(['test-older']));
    await bed.clock.advance(29_000);
    expect(spender.peek()?.headers['authorization']).toBe('test-older');
    await bed.clock.advance(2_000);
    spender.peek();
    await until(() => spender.peek()?.headers['authorization'] === 'test-newest');
  });

  it('stays in use when it was something in between that refused the call', async () => {
    bed = await withKeys(() => [{ key: 'test-newest' }, { key: 'test-older' }]);
    const spender = spenderOf(bed);
    const newest = await spender.obtain();
    expect(await spender.replace(newest, IN_BETWEEN)).toBeUndefined();
    expect(spender.peek()?.headers['authorization']).toBe('test-newest');
  });

  it('that was rotated behind a function is found when the old one is refused', async () => {
    let key = 'test-old';
    let asked = 0;
    bed = await withKeys(
      () => {
        asked += 1;
        return [{ key }];
      },
      { credentialsAreDynamic: DYNAMIC },
    );
    const spender = spenderOf(bed);
    const old = await spender.obtain();
    for (let each = 0; each < 10; each += 1) expect(await spender.replace(old, REFUSED)).toBeUndefined();
    expect(asked).toBe(1);
    key = 'test-new';
    await bed.clock.advance(1_000);
    expect((await spender.replace(old, REFUSED))?.headers).toEqual({ authorization: 'test-new' });
    expect(asked).toBe(2);
  });

  it('from a function is asked for again behind the caller, and never used for longer than it may be kept', async () => {
    let asked = 0;
    let fails = false;
    bed = await withKeys(
      () => {
        asked += 1;
        if (fails) throw new Error('down');
        return [{ key: `test-${asked}` }];
      },
      { credentialsAreDynamic: DYNAMIC },
    );
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
