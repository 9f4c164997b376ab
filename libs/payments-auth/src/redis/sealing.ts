import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { SealingKey } from './sealing-keys.js';

/** The number of the form, at the start of every value. A release that writes another form writes another number. */
const FORM = 1;
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 2;

/**
 * How values look in Redis: `form (1 byte) · length of the key id (1 byte) · key id · nonce · tag · ciphertext`, in
 * base64url. In plain text the key id is empty, and the rest is the text itself.
 *
 * An encrypted value is bound to the Redis key that it was written under. Moved to another key, it cannot be opened.
 */
export interface Sealing {
  seal(text: string, redisKey: string): string;
  /** @returns the text, or `undefined` when it was not sealed by one of these keys for this Redis key, in this form */
  open(sealed: string, redisKey: string): string | undefined;
}

/** AES-256-GCM. The first key seals; all of them open, so that keys can be rotated. */
export class EncryptedSealing implements Sealing {
  readonly #sealer: SealingKey;
  readonly #openers: ReadonlyMap<string, Buffer>;

  constructor(keys: readonly [SealingKey, ...SealingKey[]]) {
    this.#sealer = keys[0];
    this.#openers = new Map(keys.map(({ id, key }) => [id, key]));
  }

  seal(text: string, redisKey: string): string {
    const { id, key } = this.#sealer;
    const header = headerOf(id);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(boundTo(header, redisKey));
    const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([header, nonce, cipher.getAuthTag(), encrypted]).toString('base64url');
  }

  open(sealed: string, redisKey: string): string | undefined {
    const value = parse(sealed);
    const key = value === undefined ? undefined : this.#openers.get(value.keyId);
    if (value === undefined || key === undefined || value.rest.length < NONCE_BYTES + TAG_BYTES)
      return undefined;
    const { header, rest } = value;
    try {
      const decipher = createDecipheriv(CIPHER, key, rest.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(boundTo(header, redisKey));
      decipher.setAuthTag(rest.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      const opened = decipher.update(rest.subarray(NONCE_BYTES + TAG_BYTES));
      return Buffer.concat([opened, decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }
}

/** Everybody who can read this Redis can read the values. Used only where the application says so in an option. */
export class PlainSealing implements Sealing {
  seal(text: string): string {
    return Buffer.concat([headerOf(''), Buffer.from(text, 'utf8')]).toString('base64url');
  }

  open(sealed: string): string | undefined {
    const value = parse(sealed);
    return value?.keyId === '' ? value.rest.toString('utf8') : undefined;
  }
}

function headerOf(keyId: string): Buffer {
  return Buffer.concat([Buffer.from([FORM, keyId.length]), Buffer.from(keyId, 'latin1')]);
}

function parse(sealed: string): { header: Buffer; keyId: string; rest: Buffer } | undefined {
  const bytes = Buffer.from(sealed, 'base64url');
  const restAt = HEADER_BYTES + (bytes[1] ?? 0);
  if (bytes[0] !== FORM || bytes.length < restAt) return undefined;
  return {
    header: bytes.subarray(0, restAt),
    keyId: bytes.toString('latin1', HEADER_BYTES, restAt),
    rest: bytes.subarray(restAt),
  };
}

function boundTo(header: Buffer, redisKey: string): Buffer {
  return Buffer.concat([header, Buffer.from(redisKey, 'utf8')]);
}
