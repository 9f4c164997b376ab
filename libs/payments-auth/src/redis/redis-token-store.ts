import { define } from '../own-properties.js';
import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type {
  Claim,
  ClaimRequest,
  EndpointKey,
  Grant,
  SharedToken,
  TokenKey,
  TokenRequestLimit,
  TokenStore,
  Withdrawal,
} from '../index.js';
import { connectionOf, type RedisClient, type RedisConnection } from './redis-client.js';
import { RedisCommands } from './redis-commands.js';
import { LockOwners } from './lock-owner.js';
import { RedisFailure } from './redis-failure.js';
import { credentialKeys, endpointKeys } from './redis-keys.js';
import { persistenceOf } from './redis-persistence.js';
import {
  CLAIM,
  EXTEND,
  PAUSE,
  PUBLISH,
  READ_NOTE,
  REJECT,
  REJECTION_MOST_MS,
  RELEASE,
  RESERVE,
  TELL,
  WITHDRAW,
  WRITE_NOTE,
} from './redis-scripts.js';
import {
  ownOf,
  type RedisTokenStoreOptions,
  resolveOptions,
  type WarningLogger,
} from './redis-token-store.options.js';
import { RedisWithdrawals } from './redis-withdrawals.js';
import type { Sealing } from './sealing.js';
import { textOf, tokenOf } from './shared-token-text.js';
import { WithdrawnVersions } from './withdrawn-versions.js';

/** How often an unusable value is removed and the store is asked again, in one call. */
const MOST_TURNS = 2;
/** Stands for a note that cannot be read. No such note is ever written. */
const UNREADABLE_NOTE = 'unreadable';
const WARN_AGAIN_AFTER_MS = 60_000;
/** For how many values the time of the last warning is kept. */
const MOST_WARNED = 1_000;

/**
 * Lets a fleet share its tokens through a Redis: all processes together ask a provider once per token lifetime.
 *
 * ```ts
 * const client = await createClient({ url }).on('error', log).connect();   // redis, or: new Redis(url) of ioredis
 * const store = new RedisTokenStore(client, { keys: [{ id: '2026-11', key: process.env.TOKEN_KEY }] });
 * PaymentsAuthModule.forRoot({ store });
 * ```
 *
 * The application connects the client, handles its errors, sets up TLS and closes it. Redis may fail at any time.
 * Each process then goes on without it.
 *
 * @see docs/fleet.md
 */
export class RedisTokenStore implements TokenStore {
  readonly hashKey: Buffer;
  readonly timeoutMs: number;
  readonly #prefix: string;
  readonly #connection: RedisConnection;
  readonly #commands: RedisCommands;
  readonly #sealing: Sealing;
  readonly #withdrawals: RedisWithdrawals;
  readonly #withdrawn = new WithdrawnVersions();
  readonly #owners: LockOwners;
  /**
   * The clock of Redis minus the monotonic clock of this process. Until Redis has sent its time, this machine's own
   * wall clock is used.
   */
  #redisAheadMs = Date.now() - performance.now();
  readonly #logger: WarningLogger;
  readonly #warnedAtMs = new Map<string, number>();
  #persistenceChecked = false;

  /** @throws {PaymentsAuthError} `INVALID_OPTIONS`, also where neither `keys` nor `plaintext: true` is given */
  constructor(client: RedisClient, options: RedisTokenStoreOptions) {
    const { hashKey, prefix, timeoutMs, sealing } = resolveOptions(client, options ?? {});
    this.#prefix = prefix;
    this.timeoutMs = timeoutMs;
    this.#sealing = sealing;
    this.#logger = ownOf(options).logger ?? new Logger(RedisTokenStore.name);
    this.#connection = connectionOf(client);
    this.#commands = new RedisCommands(this.#connection, timeoutMs);
    this.#withdrawals = new RedisWithdrawals(this.#connection, `${prefix}:withdrawn`, sealing);
    this.hashKey = hashKey;
    this.#owners = new LockOwners(hashKey);
    // A key in an ordinary field could be printed, and would not stay secret (R14).
    define(this, 'hashKey', { enumerable: false });
  }

