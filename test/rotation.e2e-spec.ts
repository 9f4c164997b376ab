import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { fromFile, OWN_ACCOUNT } from 'nestjs-payments-auth';
import { PROVIDER_NAMES } from 'payments-sandbox';
import { failure, quiet, until } from './support/waiting.js';
import { type ProviderBed, startProviderBed } from './support/sandbox-bed.js';

type Fields = Record<string, string>;

const HOUR_MS = 3_600_000;
const READ = { url: '/sandbox/echo' };
const LOGINS = ['pesapal', 'clickpesa', 'wakapay', 'cryptofuse'] as const;
const times = <T>(count: number, each: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => each(index));

let bed: ProviderBed;

afterEach(() => bed.close());

const keys = (): Fields => bed.provider.credentials;
const calls = () => bed.provider.requests.filter(({ kind }) => kind === 'call');
const carried = () => calls().map(({ headers }) => headers.authorization);

describe('a new key that Cashfin does not know on all servers for an hour, first in a list', () => {
  const OLD = { clientSecret: 'cs_test_old' };
  const NEW = { clientSecret: 'cs_test_new' };

  const startRotated = async (replay: 'always' | 'never', credentials: object = [NEW, OLD]) => {
    bed = await startProviderBed('cashfin', { options: { credentials: credentials as never, replay } });
    bed.provider.rotate({ credentials: OLD, oldWorksForMs: 0 });
    bed.provider.rotate({ credentials: NEW, oldWorksForMs: 24 * HOUR_MS, newWorksAfterMs: HOUR_MS });
  };

  it('loses no payment, and sends none twice', async () => {
    await startRotated('always');
    for (let minute = 0; minute < 90; minute += 1) {
      const responses = await Promise.all(times(4, (index) => bed.pay(`order-${minute}-${index}`)));
      expect(responses.every(({ status }) => status === 201)).toBe(true);
      await bed.send(READ);
      await bed.clock.advance(60_000);
    }
    expect(bed.provider.counts).toMatchObject({ executions: 360, executedTwice: 0, changedBodies: 0 });
    // The first payments, and then one reading call at 0.5, 1.5, 3.5, 7.5 min and every 15 min. Never a payment.
    const refused = calls().filter(({ outcome }) => outcome === 'refused');
    expect(refused.filter(({ method }) => method === 'POST').length).toBeLessThanOrEqual(4);
    expect(refused.filter(({ method }) => method === 'GET').length).toBeLessThanOrEqual(9);
    // The new key is in use once the provider knows it. Then the old key can be removed.
    expect(carried().at(-1)).toBe(NEW.clientSecret);
    expect(bed.credentials.status()).toMatchObject({ state: 'fresh' });
  });

  it.each([
    ['written down', [NEW, OLD]],
    ['from a function', () => [NEW, OLD]],
  ])('is not tried on a call that is never replayed: %s', async (_, credentials) => {
    await startRotated('never', credentials);
    expect(await failure(bed.pay('order-0'))).toMatchObject({ response: { status: 401 } });
    for (let minute = 0; minute < 90; minute += 1) {
      expect((await bed.pay(`order-${minute + 1}`)).status).toBe(201);
      expect((await bed.send(READ)).status).toBe(200);
      await bed.clock.advance(60_000);
    }
    expect(bed.provider.counts).toMatchObject({ refusals: 1, replays: 0, executedTwice: 0 });
    // When the old key ends, one call fails, and the new key is used from then on.
    bed.provider.rotate({ credentials: NEW, oldWorksForMs: 0 });
    await failure(bed.pay('last-0'));
    expect((await bed.pay('last-1')).status).toBe(201);
  });

  it('replaces the old key within one call where every call is a payment', async () => {
    await startRotated('always');
    await bed.pay('order-0');
    await bed.clock.advance(2 * HOUR_MS);
    await bed.pay('order-1');
    expect(carried().at(-1)).toBe(OLD.clientSecret);
    bed.provider.rotate({ credentials: NEW, oldWorksForMs: 0 });
    const responses = await Promise.all(times(10, (index) => bed.pay(`order-${2 + index}`)));
    expect(responses.every(({ paymentsAuth }) => paymentsAuth?.replayed)).toBe(true);
    expect(bed.provider.counts).toMatchObject({ executions: 12, executedTwice: 0 });
    expect((await bed.pay('last')).paymentsAuth).toEqual({ attempts: 1, replayed: false });
  });

  it('is the same key when only the webhook secret differs, so nothing is sent twice', async () => {
    const credentials = [
      { clientSecret: 'cs_test_dead', webhookSecret: 'test-whsec-new' },
      { clientSecret: 'cs_test_dead', webhookSecret: 'test-whsec-old' },
    ];
    bed = await startProviderBed('cashfin', { options: { credentials } });
    expect(await failure(bed.send(READ))).toMatchObject({
      response: { paymentsAuth: { attempts: 1, replayed: false } },
    });
    expect(calls()).toHaveLength(1);
  });
});

