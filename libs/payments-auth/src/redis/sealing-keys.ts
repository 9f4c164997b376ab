import { hkdfSync } from 'node:crypto';

/** A key that tokens are encrypted with at rest. */
export interface EncryptionKey {
  /**
   * Every value in Redis has this id beside it, which says which key opens the value: 1 to 32 letters, digits, `.`,
   * `_` and `-`. Let the ids sort by age, as dates do: `2026-11`.
   */
  readonly id: string;
  /** 32 bytes, as they are or as text in base64 or hex: `openssl rand -base64 32`. */
  readonly key: string | Uint8Array;
}

/** A key whose form has been checked. */
export interface SealingKey {
  readonly id: string;
  readonly key: Buffer;
}

const KEY_BYTES = 32;

/** Reads 32 bytes; `undefined` for anything else. */
export function keyBytes(key: unknown): Buffer | undefined {
  if (typeof key === 'string') {
    const text = key.trim();
    const bytes = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : fromBase64(text);
    return bytes?.length === KEY_BYTES ? bytes : undefined;
  }
  return key instanceof Uint8Array && key.length === KEY_BYTES ? Buffer.from(key) : undefined;
}

/** Checks a list of keys; what is wrong goes to `problems`, without any part of a key. */
export function sealingKeys(keys: readonly EncryptionKey[], problems: string[]): readonly SealingKey[] {
  const seen = new Set<string>();
  return keys.flatMap((each, index) => {
    const { id, key } = { __proto__: null, ...each } as EncryptionKey;
    const bytes = keyBytes(key);
    if (typeof id !== 'string' || !/^[\w.-]{1,32}$/.test(id))
      problems.push(`keys[${index}].id: 1 to 32 letters, digits, ".", "_" or "-" are needed`);
    else if (seen.has(id)) problems.push(`keys[${index}].id: another key has the same one`);
    if (bytes === undefined)
      problems.push(
        `keys[${index}].key: 32 bytes are needed, as they are or in base64 or hex (openssl rand -base64 32)`,
      );
    seen.add(id);
    return bytes === undefined ? [] : [{ id, key: bytes }];
  });
}

/**
 * The key of the hash that names credentials. It has to be the same in every process, also while keys are being
 * rotated and different processes have different lists. So it is derived from the oldest key, whose id sorts first,
 * and not from the key that encrypts. It stays the same while a new key is added and put first, and changes once,
 * when the oldest key is removed.
 */
export function derivedHashKey(keys: readonly SealingKey[]): Buffer {
  const [oldest] = keys.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  // Without encryption there is no secret to derive from. An HMAC under a known key still is no bare hash.
  const secret = oldest?.key ?? Buffer.alloc(KEY_BYTES);
  return Buffer.from(hkdfSync('sha256', secret, '', 'nestjs-payments-auth hash key', KEY_BYTES));
}

function fromBase64(text: string): Buffer | undefined {
  return /^[\w+/-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}
