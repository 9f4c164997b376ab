import { createPrivateKey, X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnusableCredentialsError } from '../credentials/credential-errors.js';
import { FileSource } from './file-source.js';

/** A mount replaces its files one after the other, within a moment. */
const TRIES = 5;
const BETWEEN_TRIES_MS = 100;

/**
 * Takes credentials from several files that only fit together: a certificate and its key. Read anew each time they are
 * asked for; while a certificate and a key do not fit, because they are being replaced, the ones before are used.
 *
 * @param paths by credential field
 *
 * @example
 * ```ts
 * credentials: fromFiles({ certificate: '/run/secrets/tls.crt', key: '/run/secrets/tls.key' })
 * ```
 */
export function fromFiles<K extends string>(
  paths: Readonly<Record<K, string>>,
): () => Promise<Readonly<Record<K, string>>> {
  const sources = Object.entries<string>(paths).map(
    ([field, path]) => [field, new FileSource(path)] as const,
  );
  let good: Readonly<Record<K, string>> | undefined;
  return async () => {
    let trouble = new UnusableCredentialsError('the files hold no certificate whose key is beside it');
    for (let tried = 0; tried < TRIES; tried += 1) {
      if (tried > 0) await sleep(BETWEEN_TRIES_MS);
      try {
        const read = await Promise.all(sources.map(async ([field, file]) => [field, await file.text()]));
        const values = Object.fromEntries(read) as Record<K, string>;
        if (fit(Object.values(values))) return (good = Object.freeze(values));
      } catch (error) {
        if (!(error instanceof UnusableCredentialsError)) throw error;
        trouble = error;
      }
    }
    if (good !== undefined) return good;
    throw trouble;
  };
}

/** Whether each certificate has its key among the texts, where there are keys at all. */
function fit(texts: readonly string[]): boolean {
  const keys = texts.filter((text) => text.includes('PRIVATE KEY-----'));
  const certificates = texts.filter((text) => text.includes('-----BEGIN CERTIFICATE'));
  if (keys.length === 0) return true;
  try {
    const read = keys.map((key) => createPrivateKey(key));
    return certificates.every((text) => {
      const certificate = new X509Certificate(text);
      return read.some((key) => certificate.checkPrivateKey(key));
    });
  } catch {
    return false;
  }
}
