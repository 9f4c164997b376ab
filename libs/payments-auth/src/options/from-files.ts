import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnusableCredentialsError } from '../credentials/credential-errors.js';
import { inLines } from '../providers/certificate-problems.js';
import { isEncrypted } from '../providers/credential-value.js';
import { kindOf } from '../strategies/header-text.js';
import { FileSource, otherThanPath } from './file-source.js';
import { isRecord } from './record.js';

/** A mount replaces its files one after the other, within a moment. */
const TRIES = 5;
const BETWEEN_TRIES_MS = 100;

/**
 * A mark on the function that {@link fromFiles} returns: its files are there at boot, and reading them again is cheap.
 */
const FILES = Symbol.for('nestjs-payments-auth.from-files');

/** A function that {@link fromFiles} has made. */
interface FilesLoader {
  /** Why the earlier files are used; `undefined` where they are not. */
  readonly [FILES]: () => string | undefined;
}

/** Whether a function that gives credentials was made by {@link fromFiles}. */
export function readsFiles<T extends object>(load: T): load is T & FilesLoader {
  return FILES in load;
}

/** Why the earlier files are used, where they are used. */
export function troubleOf(load: FilesLoader): string | undefined {
  return load[FILES]();
}

/**
 * Takes credentials from several files that have to fit together: a certificate and its key. The files are read at
 * boot, and again every 5 s while they are used. While a certificate and a key do not fit, because they are being
 * replaced, the earlier ones are used. Certificates of authorities may stand beside them, and the passphrase of a
 * key.
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
  const mistake = pathsProblem(paths);
  const sources = Object.entries<string>(mistake === undefined ? paths : {}).map(
    ([field, path]) => [field, new FileSource(path)] as const,
  );
  let good: Readonly<Record<K, string>> | undefined;
  let last: string | undefined;
  const load = async () => {
    // Thrown here, it is told with the path of the option.
    if (mistake !== undefined) throw new UnusableCredentialsError(mistake);
    let trouble = new UnusableCredentialsError('there are no files');
    for (let tried = 0; tried < TRIES; tried += 1) {
      if (tried > 0) await sleep(BETWEEN_TRIES_MS);
      try {
        const read = await Promise.all(sources.map(async ([field, file]) => [field, await file.text()]));
        const values = Object.fromEntries(read) as Record<K, string>;
        const alone = unfittingField(values);
        if (alone === undefined) {
          last = undefined;
          return (good = Object.freeze(values));
        }
        trouble = new UnusableCredentialsError(
          `the certificate in the file ${paths[alone]} and the private keys in the others do not fit together`,
        );
      } catch (error) {
        if (!(error instanceof UnusableCredentialsError)) throw error;
        trouble = error;
      }
    }
    last = trouble.message;
    if (good !== undefined) return good;
    throw trouble;
  };
  return Object.assign(load, { [FILES]: () => last });
}

const EXPECTED =
  "expected the path of a file for each credential field, as in fromFiles({ key: '/run/secrets/key' })";

/** What is wrong with the paths, which may come from variables that are not set. */
function pathsProblem(paths: unknown): string | undefined {
  if (typeof paths === 'string')
    return `fromFiles was given a text; ${EXPECTED}. For a single file, write fromFile`;
  if (!isRecord(paths)) return `fromFiles was given ${kindOf(paths)}; ${EXPECTED}`;
  const fields = Object.keys(paths);
  if (fields.length === 0) return `fromFiles was given no file; ${EXPECTED}`;
  const wrong = fields.find((field) => otherThanPath(paths[field]) !== undefined);
  return wrong === undefined
    ? undefined
    : `fromFiles was given ${otherThanPath(paths[wrong])} as the path of "${wrong}"; ${EXPECTED}`;
}

/**
 * Finds a certificate without its key while there is a key without its certificate. Then one of the two was replaced,
 * and the other one will be replaced soon. A certificate of an authority has no key here, and a key that signs needs
 * no certificate.
 */
function unfittingField<K extends string>(values: Readonly<Record<K, string>>): K | undefined {
  const entries = Object.entries<string>(values) as [K, string][];
  const texts = entries.map(([, text]) => inLines(text));
  const keys = texts.filter((text) => text.includes('PRIVATE KEY-----')).map((key) => opened(key, texts));
  // A text that cannot be read fits nothing. It is no error here: the code that uses it says why.
  if (keys.includes(undefined)) return undefined;
  const certificates = entries.flatMap(([field, text]) => {
    const certificate = certificateIn(inLines(text));
    return certificate === undefined ? [] : [{ field, certificate }];
  });
  const [withKey, withoutKey] = [true, false].map((has) =>
    certificates.filter((each) => keys.some((key) => fits(key, each)) === has),
  ) as [typeof certificates, typeof certificates];
  const missing = withoutKey.filter(({ certificate }) => withKey.length === 0 || !certificate.ca);
  const isKeyAlone = keys.some((key) => !certificates.some((each) => fits(key, each)));
  return isKeyAlone ? missing[0]?.field : undefined;
}

function fits(key: KeyObject | undefined, { certificate }: { certificate: X509Certificate }): boolean {
  return key !== undefined && certificate.checkPrivateKey(key);
}

function certificateIn(text: string): X509Certificate | undefined {
  if (!text.includes('-----BEGIN CERTIFICATE')) return undefined;
  try {
    return new X509Certificate(text);
  } catch {
    return undefined;
  }
}

/** A key, opened with whichever of the texts is its passphrase. */
function opened(key: string, texts: readonly string[]): KeyObject | undefined {
  const passphrases = isEncrypted(key) ? texts.filter((text) => !text.includes('-----BEGIN ')) : [undefined];
  for (const passphrase of passphrases) {
    try {
      return createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) });
    } catch {
      // Another text may be the passphrase.
    }
  }
  return undefined;
}
