import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  defineProvider,
  isPaymentsAuthError,
  PaymentsAuthModule,
  type PaymentsAuthEvent,
  refreshToken,
  type TokenStore,
} from 'nestjs-payments-auth';
import { RedisTokenStore } from 'nestjs-payments-auth/redis';
import { LogLines, startApplication, type TestApplication } from './support/application.js';
import { failure, until } from './support/credential-bed.js';
import { MemoryTokenStore } from './support/memory-token-store.js';
import { type OidcIssuer, startOidcIssuer } from './support/oidc-issuer.js';
import { startProcess } from './support/processes.js';
import { connectRedis } from './support/redis-clients.js';
import { startRedisServer } from './support/redis-server.js';

interface Merchant {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
}

const CLIENT = { clientId: 'platform', clientSecret: 'test-secret-not-real-0123456789' };

const acmeWith = (rotates: boolean) =>
  defineProvider<{ clientId: string; clientSecret: string; refreshToken: string }>({
    name: 'acme',
    title: 'Acme',
    docs: 'https://docs.acme.test',
    environments: { live: 'https://api.acme.test' },
    credentials: { clientId: {}, clientSecret: {}, refreshToken: {} },
    token: refreshToken({
      path: '/token',
      client: ({ credentials }) => ({ id: credentials.clientId, secret: credentials.clientSecret }),
      refreshToken: ({ credentials }) => credentials.refreshToken,
      rotates,
      documentedLifetimeMs: 3_600_000,
    }),
    headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
    refusal: { refused: ({ body }) => (body as { code?: unknown } | undefined)?.code === 'bad_token' },
  });
const acme = acmeWith(true);
/** A provider whose documents say that a refresh token stays the same, although the issuer replaces it. */
const unchanging = acmeWith(false);

/** The application's records of its merchants, like a table of a database. */
class Merchants {
  readonly tokens = new Map<string, string>();
  readonly saves: string[] = [];
  loads = 0;
  /** Runs before each `save`. */
  beforeSave: () => void | Promise<void> = () => undefined;
  /** The secret of the client. */
  secret = CLIENT.clientSecret;

  readonly source = {
    load: async (account: string): Promise<Merchant | undefined> => {
      this.loads += 1;
      const token = this.tokens.get(account);
      return token === undefined
        ? undefined
        : { clientId: CLIENT.clientId, clientSecret: this.secret, refreshToken: token };
    },
    save: async (
      account: string,
      next: { readonly refreshToken: string },
      previous: { readonly refreshToken: string },
    ): Promise<boolean> => {
      await this.beforeSave();
      if (this.tokens.get(account) !== previous.refreshToken) return false;
      this.tokens.set(account, next.refreshToken);
      this.saves.push(account);
      return true;
    },
  };
}

let issuer: OidcIssuer;
let merchants: Merchants;
let opened: TestApplication[];
let events: PaymentsAuthEvent[];
let logger: LogLines;

beforeEach(async () => {
  opened = [];
  events = [];
  logger = new LogLines();
  merchants = new Merchants();
  issuer = await startOidcIssuer(
    [
      {
        client_id: CLIENT.clientId,
        client_secret: CLIENT.clientSecret,
        grant_types: ['refresh_token', 'authorization_code'],
        redirect_uris: ['https://platform.test/back'],
        response_types: ['code'],
      },
    ],
    { rotateRefreshToken: true, scopes: ['openid', 'offline_access'] },
  );
});

afterEach(async () => {
  await Promise.all(opened.map((application) => application.close()));
  await issuer.close();
});

async function start(store?: TokenStore, options: object = {}): Promise<TestApplication> {
  const application = await startApplication(
    {
      ...(store === undefined ? {} : { store }),
      providers: {
        acme: {
          provider: acme,
          baseUrl: issuer.url,
          accounts: merchants.source,
          http: { ca: issuer.authority.cert },
          ...(store === undefined ? { singleProcess: true } : {}),
          ...options,
        },
      },
    },
    { logger },
  );
  opened.push(application);
  application.paymentsAuth.events$.subscribe((event) => events.push(event));
  return application;
}