describe('a key from a function that Kashier ends the moment it is rotated', () => {
  it('costs 100 payments under way one call of the function, and one replay each', async () => {
    let asked = 0;
    bed = await startProviderBed('kashier', {
      options: {
        credentials: () => {
          asked += 1;
          return keys();
        },
      },
    });
    await bed.send(READ);
    bed.provider.rotate();
    const responses = await Promise.all(times(100, (index) => bed.pay(`order-${index}`)));
    expect(responses.map(({ paymentsAuth }) => paymentsAuth)).toEqual(
      times(100, () => ({ attempts: 2, replayed: true, firstStatus: 403 })),
    );
    expect(bed.provider.counts).toMatchObject({ executions: 100, executedTwice: 0, changedBodies: 0 });
    expect(asked).toBe(2);
  });

  it('is waited for by calls that are refused just before the function returns it', async () => {
    let given = '';
    bed = await startProviderBed('kashier', { options: { credentials: () => ({ secretKey: given }) } });
    given = keys()['secretKey'] as string;
    await bed.send(READ);
    const renewed = bed.provider.rotate() as Fields;
    expect(await failure(bed.pay('too-early'))).toMatchObject({ response: { status: 403 } });
    const waiting = Promise.all(times(20, (index) => bed.pay(`order-${index}`)));
    await until(() => bed.provider.counts.refusals >= 2);
    given = renewed['secretKey'] as string;
    await quiet();
    await bed.clock.advance(1_000);
    expect((await waiting).every(({ status }) => status === 201)).toBe(true);
    expect(bed.provider.counts).toMatchObject({ executions: 20, executedTwice: 0 });
  });

  it('is asked for once a second at most when it stays wrong, and no call waits', async () => {
    let asked = 0;
    bed = await startProviderBed('kashier', {
      options: {
        credentials: () => {
          asked += 1;
          return { secretKey: 'test-secret-not-real$wrong' };
        },
      },
    });
    await failure(bed.send(READ));
    await bed.clock.advance(5_000);
    await Promise.all(times(200, () => failure(bed.send(READ))));
    for (let call = 0; call < 50; call += 1) await failure(bed.send(READ));
    expect(bed.provider.counts.calls).toBe(251);
    expect(asked).toBeLessThanOrEqual(3);
  });
});