  async claim(key: TokenKey, request: ClaimRequest): Promise<Claim> {
    const { token, lock, rejection } = credentialKeys(this.#prefix, key);
    const bad = { version: '', rejection: false, owner: '' };
    for (let turn = 1; ; turn += 1) {
      const { owner, reply } = await this.#claim(key, request, bad);
      const [outcome, first, second, third, fourth] = reply;
      switch (outcome) {
        case 'acquired': {
          const grant = grantOf(owner, numberOf(first), numberOf(second));
          // If the lock does not count, its name holds a time of this machine's clock, which differs from the clock
          // of Redis by minutes. By now the time of Redis is known, so the lock is claimed again.
          if (!this.#owners.counts(owner, lock, numberOf(second)) && turn < MOST_TURNS) {
            await this.release(key, grant);
            break;
          }
          this.#withdrawn.granted(key.hash, grant.version);
          return { outcome, grant };
        }
        case 'held': {
          const holder = String(first);
          // With `any`, the script removes every lock. A Redis that still says `held` does not run these scripts.
          if (this.#owners.counts(holder, lock, Number(second)) || bad.owner === 'any') return { outcome };
          this.#warnOfBadValue(lock);
          bad.owner = turn < MOST_TURNS && holder !== '' ? holder : 'any';
          break;
        }
        case 'rejected': {
          const remembered = rejectionOf(this.#sealing.open(String(second), rejection));
          const leftMs = remembered && Math.min(numberOf(first), remembered.untilMs - numberOf(third));
          if (leftMs !== undefined && leftMs > 0)
            return { outcome, reason: remembered?.reason ?? '', retryAfterMs: leftMs };
          this.#warnOfBadValue(rejection);
          bad.rejection = true;
          break;
        }
        case 'found': {
          const version = numberOf(first);
          const shared = tokenOf(this.#sealing.open(String(third), token));
          const remainingMs = shared && remainingOf(shared, version, numberOf(second), numberOf(fourth));
          if (shared !== undefined && remainingMs !== undefined)
            return { outcome, token: { ...sharedOf(shared), version, remainingMs } };
          this.#warnOfBadValue(token);
          // The second time, any value is removed. So a writer that keeps putting bad values there does not stop the
          // call.
          bad.version = turn < MOST_TURNS ? String(version) : 'any';
          break;
        }
        default:
          throw new RedisFailure('Redis: an unexpected answer to a script', false);
      }
    }
  }

  async #claim(
    key: TokenKey,
    { newerThan, drop, insist }: ClaimRequest,
    bad: { version: string; rejection: boolean; owner: string },
  ): Promise<{ owner: string; reply: readonly unknown[] }> {
    const { token, lock, version, rejection } = credentialKeys(this.#prefix, key);
    const owner = this.#owners.nameFor(lock, performance.now() + this.#redisAheadMs);
    const above = Math.max(newerThan, this.#withdrawn.of(key.hash));
    const asked = [String(above), flag(drop), flag(insist || bad.rejection), owner];
    const reply = await this.#commands.run(
      CLAIM,
      [token, lock, version, rejection],
      [...asked, bad.version, flag(bad.rejection), bad.owner],
      // A late answer may still have acquired the lock. Give the lock back, or it delays every process.
      () => this.#commands.runBehind(RELEASE, [lock], [owner]),
    );
    this.#answered();
    const answered = listOf(reply);
    // Every answer of the script ends with the time of Redis.
    const aheadMs = Number(answered.at(-1)) - performance.now();
    if (Number.isFinite(aheadMs)) this.#redisAheadMs = aheadMs;
    return { owner, reply: answered };
  }

  async extend(key: TokenKey, grant: Grant): Promise<boolean> {
    const { lock } = credentialKeys(this.#prefix, key);
    return numberOf(await this.#commands.run(EXTEND, [lock], [grant.owner])) === 1;
  }

  async publish(key: TokenKey, grant: Grant, shared: SharedToken, remainingMs: number): Promise<boolean> {
    const { token, lock, rejection } = credentialKeys(this.#prefix, key);
    const forMs = Math.floor(remainingMs);
    if (!(forMs > 0)) {
      await this.release(key, grant);
      return false;
    }
    const { version } = grant;
    const sealed = this.#sealing.seal(textOf(shared, { version, endsAtMs: nowOf(grant) + forMs }), token);
    const args = [grant.owner, String(version), sealed, String(forMs)];
    return numberOf(await this.#commands.run(PUBLISH, [token, lock, rejection], args)) === 1;
  }

  async release(key: TokenKey, grant: Grant): Promise<void> {
    const { lock } = credentialKeys(this.#prefix, key);
    await this.#commands.run(RELEASE, [lock], [grant.owner]);
  }

  async reject(key: TokenKey, grant: Grant, reason: string): Promise<void> {
    const { lock, rejection } = credentialKeys(this.#prefix, key);
    const text = JSON.stringify({ reason, untilMs: nowOf(grant) + REJECTION_MOST_MS });
    const sealed = this.#sealing.seal(text, rejection);
    await this.#commands.run(REJECT, [lock, rejection], [grant.owner, sealed]);
  }

  async withdraw(key: TokenKey, tell: boolean): Promise<SharedToken | undefined> {
    const { token, version } = credentialKeys(this.#prefix, key);
    const reply = listOf(await this.#commands.run(WITHDRAW, [token, version], []));
    const [sealed, last, withdrawn] = reply.map(String) as [string, string, string];
    const withdrawal = { hash: key.hash, version: numberOf(withdrawn) };
    this.#withdrawn.add(withdrawal);
    if (tell) this.#tell(token, withdrawal);
    if (sealed === '') return undefined;
    const shared = tokenOf(this.#sealing.open(sealed, token));
    if (shared?.version === numberOf(last)) return sharedOf(shared);
    this.#warnOfBadValue(token);
    return undefined;
  }

  #tell(token: string, withdrawal: Withdrawal): void {
    const { channel } = this.#withdrawals;
    this.#commands.runBehind(TELL, [token], [channel, this.#withdrawals.messageOf(withdrawal)]);
  }

  async note(key: TokenKey): Promise<string | undefined> {
    const { note } = credentialKeys(this.#prefix, key);
    const sealed = String(await this.#commands.run(READ_NOTE, [note], []));
    if (sealed === '') return undefined;
    const text = this.#sealing.open(sealed, note);
    if (text !== undefined) return text;
    // There is a note that cannot be read. This is no outage of the store, and it does not count as no note either.
    this.#warnOfBadValue(note);
    return UNREADABLE_NOTE;
  }

  async setNote(key: TokenKey, text: string | undefined): Promise<void> {
    const { note } = credentialKeys(this.#prefix, key);
    await this.#commands.run(WRITE_NOTE, [note], [text === undefined ? '' : this.#sealing.seal(text, note)]);
  }

  onWithdrawn(listener: (withdrawal: Withdrawal) => void): () => void {
    return this.#withdrawals.listen((withdrawal) => {
      this.#withdrawn.add(withdrawal);
      listener(withdrawal);
    });
  }

  async reserve(
    endpoint: EndpointKey,
    limits: readonly TokenRequestLimit[],
    credential: string,
  ): Promise<number> {
    const { pause, pauseOf, limit } = endpointKeys(this.#prefix, endpoint);
    const keys = limits.map(({ per }, index) => limit(index, per === 'ip' ? '' : credential));
    const args = limits.flatMap((each) => [String(each.limit), String(each.perMs)]);
    const name = randomBytes(8).toString('hex');
    return numberOf(
      await this.#commands.run(RESERVE, [pause, pauseOf(credential), ...keys], [name, ...args]),
    );
  }

  async pause(endpoint: EndpointKey, credential: string, forMs: number): Promise<void> {
    const { pause, pauseOf, lastTold } = endpointKeys(this.#prefix, endpoint);
    const keys = [pause, pauseOf(credential), lastTold];
    await this.#commands.run(PAUSE, keys, [String(Math.max(1, Math.ceil(forMs))), credential]);
  }

  /** Redis has answered, so the work that had to wait for Redis is done now. */
  #answered(): void {
    this.#withdrawals.ensure();
    if (this.#persistenceChecked) return;
    this.#persistenceChecked = true;
    this.#warnOfPersistence().catch(() => undefined);
  }

  async #warnOfPersistence(): Promise<void> {
    const how = await persistenceOf(this.#connection);
    if (how === undefined) return;
    this.#logger.warn(
      `This Redis writes its data to disk: ${how}. Tokens belong in memory only: turn this off, use another Redis, or give "share: false" to a provider that forbids tokens on disk.`,
    );
  }

  /** Warns once a minute for each value, so that bad values in Redis do not fill the log. */
  #warnOfBadValue(redisKey: string): void {
    const nowMs = performance.now();
    if (nowMs - (this.#warnedAtMs.get(redisKey) ?? -Infinity) < WARN_AGAIN_AFTER_MS) return;
    this.#warnedAtMs.delete(redisKey);
    if (this.#warnedAtMs.size >= MOST_WARNED)
      this.#warnedAtMs.delete([...this.#warnedAtMs.keys()][0] as string);
    this.#warnedAtMs.set(redisKey, nowMs);
    this.#logger.warn(
      `The value of ${redisKey} is not used: it is damaged, was changed, moved there or kept beyond its end, or was written with a key or by a release that this process does not have.`,
    );
  }
}

/** A grant, and how far the clock of Redis was ahead of this process when the grant was given. */
interface RedisGrant extends Grant {
  /** The clock of Redis minus the clock of this process, in milliseconds. */
  readonly aheadMs: number;
}

function grantOf(owner: string, version: number, redisNowMs: number): RedisGrant {
  return { owner, version, aheadMs: redisNowMs - performance.now() };
}

/** The time on the clock of Redis now. */
function nowOf(grant: Grant): number {
  return Math.floor(performance.now() + (grant as RedisGrant).aheadMs);
}

/**
 * The rest of a token's lifetime, in milliseconds; `undefined` where its number is not the one that was sealed with it,
 * or where the end that was sealed with it is past.
 */
function remainingOf(
  { lifetime, version, endsAtMs }: ReturnType<typeof tokenOf> & object,
  storedVersion: number,
  storedForMs: number,
  redisNowMs: number,
): number | undefined {
  const leftMs = Math.min(
    endsAtMs - redisNowMs,
    lifetime.lifetimeMs,
    storedForMs < 0 ? Infinity : storedForMs,
  );
  return version === storedVersion && leftMs > 0 ? leftMs : undefined;
}

function sharedOf({ token, lifetime, scopes, forced }: SharedToken): SharedToken {
  return {
    token,
    lifetime,
    ...(scopes === undefined ? {} : { scopes }),
    ...(forced === undefined ? {} : { forced }),
  };
}

function rejectionOf(text: string | undefined): { reason: string; untilMs: number } | undefined {
  try {
    const own = { __proto__: null, ...(JSON.parse(text ?? '') as object) } as Record<string, unknown>;
    const { reason, untilMs } = own;
    return typeof reason === 'string' && typeof untilMs === 'number' ? { reason, untilMs } : undefined;
  } catch {
    return undefined;
  }
}

function flag(value: boolean): string {
  return value ? '1' : '0';
}

function listOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply.map((each) => (each instanceof Uint8Array ? String(each) : each)) : [];
}

function numberOf(reply: unknown): number {
  const number = Number(reply);
  if (!Number.isFinite(number)) throw new RedisFailure('Redis: an unexpected answer to a script', false);
  return number;
}
