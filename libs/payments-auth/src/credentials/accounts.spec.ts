import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { refuse, spend as sendAs } from '../../../../test/support/spending.js';
import {
  changing,
  type CredentialBed,
  failure,
  fixed,
  held,
  issuing,
  LOGIN_DEFINITION,
  LOGIN_STRATEGY,
  quiet,
  SECRET,
  startCredentialBed,
  until,
} from '../../../../test/support/credential-bed.js';
import { json } from '../../../../test/support/loopback-server.js';
import type { Credentials } from '../strategies/strategy.js';
import { OWN_ACCOUNT } from './credential.service.js';

const HOUR = 3_600_000;

let bed: CredentialBed;
afterEach(() => bed.close());

const ofMerchant = (account: string): Credentials[] => [
  { key: account, secret: `test-secret-of-${account}` },
];
/** Each token names the account that it was issued to. */
const named: CredentialBed['answer'] = ({ key, scopes }, index, response) =>
  json(response, 200, { token: `${key}:${scopes.join('+')}:${index}`, expiresInMs: HOUR });

/** Accepts the new secret and no other. */
const onlyNew: CredentialBed['answer'] = (login, index, response) =>
  login.secret === 'test-new'
    ? issuing(HOUR)(login, index, response)
    : json(response, 401, { error: 'invalid_client' });

/** Each call logs in, and then waits for 20 s. No account logs in a second time. */
const waitsFor = async (ask: (index: number) => Promise<unknown>, count: number) => {
  const answers: Promise<unknown>[] = [];
  for (let index = 0; index < count; index += 1) {
    answers.push(ask(index));
    await until(() => bed.eventsOf('credential-obtained').length === index + 1);
  }
  await bed.clock.advance(20_001);
  await quiet();
  expect(bed.logins).toHaveLength(count);
  await Promise.all(answers);
};

