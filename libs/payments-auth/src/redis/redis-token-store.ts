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
import { RedisFailure } from './redis-failure.js';
import { credentialKeys, endpointKeys } from './redis-keys.js';
import { persistenceOf } from './redis-persistence.js';
import { CLAIM, EXTEND, PAUSE, PUBLISH, REJECT, RELEASE, RESERVE, WITHDRAW } from './redis-scripts.js';
import {
  type RedisTokenStoreOptions,
  resolveOptions,
  type WarningLogger,
} from './redis-token-store.options.js';
import { RedisWithdrawals } from './redis-withdrawals.js';
import type { Sealing } from './sealing.js';
import { textOf, tokenOf } from './shared-token-text.js';

/**
 * Lets a fleet share its tokens through a Redis: all processes together ask a provider once per token lifetime.
 *
 * ```ts
 * const client = await createClient({ url }).on('error', log).connect();   // redis, or: new Redis(url) of ioredis
 * const store = new RedisTokenStore(client, { keys: [{ id: '2026-11', key: process.env.TOKEN_KEY }] });
 * PaymentsAuthModule.forRoot({ store });
 * ```
 *
 * The client stays the application's: connecting, its error events, TLS and its end. Redis may fail at any time;
 * each process then goes on alone.
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
  readonly #logger: WarningLogger;
  #persistenceChecked = false;

  /** @throws {PaymentsAuthError} `INVALID_OPTIONS`, also where neither `keys` nor `plaintext: true` is given */
  constructor(client: RedisClient, options: RedisTokenStoreOptions) {
    const { hashKey, prefix, timeoutMs, sealing } = resolveOptions(client, options ?? {});
    this.#prefix = prefix;
    this.timeoutMs = timeoutMs;
    this.#sealing = sealing;
    this.#logger = options.logger ?? new Logger(RedisTokenStore.name);
    this.#connection = connectionOf(client);
    this.#commands = new RedisCommands(this.#connection, timeoutMs);
    this.#withdrawals = new RedisWithdrawals(this.#connection, `${prefix}:withdrawn`);
    this.hashKey = hashKey;
    // A key that anything can print is no secret for long (R14).
    Object.defineProperty(this, 'hashKey', { enumerable: false });
  }

  async claim(key: TokenKey, request: ClaimRequest): Promise<Claim> {
    const { token, lock, version, rejection } = credentialKeys(this.#prefix, key);
    const owner = randomBytes(16).toString('hex');
    const reply = await this.#commands.run(
      CLAIM,
      [token, lock, version, rejection],
      [String(request.newerThan), flag(request.drop), flag(request.insist), owner],
      // What comes too late may still have acquired the lock: give it back, or it holds everybody up.
      () => this.#commands.runBehind(RELEASE, [lock], [owner]),
    );
    this.#answered();
    const [outcome, first, second, third] = listOf(reply);
    switch (outcome) {
      case 'acquired':
        return { outcome, grant: { owner, version: numberOf(first) } };
      case 'held':
        return { outcome };
      case 'rejected': {
        const reason = this.#sealing.open(String(second), rejection);
        if (reason === undefined) {
          this.#warnOfUnreadable(rejection);
          return this.claim(key, { ...request, insist: true });
        }
        return { outcome, reason, retryAfterMs: numberOf(first) };
      }
      case 'found': {
        const shared = tokenOf(this.#sealing.open(String(third), token));
        if (shared === undefined) {
          this.#warnOfUnreadable(token);
          return this.claim(key, { ...request, newerThan: numberOf(first) });
        }
        return { outcome, token: { ...shared, version: numberOf(first), remainingMs: numberOf(second) } };
      }
      default:
        throw new RedisFailure('Redis: an answer that no script gives', false);
    }
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
    const sealed = this.#sealing.seal(textOf(shared), token);
    const args = [grant.owner, String(grant.version), sealed, String(forMs)];
    return numberOf(await this.#commands.run(PUBLISH, [token, lock, rejection], args)) === 1;
  }

  async release(key: TokenKey, grant: Grant): Promise<void> {
    const { lock } = credentialKeys(this.#prefix, key);
    await this.#commands.run(RELEASE, [lock], [grant.owner]);
  }

  async reject(key: TokenKey, grant: Grant, reason: string): Promise<void> {
    const { lock, rejection } = credentialKeys(this.#prefix, key);
    await this.#commands.run(REJECT, [lock, rejection], [grant.owner, this.#sealing.seal(reason, rejection)]);
  }

  async withdraw(key: TokenKey, tell: boolean): Promise<SharedToken | undefined> {
    const { token, version } = credentialKeys(this.#prefix, key);
    const args = [this.#withdrawals.channel, tell ? key.hash : ''];
    const sealed = String(await this.#commands.run(WITHDRAW, [token, version], args));
    if (sealed === '') return undefined;
    const shared = tokenOf(this.#sealing.open(sealed, token));
    if (shared === undefined) this.#warnOfUnreadable(token);
    return shared;
  }

  onWithdrawn(listener: (withdrawal: Withdrawal) => void): () => void {
    return this.#withdrawals.listen(listener);
  }

  async reserve(
    endpoint: EndpointKey,
    limits: readonly TokenRequestLimit[],
    credential: string,
  ): Promise<number> {
    const { pause, limit } = endpointKeys(this.#prefix, endpoint);
    const keys = limits.map(({ per }, index) => limit(index, per === 'ip' ? '' : credential));
    const args = limits.flatMap((each) => [String(each.limit), String(each.perMs)]);
    const name = randomBytes(8).toString('hex');
    return numberOf(await this.#commands.run(RESERVE, [pause, ...keys], [name, ...args]));
  }

  async pause(endpoint: EndpointKey, forMs: number): Promise<void> {
    const { pause } = endpointKeys(this.#prefix, endpoint);
    await this.#commands.run(PAUSE, [pause], [String(Math.max(1, Math.ceil(forMs)))]);
  }

  /** Redis is there: what could not be done without it is made up for. */
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
      `This Redis writes what it holds to disk: ${how}. Tokens belong in memory: turn it off, use another Redis, or keep a provider that demands it out of the store with "share: false".`,
    );
  }

  #warnOfUnreadable(redisKey: string): void {
    this.#logger.warn(
      `The value of ${redisKey} cannot be read and is ignored: it is damaged, was moved there, or was written with a key or by a release that this process does not have.`,
    );
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
  if (!Number.isFinite(number)) throw new RedisFailure('Redis: an answer that no script gives', false);
  return number;
}
