import { PaymentsAuthError } from '../index.js';
import { isRedisClient } from './redis-client.js';
import { EncryptedSealing, PlainSealing, type Sealing } from './sealing.js';
import { derivedHashKey, type EncryptionKey, keyBytes, sealingKeys } from './sealing-keys.js';

/** Receives what an operator should know. Nest's `Logger` is one. */
export interface WarningLogger {
  warn(message: string): void;
}

/** The options of a {@link RedisTokenStore}. Either `keys` or `plaintext: true` has to be given. */
export interface RedisTokenStoreOptions {
  /** Tokens are encrypted with the first key (AES-256-GCM) and opened with any of them, so that keys can be rotated. */
  readonly keys?: readonly EncryptionKey[];
  /**
   * `true` keeps tokens unencrypted: everybody who can read this Redis can read them.
   * @default false
   */
  readonly plaintext?: boolean;
  /**
   * The key of the hash that names credentials: 32 bytes, as they are or in base64 or hex, the same in every process.
   * @default derived from the key whose id sorts first
   */
  readonly hashKey?: string | Uint8Array;
  /**
   * The prefix of every Redis key. Fleets with the same prefix share tokens.
   * @default 'payments-auth'
   */
  readonly prefix?: string;
  /**
   * How long a process waits for Redis, in milliseconds. After that it goes on without Redis.
   * @default 250
   */
  readonly timeoutMs?: number;
  /**
   * Gets warnings about values that cannot be read, and about a Redis that writes to disk.
   * @default Nest's `Logger`
   */
  readonly logger?: WarningLogger;
}

/** The options, checked and defaulted. */
export interface ResolvedRedisTokenStoreOptions {
  readonly sealing: Sealing;
  readonly hashKey: Buffer;
  readonly prefix: string;
  readonly timeoutMs: number;
}

/** @throws {PaymentsAuthError} `INVALID_OPTIONS`, with every problem at once */
export function resolveOptions(
  client: unknown,
  options: RedisTokenStoreOptions,
): ResolvedRedisTokenStoreOptions {
  const { keys = [], plaintext = false, hashKey, prefix = 'payments-auth', timeoutMs = 250 } = ownOf(options);
  const problems: string[] = [];
  if (!isRedisClient(client))
    problems.push(
      'client: a client of "redis" (node-redis) or of "ioredis" is needed, made by the application',
    );
  const checked = sealingKeys(keys, problems);
  const [first, ...others] = checked;
  if (keys.length === 0 && !plaintext)
    problems.push(
      'keys: at least one key is needed to encrypt tokens with; only `plaintext: true` does without',
    );
  if (keys.length > 0 && plaintext)
    problems.push('plaintext: tokens are either encrypted (keys) or readable (plaintext), not both');
  const givenHashKey = hashKey === undefined ? undefined : keyBytes(hashKey);
  if (hashKey !== undefined && givenHashKey === undefined)
    problems.push('hashKey: 32 bytes are needed, as they are or in base64 or hex');
  if (!/^[^\s{}]+$/.test(prefix)) problems.push('prefix: text without spaces and braces is needed');
  if (!Number.isFinite(timeoutMs) || timeoutMs <= 0) problems.push('timeoutMs: a duration above 0 is needed');
  if (problems.length > 0)
    throw new PaymentsAuthError(
      'INVALID_OPTIONS',
      `RedisTokenStore cannot be made:\n${problems.map((each) => `- ${each}`).join('\n')}`,
      { problems },
    );
  return {
    sealing: first === undefined ? new PlainSealing() : new EncryptedSealing([first, ...others]),
    hashKey: givenHashKey ?? derivedHashKey(checked),
    prefix,
    timeoutMs,
  };
}

/** A copy that inherits nothing, whatever somebody has put on `Object.prototype`. */
export function ownOf<T extends object>(options: T): T {
  return { __proto__: null, ...options };
}