describe('accounts', () => {
  it('never see the credential of each other', async () => {
    bed = await startCredentialBed({ accounts: fixed(ofMerchant) });
    bed.answer = named;
    const ids = Array.from({ length: 50 }, (_, index) => `m${index}`);
    const all = await Promise.all(
      [...ids, ...ids].map((id) => bed.registry.service('acme').account(id).get()),
    );
    all.forEach((credential, index) => {
      const id = ids[index % 50];
      expect(credential.account).toBe(id);
      expect(credential.token.split(':')[0]).toBe(id);
    });
    expect(bed.logins).toHaveLength(50);
  });

  it('have a token for each set of scopes, in whatever order they are named', async () => {
    bed = await startCredentialBed({ accounts: fixed(ofMerchant), scopes: ['read'] });
    bed.answer = named;
    const spenders = bed.registry.spenders('acme');
    const both = spenders.spender('m1', ['write', 'read', 'write']);
    expect(spenders.spender('m1', ['read', 'write'])).toBe(both);
    expect(spenders.spender('m1', ['read'])).toBe(spenders.spender('m1', undefined));
    expect((await both.obtain()).token).toBe('m1:read+write:1');
    expect((await spenders.spender('m1', undefined).obtain()).token).toBe('m1:read:2');
  });

  it.each([undefined, null, ''])(
    'refuse a call that names %p where there is no own account',
    async (account) => {
      bed = await startCredentialBed({ accounts: fixed(ofMerchant) });
      const spend = () => bed.registry.spenders('acme').spender(account, undefined);
      expect(spend).toThrow(/Name one|missing or empty/);
      await expect(bed.registry.service('acme', account as string | undefined).get()).rejects.toMatchObject({
        code: 'ACCOUNT_UNKNOWN',
      });
    },
  );

  it.each([null, '', undefined])('refuse a name that is %p beside an own account', async (account) => {
    bed = await startCredentialBed({ accounts: fixed(ofMerchant), own: fixed(() => [SECRET]) });
    const spenders = bed.registry.spenders('acme');
    expect(() => spenders.spender(account, undefined)).toThrow(
      account === undefined ? /names none.*OWN_ACCOUNT/ : /missing or empty/,
    );
    const service = bed.registry.service('acme');
    await expect(service.account(account as string).get()).rejects.toMatchObject({ code: 'ACCOUNT_UNKNOWN' });
    await expect(service.account(undefined as unknown as string).rotate()).rejects.toMatchObject({
      code: 'ACCOUNT_UNKNOWN',
    });
    await expect(service.get()).rejects.toMatchObject({ code: 'ACCOUNT_UNKNOWN' });
    expect(bed.logins).toEqual([]);
    expect((await service.account(OWN_ACCOUNT).get()).account).toBeUndefined();
    expect(bed.logins).toHaveLength(1);
  });

  it('are refused when they do not exist, and nothing is kept of them', async () => {
    bed = await startCredentialBed({
      accounts: changing(() => Promise.resolve(undefined)),
    });
    const error = await failure(bed.registry.service('acme', 'ghost').get());
    expect(error).toMatchObject({ code: 'ACCOUNT_UNKNOWN', account: 'ghost' });
    expect(bed.registry.status()).toEqual([]);
    expect(bed.logins).toHaveLength(0);
  });

  it('are not made by asking for their status', async () => {
    bed = await startCredentialBed({ accounts: fixed(ofMerchant) });
    expect(bed.registry.service('acme', 'm1').status()).toMatchObject({ account: 'm1', state: 'idle' });
    expect(bed.registry.status()).toEqual([]);
  });

  it('are dropped beyond the limit, the least recently used first', async () => {
    bed = await startCredentialBed({ accounts: fixed(ofMerchant) }, { maxAccounts: 3 });
    bed.answer = named;
    for (const id of ['a', 'b', 'c', 'a', 'd']) await bed.registry.service('acme', id).get();
    expect(bed.registry.status().map(({ account }) => account)).toEqual(['c', 'a', 'd']);
    expect(bed.registry.renewals.size).toBe(3);
  });

  it('are dropped while a call carries their token, and a refusal still leads to a new token', async () => {
    bed = await startCredentialBed({ accounts: fixed(ofMerchant), keepWarm: 'always' }, { maxAccounts: 1 });
    bed.answer = named;
    const spenders = bed.registry.spenders('acme');
    const refused = await spenders.spender('a', undefined).obtain();
    await bed.registry.service('acme', 'b').get();
    const other = await refuse(spenders.spender('a', undefined), bed.clock, refused, {
      status: 401,
      own: true,
    });
    expect(other?.token).toBe('a::3');
    expect(await bed.registry.service('acme', 'a').get()).toBe(other);
    expect(bed.registry.status().map(({ account }) => account)).toEqual(['a']);
    expect(bed.registry.renewals.size).toBe(1);
  });

  describe('whose call waits until its young token is accepted', () => {
    const definition = { ...LOGIN_DEFINITION, token: { ...LOGIN_STRATEGY, usableAfterMs: 20_000 } };
    it('are kept meanwhile: they log in once, and are dropped within a minute afterwards', async () => {
      bed = await startCredentialBed({ definition, accounts: fixed(ofMerchant) }, { maxAccounts: 2 });
      await waitsFor((index) => bed.registry.service('acme', `m${index}`).get(), 5);
      expect(bed.logins.map(({ key }) => key)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4']);
      await passMinute();
      expect(kept()).toBeLessThanOrEqual(2);
    });

    it('are not dropped while it waits because the provider may not know the token yet', async () => {
      bed = await startCredentialBed({ accounts: fixed(ofMerchant) }, { maxAccounts: 1 });
      const spender = bed.registry.spenders('acme').spender('a', undefined);
      let attempts = 0;
      const answer = () => ((attempts += 1) === 1 ? 401 : 200);
      const call = sendAs(spender, bed.clock, { answer });
      await until(() => attempts === 1);
      await bed.registry.service('acme', 'b').get();
      expect(bed.registry.status().map(({ account }) => account)).toEqual(['a', 'b']);
      await bed.clock.advance(5_000);
      expect(await call).toMatchObject({ attempts: 2, status: 200 });
      expect(bed.logins.map(({ key }) => key)).toEqual(['a', 'b']);
    });

    it('keep the set of scopes that the call waits for, however many other sets are asked for', async () => {
      bed = await startCredentialBed({ definition, accounts: fixed(ofMerchant) });
      const spenders = bed.registry.spenders('acme');
      await waitsFor((index) => spenders.spender('m', [`scope-${index}`]).obtain(), 70);
      expect(bed.logins).toHaveLength(70);
    });
  });

  it('are dropped when nobody uses them and their token has ended', async () => {
    bed = await startCredentialBed({ accounts: fixed(ofMerchant) });
    for (const id of ['a', 'b']) await bed.registry.service('acme', id).get();
    for (let step = 0; step < 12; step += 1) {
      await bed.runNextRenewal();
      await quiet();
      await until(() => bed.eventsOf('credential-obtained').length === bed.logins.length);
    }
    expect(bed.registry.status()).toEqual([]);
    expect(bed.registry.renewals.size).toBe(0);
  });

  it('are renewed a few at a time when they fall due together, and a caller does not wait for it', async () => {
    bed = await startCredentialBed(
      { accounts: fixed(ofMerchant), keepWarm: 'always' },
      { maxRenewals: 4, maxTokenRequests: 8 },
    );
    const ids = Array.from({ length: 60 }, (_, index) => `m${index}`);
    await Promise.all(ids.map((id) => bed.registry.service('acme', id).get()));
    const slow = held(issuing(HOUR));
    bed.answer = slow.answer;
    await bed.clock.advance(HOUR - 10_000);
    bed.registry.renewals.runDue();
    await until(() => bed.logins.length === 64);
    await quiet();
    expect(bed.logins).toHaveLength(64);
    // A caller now needs the token of an account whose renewal still waits.
    bed.answer = issuing(HOUR);
    const waiting = ids.find((id) => !bed.logins.slice(60).some(({ key }) => key === id)) as string;
    await bed.registry.service('acme', waiting).refresh();
    slow.release();
    await until(() => bed.registry.status().every(({ state }) => state === 'fresh'));
    expect(bed.logins).toHaveLength(120);
  });
});

describe('a resolver', () => {
  it('is asked once however many calls need it, and its answer is kept for credentialsTtlMs', async () => {
    let asked = 0;
    bed = await startCredentialBed({
      accounts: changing(async (account) => {
        asked += 1;
        await quiet();
        return ofMerchant(account);
      }),
    });
    bed.answer = named;
    const spenders = bed.registry.spenders('acme');
    await Promise.all(
      Array.from({ length: 100 }, (_, index) => spenders.spender('m1', [`s${index % 4}`]).obtain()),
    );
    expect({ asked, logins: bed.logins.length }).toEqual({ asked: 1, logins: 4 });
  });

  it('is reported with its own error when it fails, and the next caller gets the error at once', async () => {
    let asked = 0;
    const config = { headers: { 'X-Vault-Token': 'test-vault-token-not-real' } };
    const cause = Object.assign(new Error('the vault is sealed'), { code: 'EVAULT', config });
    bed = await startCredentialBed({
      accounts: changing(() => {
        asked += 1;
        throw cause;
      }),
    });
    const service = bed.registry.service('acme', 'm1');
    const error = await failure(service.get());
    expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE', account: 'm1', retryAfterMs: 1_000 });
    // Only name, message, code and stack are kept. The other fields of the error may hold secrets.
    expect(error.cause).toMatchObject({ name: 'Error', message: 'the vault is sealed', code: 'EVAULT' });
    expect(inspect(error.cause, { showHidden: true })).not.toContain('test-vault-token');
    expect(error.message).not.toContain(cause.message);
    await failure(service.get());
    expect(asked).toBe(1);
  });

  it('is waited for 10 s at most when it hangs', async () => {
    bed = await startCredentialBed({
      accounts: changing(() => new Promise(() => undefined)),
    });
    const credential = failure(bed.registry.service('acme', 'm1').get());
    await quiet();
    await bed.clock.advance(10_000);
    const error = await credential;
    expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
    expect(error.message).toContain('did not answer within 10 s');
  });

  it.each([
    [[], 'the list of credentials is empty'],
    ['text', 'credentials is not an object'],
    [[{ key: 'k' }], 'credentials.secret: missing'],
    [[{ key: 'k', secret: '' }], 'credentials.secret: empty'],
    [[{ key: 'k', secret: 'test-hidden\n' }], 'credentials.secret: has a line break in it'],
    [[{ key: ' k', secret: 'test-hidden' }], 'credentials.key: has a space at its beginning or end'],
    [[SECRET, { key: 'k', secret: 7 }], 'credentials[1].secret: must be a string, and is a number'],
    [
      [{ key: 'k', secret: 'test-hidden€' }],
      'credentials.secret: has a character in it that a header cannot contain',
    ],
  ])(
    'is reported when it answers with %j: the field is named, and its value is not shown',
    async (answer, problem) => {
      bed = await startCredentialBed({
        accounts: changing(() => answer as Credentials[]),
      });
      const error = await failure(bed.registry.service('acme', 'm1').get());
      expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
      expect(error.message).toContain(problem);
      expect(error.message).not.toContain('hidden');
      expect(bed.logins).toHaveLength(0);
    },
  );

  it('may fail on a renewal: its last answer is used for as long as it may be kept', async () => {
    let fails = false;
    bed = await startCredentialBed({
      accounts: changing((account) => {
        if (fails) throw new Error('down');
        return ofMerchant(account);
      }),
    });
    const service = bed.registry.service('acme', 'm1');
    await service.get();
    fails = true;
    await bed.clock.advance(60_000);
    expect((await service.refresh()).token).toBe('t2');
    await bed.clock.advance(240_000);
    await failure(service.refresh());
    expect((await service.get()).token).toBe('t2');
  });
});

describe('rotation', () => {
  it('swaps the secret and drops its tokens; calls under way keep the token that they carry', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    const carried = await service.get();
    const other = bed.registry.spenders('acme').spender(undefined, ['read']);
    await other.obtain();
    bed.answer = onlyNew;
    await service.rotate({ key: 'k', secret: 'test-new' });
    expect(carried.headers).toEqual({ authorization: 'Bearer t1' });
    expect((await service.get()).token).not.toBe('t1');
    expect(other.peek()?.token).not.toBe('t2');
    expect(bed.logins.slice(2).map(({ secret }) => secret)).toEqual(['test-new', 'test-new']);
  });

  it('clears the memory of rejected secrets', async () => {
    bed = await startCredentialBed();
    bed.answer = onlyNew;
    const service = bed.registry.service('acme');
    await failure(service.get());
    await service.rotate({ key: 'k', secret: 'test-new' });
    expect((await service.get()).token).toBe('t2');
  });

  it('fails when the provider does not accept the new secret', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    await service.get();
    bed.answer = onlyNew;
    const error = await failure(service.rotate({ key: 'k', secret: 'test-wrong' }));
    expect(error).toMatchObject({ code: 'CREDENTIALS_REJECTED', reason: 'invalid_client' });
  });

  it('leaves the old secret in place when the new one is not valid', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    await service.get();
    const error = await failure(service.rotate({ key: 'k', secret: 'test-hidden\n' }));
    expect(error).toMatchObject({
      code: 'INVALID_OPTIONS',
      problems: ['credentials.secret: has a line break in it; a secret read from a file often ends in one'],
    });
    expect((await service.get()).token).toBe('t1');
  });

  it('drops an answer to the old secret that is still on its way', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    const slow = held(issuing(HOUR));
    bed.answer = slow.answer;
    const waiting = service.get();
    await until(() => bed.logins.length === 1);
    bed.answer = onlyNew;
    const rotated = service.rotate({ key: 'k', secret: 'test-new' });
    slow.release();
    await rotated;
    expect((await waiting).token).toBe('t2');
    expect(bed.logins.map(({ secret }) => secret)).toEqual([SECRET['secret'], 'test-new']);
  });

  it('without credentials asks the configured source again', async () => {
    let secret = 'test-old';
    bed = await startCredentialBed({
      own: changing(() => [{ key: 'k', secret }]),
    });
    const service = bed.registry.service('acme');
    await service.get();
    await service.rotate();
    expect((await service.get()).token).toBe('t1');
    secret = 'test-new';
    await service.rotate();
    expect((await service.get()).token).toBe('t2');
  });

  it('of one account changes no other account, and still counts after the account was dropped', async () => {
    bed = await startCredentialBed({ accounts: fixed(ofMerchant) }, { maxAccounts: 1 });
    await bed.registry.service('acme', 'a').rotate({ key: 'a', secret: 'test-new' });
    await bed.registry.service('acme', 'b').get();
    await bed.registry.service('acme', 'a').get();
    expect(bed.logins.map(({ secret }) => secret)).toEqual(['test-secret-of-b', 'test-new']);
  });

  it('with a list uses the older secret while the newest is rejected, and tries the newest later', async () => {
    const list = [
      { key: 'k', secret: 'test-newest' },
      { key: 'k', secret: 'test-older' },
    ];
    bed = await startCredentialBed({ own: fixed(() => list) });
    bed.answer = (login, index, response) =>
      login.secret === 'test-newest' && index === 1
        ? json(response, 401, { error: 'invalid_client' })
        : issuing(HOUR)(login, index, response);
    const service = bed.registry.service('acme');
    expect((await service.get()).token).toBe('t2');
    await bed.runNextRenewal();
    await until(() => bed.eventsOf('credential-obtained').length === 2);
    expect(bed.logins.map(({ secret }) => secret)).toEqual(['test-newest', 'test-older', 'test-newest']);
  });
});