describe.each(LOGINS)('the secret behind the tokens of %s', (name) => {
  it('is asked of its function again when a login is rejected, and the calls are replayed', async () => {
    bed = await startProviderBed(name, { options: { credentials: () => keys() } });
    await bed.send(READ);
    bed.provider.rotate();
    bed.provider.revokeTokens();
    const responses = await Promise.all(times(50, (index) => bed.pay(`order-${index}`)));
    expect(responses.map(({ paymentsAuth }) => paymentsAuth?.replayed)).toEqual(times(50, () => true));
    expect(bed.provider.counts).toMatchObject({ executions: 50, executedTwice: 0, tokensIssued: 2 });
    expect(bed.provider.counts.loginsRefused).toBeLessThanOrEqual(1);
  });

  it('is replaced by the older one of a list, and the newest is tried again later', async () => {
    bed = await startProviderBed(name);
    const old = keys();
    await bed.close();
    bed = await startProviderBed(name, {
      settings: { tokenLifetimeMs: 600_000 },
      options: { credentials: () => [NEWEST(old), old] as never, keepWarm: 'always' },
    });
    const invented = NEWEST(old);
    await bed.send(READ);
    expect(bed.provider.counts).toMatchObject({ loginsRefused: 1, tokensIssued: 1 });
    await bed.send(READ);
    bed.provider.rotate({ credentials: invented, oldWorksForMs: HOUR_MS });
    await bed.pass(600_000);
    await bed.send(READ);
    expect(bed.provider.counts.loginsRefused).toBe(1);
    expect(bed.provider.counts.accepted).toBe(3);
  });

  it('is swapped by rotate(): calls under way keep their token, and old tokens are dropped', async () => {
    bed = await startProviderBed(name);
    await bed.send(READ);
    const [first] = carried();
    const release = bed.provider.misbehave({ fault: 'slow', delayMs: 60, on: 'call' });
    const underWay = Promise.all(times(10, () => bed.send(READ)));
    await until(() => calls().length === 11);
    release();
    await bed.credentials.rotate(bed.provider.rotate());
    expect((await underWay).every(({ paymentsAuth }) => paymentsAuth?.replayed === false)).toBe(true);
    expect(new Set(carried())).toEqual(new Set([first]));
    const { data } = await bed.send(READ);
    expect(data).toBeDefined();
    expect(carried().at(-1)).not.toBe(first);
    expect(bed.provider.counts).toMatchObject({ refusals: 0, tokensIssued: 2 });
    expect(bed.eventsOf('credentials-rotated')).toHaveLength(1);
  });

  it('is replaced by rotate() when it was rejected, and the new one is tried at once', async () => {
    bed = await startProviderBed(name);
    const old = keys();
    const right = bed.provider.rotate() as Fields;
    expect(await failure(bed.send(READ))).toMatchObject({ code: 'CREDENTIALS_REJECTED' });
    expect(await failure(bed.send(READ))).toMatchObject({ code: 'CREDENTIALS_REJECTED' });
    expect(bed.provider.counts.tokenRequests).toBe(1);
    await bed.credentials.rotate(right);
    expect((await bed.send(READ)).status).toBe(200);
    expect(await failure(bed.credentials.rotate(old))).toMatchObject({ code: 'CREDENTIALS_REJECTED' });
    await bed.credentials.rotate([old, right]);
    expect((await bed.send(READ)).status).toBe(200);
  });
});

/** Credentials of the same client with a secret that the provider does not know yet. */
function NEWEST(old: Fields): Fields {
  const secret = ['consumerSecret', 'apiSecret', 'clientSecret', 'apiKey'].find((field) => field in old);
  return { ...old, [secret as string]: 'test-secret-not-real-newest' };
}

describe.each(PROVIDER_NAMES)('rotate() without credentials at %s', (name) => {
  it('asks the configured source again, and leaves other merchants alone', async () => {
    bed = await startProviderBed(name, {
      options: { credentials: undefined, accounts: (id: string) => bed.provider.credentialsOf(id) as Fields },
    });
    for (const id of ['one', 'two']) bed.provider.addAccount(id);
    const call = (account: string) => bed.send({ ...READ, paymentsAuth: { account } });
    await Promise.all([call('one'), call('two')]);
    const before = await bed.credentials.account('two').headers();
    bed.provider.rotate({ account: 'one', oldWorksForMs: 0 });
    await bed.credentials.account('one').rotate();
    const [one] = await Promise.all([call('one'), call('two')]);
    expect(one.paymentsAuth).toEqual({ attempts: 1, replayed: false });
    expect(await bed.credentials.account('two').headers()).toEqual(before);
    expect(bed.provider.counts).toMatchObject({ calls: 4, accepted: 4, refusals: 0 });
  });
});