async function connect(account: string): Promise<string> {
  const token = await issuer.connect(CLIENT.clientId, account);
  merchants.tokens.set(account, token);
  return token;
}

const call = ({ paymentsAuth }: TestApplication, account: string) =>
  paymentsAuth.http('acme', account).axiosRef.get('/resource');
const typesOf = () => events.map(({ type }) => type);
/** The refresh tokens that were spent, in order. */
async function spent(): Promise<string[]> {
  return (await issuer.requests('/token')).map(
    ({ body }) => new URLSearchParams(body).get('refresh_token') ?? '',
  );
}

describe('a refresh token that is good for one use', () => {
  it('is spent once, and what takes its place is saved before the call goes out', async () => {
    const first = await connect('shop');
    const application = await start();
    let sentBeforeSave: unknown;
    merchants.beforeSave = async () => void (sentBeforeSave = (await issuer.requests('/resource')).length);
    expect((await call(application, 'shop')).status).toBe(200);
    expect(await spent()).toEqual([first]);
    expect(merchants.saves).toEqual(['shop']);
    expect(sentBeforeSave).toBe(0);
    expect(merchants.tokens.get('shop')).not.toBe(first);
  });

  it('is replaced again and again, and the saved one is spent each time', async () => {
    await connect('shop');
    const { paymentsAuth } = await start();
    const before = [merchants.tokens.get('shop')];
    for (let n = 0; n < 5; n += 1) {
      await paymentsAuth.credentials('acme', 'shop').refresh();
      before.push(merchants.tokens.get('shop'));
    }
    expect(await spent()).toEqual(before.slice(0, 5));
    expect(new Set(before).size).toBe(6);
    expect(await issuer.isAlive(before[5] ?? '')).toBe(true);
    expect(typesOf()).not.toContain('refresh-token-in-doubt');
  });

  it('is spent once for ten thousand callers', async () => {
    await connect('shop');
    const { paymentsAuth } = await start();
    const credentials = paymentsAuth.credentials('acme', 'shop');
    const tokens = await Promise.all(
      Array.from({ length: 10_000 }, async () => (await credentials.get()).token),
    );
    expect(new Set(tokens).size).toBe(1);
    expect(await spent()).toHaveLength(1);
    expect(merchants.saves).toHaveLength(1);
  });

  it('is loaded again before it is spent, and a new one does not change the credential', async () => {
    await connect('shop');
    const { paymentsAuth } = await start();
    const credentials = paymentsAuth.credentials('acme', 'shop');
    await credentials.get();
    // The merchant has connected again meanwhile.
    const again = await connect('shop');
    await credentials.refresh();
    expect((await spent()).at(-1)).toBe(again);
  });

  it('is spent by one process at a time, and the other takes over the new token', async () => {
    await connect('shop');
    const store = new MemoryTokenStore();
    const [one, other] = [await start(store), await start(store)];
    const both = await Promise.all([call(one, 'shop'), call(other, 'shop')]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect(await spent()).toHaveLength(1);
    // Each process wants another token than the one that both hold.
    await Promise.all(
      [one, other].map(async ({ paymentsAuth }) => {
        const credentials = paymentsAuth.credentials('acme', 'shop');
        return credentials.refresh(await credentials.get());
      }),
    );
    const all = await spent();
    expect(new Set(all).size).toBe(all.length);
    expect(await issuer.isAlive(merchants.tokens.get('shop') ?? '')).toBe(true);
    expect(typesOf()).not.toContain('refresh-token-in-doubt');
  });

  it('is not spent while the shared store is lost, and the token that lives is used', async () => {
    await connect('shop');
    await connect('kiosk');
    const store = new MemoryTokenStore();
    const application = await start(store);
    await call(application, 'shop');
    store.lost = true;
    expect((await call(application, 'shop')).status).toBe(200);
    const credentials = application.paymentsAuth.credentials('acme', 'kiosk');
    const error = await failure(credentials.refresh());
    expect(error).toMatchObject({
      code: 'CREDENTIALS_UNAVAILABLE',
      reason: expect.stringContaining('the shared store does not answer'),
    });
    expect(await spent()).toHaveLength(1);
  });

  it('is spent once more when the answer is lost, and an event says so', async () => {
    const first = await connect('shop');
    const application = await start();
    await issuer.lose(1);
    // The issuer has seen the refresh token already, and ends the whole grant. The merchant has to connect again.
    const error = await failure(call(application, 'shop'));
    expect(isPaymentsAuthError(error) && error.code).toBe('GRANT_REJECTED');
    expect(await spent()).toEqual([first, first]);
    expect(typesOf()).toContain('refresh-token-in-doubt');
    expect(logger.of('error').filter((line) => line.startsWith('refresh-token-in-doubt'))).toHaveLength(1);
    // No other merchant is affected, and connecting again helps at once.
    await connect('kiosk');
    expect((await call(application, 'kiosk')).status).toBe(200);
    await connect('shop');
    expect((await call(application, 'shop')).status).toBe(200);
  });

  it('is GRANT_REJECTED for this merchant when the issuer calls it wrong, and not spent again', async () => {
    merchants.tokens.set('shop', 'test-not-real');
    await connect('kiosk');
    const application = await start();
    for (let n = 0; n < 3; n += 1)
      await expect(call(application, 'shop')).rejects.toMatchObject({
        code: 'GRANT_REJECTED',
        reason: 'invalid_grant',
        account: 'shop',
      });
    expect(await spent()).toEqual(['test-not-real']);
    expect((await call(application, 'kiosk')).status).toBe(200);
    expect(merchants.saves).toEqual(['kiosk']);
  });

  it('is CREDENTIALS_REJECTED when the client is wrong', async () => {
    const token = await connect('shop');
    merchants.secret = 'test-secret-not-real-wrong-012345';
    const application = await start();
    await expect(call(application, 'shop')).rejects.toMatchObject({
      code: 'CREDENTIALS_REJECTED',
      reason: 'invalid_client',
    });
    expect(await issuer.isAlive(token)).toBe(true);
    expect(merchants.tokens.get('shop')).toBe(token);
  });

  it('is kept and used when it cannot be saved, and saved later, and an error line says so', async () => {
    const first = await connect('shop');
    const application = await start();
    let isDown = true;
    merchants.beforeSave = () => {
      if (isDown) throw new Error('the database is down');
    };
    expect((await call(application, 'shop')).status).toBe(200);
    await until(() => typesOf().includes('refresh-token-unsaved'));
    expect(logger.of('error').some((line) => line.startsWith('refresh-token-unsaved'))).toBe(true);
    expect(await application.paymentsAuth.explain('acme', 'shop')).toMatchObject({
      state: 'fresh',
      lastFailure: { on: 'save', reason: 'the new refresh token could not be saved' },
      cause: expect.stringContaining('save()'),
    });
    expect(merchants.tokens.get('shop')).toBe(first);
    // Meanwhile the new refresh token is spent, and never the old one again.
    await application.paymentsAuth.credentials('acme', 'shop').refresh();
    const all = await spent();
    expect(all[0]).toBe(first);
    expect(all[1]).not.toBe(first);
    isDown = false;
    const giveUpAt = performance.now() + 30_000;
    while (merchants.saves.length === 0 && performance.now() < giveUpAt) await later(50);
    expect(merchants.saves).toEqual(['shop']);
    expect(await application.paymentsAuth.explain('acme', 'shop')).not.toHaveProperty('cause');
    expect(await issuer.isAlive(merchants.tokens.get('shop') ?? '')).toBe(true);
    await application.paymentsAuth.credentials('acme', 'shop').refresh();
    expect(typesOf()).not.toContain('refresh-token-in-doubt');
  });

  it('is spent by one process at a time, also when the other has another client secret', async () => {
    const first = await connect('shop');
    const store = new MemoryTokenStore();
    // The issuer ignores this field. It stands for a second client secret that the issuer accepts.
    const provider = defineProvider<Merchant & { deployment?: string }>({
      ...acme,
      credentials: { clientId: {}, clientSecret: {}, refreshToken: {}, deployment: { optional: true } },
    } as never);
    const of = (deployment: string) => ({
      provider,
      accounts: {
        load: async (account: string) => {
          const found = await merchants.source.load(account);
          return found && { ...found, deployment };
        },
        save: merchants.source.save,
      },
    });
    const [before, after] = [await start(store, of('before')), await start(store, of('after'))];
    let called: Promise<unknown> | undefined;
    merchants.beforeSave = async () => {
      called ??= call(after, 'shop');
      await later(300);
    };
    expect((await call(before, 'shop')).status).toBe(200);
    await called;
    const all = await spent();
    expect(all).toHaveLength(2);
    expect(all[0]).toBe(first);
    expect(all[1]).not.toBe(first);
    expect(await issuer.isAlive(merchants.tokens.get('shop') ?? '')).toBe(true);
  });

  it('is not spent by another process when one process could not save the next one', async () => {
    const first = await connect('shop');
    const store = new MemoryTokenStore();
    const [one, other] = [await start(store), await start(store)];
    merchants.beforeSave = () => {
      throw new Error('the database is down');
    };
    await call(one, 'shop');
    const credentials = other.paymentsAuth.credentials('acme', 'shop');
    await credentials.refresh(await credentials.get());
    const all = await spent();
    expect(all).toHaveLength(2);
    expect(all[1]).not.toBe(first);
    expect(typesOf()).not.toContain('refresh-token-in-doubt');
  });

  it('is kept while `save` returns false and nothing else is stored, until it is saved', async () => {
    await connect('shop');
    let refusals = 0;
    const save = async (...[account, next, previous]: Parameters<typeof merchants.source.save>) => {
      if (refusals < 2) {
        refusals += 1;
        return false;
      }
      return merchants.source.save(account, next, previous);
    };
    const application = await start(undefined, { accounts: { load: merchants.source.load, save } });
    expect((await call(application, 'shop')).status).toBe(200);
    const giveUpAt = performance.now() + 30_000;
    while (merchants.saves.length === 0 && performance.now() < giveUpAt) await later(50);
    expect(merchants.saves).toEqual(['shop']);
    expect(await issuer.isAlive(merchants.tokens.get('shop') ?? '')).toBe(true);
    expect(typesOf()).toContain('refresh-token-unsaved');
  });

  it.each([
    { who: 'one process', isFleet: false },
    { who: 'another process', isFleet: true },
  ])('is saved too when its predecessor is saved late, while $who spends it', async ({ isFleet }) => {
    const first = await connect('shop');
    let late: string | undefined;
    let hasLanded = false;
    const save = async (...[account, next, previous]: Parameters<typeof merchants.source.save>) => {
      late ??= next.refreshToken;
      if (next.refreshToken === late) throw new Error('the database does not answer');
      // The database carries out the earlier write only now.
      if (!hasLanded) merchants.tokens.set(account, late);
      hasLanded = true;
      return merchants.source.save(account, next, previous);
    };
    const options = { accounts: { load: merchants.source.load, save } };
    const store = isFleet ? new MemoryTokenStore() : undefined;
    const one = await start(store, options);
    const other = isFleet ? await start(store, options) : one;
    await call(one, 'shop');
    const credentials = other.paymentsAuth.credentials('acme', 'shop');
    await credentials.refresh(await credentials.get());
    expect(await spent()).toEqual([first, late]);
    expect(merchants.saves).toEqual(['shop']);
    expect(await issuer.isAlive(merchants.tokens.get('shop') ?? '')).toBe(true);
  });

  it('is spent next when it could not be saved, also when its predecessor is saved late', async () => {
    const first = await connect('shop');
    const offered: string[] = [];
    const save = async (_account: string, next: { readonly refreshToken: string }): Promise<boolean> => {
      offered.push(next.refreshToken);
      throw new Error('the database does not answer');
    };
    const store = new MemoryTokenStore();
    const options = { accounts: { load: merchants.source.load, save } };
    const [one, other] = [await start(store, options), await start(store, options)];
    await call(one, 'shop');
    const credentials = one.paymentsAuth.credentials('acme', 'shop');
    await credentials.refresh(await credentials.get());
    const [second = '', third = ''] = [...new Set(offered)];
    merchants.tokens.set('shop', second);
    const elsewhere = other.paymentsAuth.credentials('acme', 'shop');
    await elsewhere.refresh(await elsewhere.get());
    expect(await spent()).toEqual([first, second, third]);
  });

  it('is loaded again when it was replaced elsewhere, and the new one is spent', async () => {
    const first = await connect('shop');
    const application = await start();
    let second = '';
    merchants.beforeSave = async () => {
      // The merchant connects again at this very moment.
      merchants.beforeSave = () => undefined;
      second = await connect('shop');
    };
    expect((await call(application, 'shop')).status).toBe(200);
    expect(await spent()).toEqual([first, second]);
    expect(merchants.saves).toEqual(['shop']);
    expect(await issuer.isAlive(merchants.tokens.get('shop') ?? '')).toBe(true);
  });
});

const lasting = (save: boolean) => {
  const { load, save: saving } = merchants.source;
  return { provider: unchanging, accounts: save ? { load, save: saving } : { load } };
};

describe('a refresh token that is said to stay as it is', () => {
  it('is saved when the issuer replaces it by another one nevertheless', async () => {
    const first = await connect('shop');
    const application = await start(undefined, { ...lasting(true), singleProcess: undefined });
    expect((await call(application, 'shop')).status).toBe(200);
    expect(merchants.saves).toEqual(['shop']);
    expect(merchants.tokens.get('shop')).not.toBe(first);
    expect(typesOf()).not.toContain('refresh-token-unsaved');
  });

  it('is reported as unsaved when another one comes and the application does not save it', async () => {
    await connect('shop');
    const application = await start(undefined, { ...lasting(false), singleProcess: undefined });
    expect((await call(application, 'shop')).status).toBe(200);
    expect(typesOf().filter((type) => type === 'refresh-token-unsaved')).toHaveLength(1);
    expect(logger.of('error').some((line) => line.startsWith('refresh-token-unsaved'))).toBe(true);
  });
});

describe('a note that cannot be read', () => {
  it('loses neither store nor merchant: the refresh token is spent, and an event says so', async () => {
    const redis = await startRedisServer();
    const connection = await connectRedis('ioredis', redis.url);
    const warnings: string[] = [];
    const store = new RedisTokenStore(connection.client, {
      keys: [{ id: 'test', key: Buffer.alloc(32, 1) }],
      timeoutMs: 5_000,
      logger: { warn: (message) => warnings.push(message) },
    });
    const setNote = jest.spyOn(store, 'setNote');
    await connect('shop');
    const application = await start(store);
    await call(application, 'shop');
    const [[key] = []] = setNote.mock.calls;
    await store.setNote(key as NonNullable<typeof key>, 'one that will be damaged');
    const [note = ''] = (await connection.command('KEYS', '*note*')) as string[];
    await connection.command('SET', note, 'damaged');

    await application.paymentsAuth.credentials('acme', 'shop').refresh();
    const all = await spent();
    expect([all.length, new Set(all).size]).toEqual([2, 2]);
    expect(typesOf().filter((type) => type === 'refresh-token-in-doubt')).toHaveLength(1);
    expect(typesOf()).not.toContain('store-lost');
    expect(warnings).toEqual([expect.stringMatching(/^The value of .*note.* is not used/)]);
    expect(await connection.command('KEYS', '*note*')).toEqual([]);

    await application.close();
    opened = [];
    connection.close();
    await redis.stop();
  });
});

const boot = (options: object, store?: TokenStore) =>
  failure(
    startApplication({
      ...(store === undefined ? {} : { store }),
      providers: { acme: { provider: acme, environment: 'live', ...options } },
    } as Parameters<typeof PaymentsAuthModule.forRoot>[0]),
  );

const fixed = { ...CLIENT, refreshToken: 'test-not-real' };
const load = async () => fixed;
const save = async () => true;

const hasEnded = (message: unknown) => 'got' in (message as object) || 'failed' in (message as object);

describe('a process that is killed between the issuer’s answer and `save`', () => {
  it('leaves a note: the next process spends the refresh token again, and an event says so', async () => {
    const redis = await startRedisServer();
    const folder = mkdtempSync(join(tmpdir(), 'refresh-token-'));
    const file = join(folder, 'shop');
    const first = await issuer.connect(CLIENT.clientId, 'shop');
    writeFileSync(file, first);
    const settings = { redisUrl: redis.url, issuerUrl: issuer.url, ca: issuer.authority.cert, file };
    const worker = async (hangsInSave: boolean) => {
      const started = startProcess(new URL('./support/fleet/refreshing-worker.ts', import.meta.url), {
        env: { SETTINGS: JSON.stringify({ ...settings, hangsInSave }) },
      });
      await started.next((message) => 'ready' in (message as object));
      started.send('get');
      return started;
    };
    const dying = await worker(true);
    await dying.next((message) => 'saving' in (message as object));
    await dying.kill('SIGKILL');
    expect(await spent()).toEqual([first]);

    const next = await worker(false);
    const end = await next.next<{ failed?: string }>(hasEnded);
    // The refresh token was spent twice. This issuer treats that as a theft, so the merchant has to connect again.
    expect(end.failed).toBe('GRANT_REJECTED');
    expect(await spent()).toEqual([first, first]);
    expect(next.messages).toContainEqual({ event: 'refresh-token-in-doubt' });

    // With a new refresh token both processes of the fleet are served again at once.
    const again = await issuer.connect(CLIENT.clientId, 'shop');
    writeFileSync(file, again);
    const other = await worker(false);
    const ends = await Promise.all(
      [next, other].map((each) => {
        if (each === next) each.send('get');
        return each.next<object>(hasEnded);
      }),
    );
    expect(ends.map((each) => Object.keys(each))).toEqual([['got'], ['got']]);
    expect((await spent()).slice(2)).toEqual([again]);
    expect(await issuer.isAlive(readFileSync(file, 'utf8'))).toBe(true);

    // Both were still connecting to Redis when their first call came. That is no outage of Redis.
    for (const { messages } of [next, other]) expect(messages).not.toContainEqual({ event: 'store-lost' });

    await Promise.all([next.kill('SIGKILL'), other.kill('SIGKILL')]);
    await redis.stop();
    rmSync(folder, { recursive: true });
  });
});

describe('a refresh token that rotates is refused at boot', () => {
  it.each<[string, string, object]>([
    ['without save', 'providers.acme.accounts', { accounts: { load }, singleProcess: true }],
    ['with a function alone', 'providers.acme.accounts', { accounts: load, singleProcess: true }],
    ['with fixed accounts', 'providers.acme.accounts', { accounts: { shop: fixed }, singleProcess: true }],
    ['with a fixed object', 'providers.acme.credentials', { credentials: fixed, singleProcess: true }],
    ['without a shared store', 'providers.acme.singleProcess', { accounts: { load, save } }],
    [
      'with share: false',
      'providers.acme.share',
      { accounts: { load, save }, share: false, singleProcess: true },
    ],
  ])('%s', async (_, path, options) => {
    const error = await boot(options);
    expect(error).toMatchObject({
      code: 'INVALID_OPTIONS',
      problems: [
        expect.stringMatching(new RegExp(`^${path}: each use of a refresh token of Acme replaces it`)),
      ],
    });
  });

  it('with a store that keeps no notes', async () => {
    const store = new MemoryTokenStore();
    Object.assign(store, { setNote: undefined });
    expect(await boot({ accounts: { load, save } }, store)).toMatchObject({
      problems: [expect.stringMatching(/^store: .*needs note and setNote/)],
    });
  });
});