const times = <T>(count: number, each: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => each(index));
/** The number of merchants of whom the registry keeps anything. */
const kept = () => new Set(bed.registry.status().map(({ account }) => account)).size;
const passMinute = async () => {
  for (let second = 0; second < 60; second += 1) {
    await bed.clock.advance(1_000);
    bed.registry.renewals.runDue();
    await quiet();
  }
};

describe('what is kept of merchants', () => {
  it('stays within maxAccounts after a rotation of merchants that nobody uses', async () => {
    bed = await startCredentialBed({ accounts: fixed(ofMerchant) }, { maxAccounts: 10 });
    await bed.registry.service('acme', 'rotated').rotate({ key: 'k', secret: 'test-new' });
    for (const index of times(50, (each) => each)) await bed.registry.service('acme', `m${index}`).get();
    expect(kept()).toBeLessThanOrEqual(10);
  });

  it('falls back to maxAccounts within a minute after more were busy at once', async () => {
    bed = await startCredentialBed(
      { accounts: fixed(ofMerchant) },
      { maxAccounts: 10, maxTokenRequests: 100 },
    );
    const slow = held(issuing(HOUR));
    bed.answer = slow.answer;
    const waiting = times(50, (index) => bed.registry.service('acme', `m${index}`).get());
    await until(() => bed.logins.length === 50);
    slow.release();
    await Promise.all(waiting);
    await passMinute();
    expect(kept()).toBeLessThanOrEqual(10);
  });

  it('is nothing a minute after the function that resolves them has failed', async () => {
    let asked = 0;
    const failing = () => {
      asked += 1;
      throw new Error('the database is down');
    };
    bed = await startCredentialBed({ accounts: changing(failing) }, { maxAccounts: 1_000 });
    const errors = await Promise.all(
      times(100, (index) => failure(bed.registry.service('acme', `m${index}`).get())),
    );
    expect(errors.every(({ code }) => code === 'CREDENTIALS_UNAVAILABLE')).toBe(true);
    const askedOnce = asked;
    await passMinute();
    expect(kept()).toBe(0);
    // No call asked for these merchants again, so their function was not asked either.
    expect(asked).toBe(askedOnce);
  });

  it('includes for a second that a merchant does not exist, however many calls name it', async () => {
    const asked: string[] = [];
    const accounts = changing((account) => {
      asked.push(account);
      return undefined;
    });
    bed = await startCredentialBed({ accounts });
    for (const _ of times(20, (each) => each)) {
      const error = await failure(bed.registry.service('acme', 'nobody').get());
      expect(error).toMatchObject({ code: 'ACCOUNT_UNKNOWN' });
    }
    expect(asked).toEqual(['nobody']);
    await bed.clock.advance(1_001);
    await failure(bed.registry.service('acme', 'nobody').get());
    expect(asked).toHaveLength(2);
  });
});