describe('a secret in a file', () => {
  let folder: string;
  afterEach(() => rm(folder, { recursive: true }));

  const write = async (name: string, text: string): Promise<void> => {
    // Container platforms replace a mounted file in one step.
    await writeFile(join(folder, 'next'), text);
    await rename(join(folder, 'next'), join(folder, name));
  };

  it('is read again when it has changed, without exactly one final newline', async () => {
    folder = await mkdtemp(join(tmpdir(), 'payments-auth-'));
    await write('key', 'test-first$not-real\n');
    bed = await startProviderBed('kashier', {
      options: { credentials: { secretKey: fromFile(join(folder, 'key')) } },
    });
    bed.provider.rotate({ credentials: { secretKey: 'test-first$not-real' } });
    await bed.send(READ);
    bed.provider.rotate({ credentials: { secretKey: 'test-second$not-real' } });
    await write('key', 'test-second$not-real\r\n');
    const responses = await Promise.all(times(20, (index) => bed.pay(`order-${index}`)));
    expect(responses.every(({ paymentsAuth }) => paymentsAuth?.replayed)).toBe(true);
    expect(bed.provider.counts).toMatchObject({ executions: 20, executedTwice: 0, refusals: 20 });
    // A second newline may be a mistake. So this secret is not sent, and the one before stays in use.
    await write('key', 'test-third$not-real\n\n');
    await bed.clock.advance(5_001);
    await bed.send(READ);
    expect(bed.provider.requests.at(-1)?.headers.authorization).toBe('test-second$not-real');
    // The old key still works, so no call is refused. The new key is used nevertheless.
    bed.provider.rotate({ credentials: { secretKey: 'test-third$not-real' }, oldWorksForMs: 3_600_000 });
    await write('key', 'test-third$not-real\n');
    await bed.clock.advance(5_001);
    await bed.send(READ);
    expect(bed.provider.requests.at(-1)?.headers.authorization).toBe('test-third$not-real');
    expect(bed.provider.counts.refusals).toBe(20);
  });

  it.each(['own', 'shop'])('of the account %s is explained while it cannot be used', async (account) => {
    folder = await mkdtemp(join(tmpdir(), 'payments-auth-'));
    await write('key', 'test-first$not-real\n');
    const credentials = { secretKey: fromFile(join(folder, 'key')) };
    const isOwn = account === 'own';
    bed = await startProviderBed('kashier', {
      options: isOwn ? { credentials } : { accounts: { shop: credentials } },
    });
    bed.provider.rotate({ credentials: { secretKey: 'test-first$not-real' } });
    const asked = isOwn ? undefined : account;
    const call = () => bed.paymentsAuth.http('kashier', asked ?? OWN_ACCOUNT).axiosRef.request(READ);
    await call();
    expect(await bed.paymentsAuth.explain('kashier', asked)).not.toHaveProperty('cause');
    await rm(join(folder, 'key'));
    await bed.clock.advance(5_001);
    await call();
    const outdated = () =>
      bed.paymentsAuth.status({ provider: 'kashier' }).filter((each) => each.outdatedSinceMs !== undefined);
    expect(outdated().map((each) => each.account)).toEqual([asked]);
    expect(await bed.paymentsAuth.explain('kashier', asked)).toMatchObject({
      state: 'fresh',
      lastFailure: { on: 'load', reason: expect.stringMatching(/the file .* cannot be read \(ENOENT\)/) },
      cause: expect.stringContaining('the value that was read before is still in use'),
    });
    await write('key', 'test-first$not-real\n');
    await bed.clock.advance(5_001);
    await call();
    expect(outdated()).toEqual([]);
    expect(await bed.paymentsAuth.explain('kashier', asked)).not.toHaveProperty('cause');
  });

  it('is used for the next login when it has changed, and ends no token', async () => {
    folder = await mkdtemp(join(tmpdir(), 'payments-auth-'));
    bed = await startProviderBed('pesapal');
    await write('pesapal.json', JSON.stringify(keys()));
    const path = join(folder, 'pesapal.json');
    await bed.close();
    bed = await startProviderBed('pesapal', { options: { credentials: fromFile(path) } });
    await bed.send(READ);
    bed.provider.rotate({ oldWorksForMs: 3_600_000 });
    await write('pesapal.json', JSON.stringify(keys()));
    await bed.pass(60_000);
    expect((await bed.send(READ)).paymentsAuth).toEqual({ attempts: 1, replayed: false });
    expect(bed.provider.counts.tokensIssued).toBe(1);
    await bed.pass(240_000);
    await bed.send(READ);
    const secrets = bed.eventsOf('credential-requested').map(({ credential }) => credential);
    expect(secrets).toHaveLength(2);
    expect(new Set(secrets).size).toBe(2);
    expect(bed.provider.counts).toMatchObject({ tokensIssued: 2, loginsRefused: 0, refusals: 0 });
  });

  it('can hold a whole list, newest first', async () => {
    folder = await mkdtemp(join(tmpdir(), 'payments-auth-'));
    await write('pesapal.json', '[]');
    bed = await startProviderBed('pesapal');
    const old = keys();
    await write('pesapal.json', JSON.stringify([NEWEST(old), old]));
    await bed.close();
    bed = await startProviderBed('pesapal', {
      options: { credentials: fromFile(join(folder, 'pesapal.json')) },
    });
    expect((await bed.send(READ)).status).toBe(200);
    expect(bed.provider.counts).toMatchObject({ loginsRefused: 1, tokensIssued: 1 });
  });
});
