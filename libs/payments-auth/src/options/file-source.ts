import { readFile } from 'node:fs/promises';
import { UnusableCredentialsError } from '../credentials/credential-errors.js';
import { kindOf } from '../strategies/header-text.js';

/** What was given in the place of a path, which may come from a variable that is not set; `undefined` for a path. */
export function otherThanPath(given: unknown): string | undefined {
  if (given instanceof URL || given instanceof Uint8Array) return undefined;
  if (typeof given !== 'string') return kindOf(given);
  return given === '' ? 'an empty text' : undefined;
}

/** A secret in a file. Made by {@link fromFile}. Its errors name the file and the reason, and never the content. */
export class FileSource {
  constructor(
    /** As given to {@link fromFile}. */
    readonly path: string,
  ) {}

  /** The whole file, without its final newline; never empty. @throws {UnusableCredentialsError} */
  async text(): Promise<string> {
    const other = otherThanPath(this.path);
    if (other !== undefined)
      throw new UnusableCredentialsError(`fromFile was given ${other}; expected the path of a file`);
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      throw new UnusableCredentialsError(`the file ${this.path} cannot be read (${code})`);
    }
    // Editors and `echo` end a file with one newline. A second one is part of the secret, or a mistake that has to be
    // reported.
    const secret = text.replace(/\r?\n$/, '');
    // The file is empty, so it is most likely being written. Without this error, an optional field would count as not
    // given.
    if (secret === '') throw new UnusableCredentialsError(`the file ${this.path} is empty`);
    return secret;
  }

  /** The file as JSON. @throws {UnusableCredentialsError} */
  async json(): Promise<unknown> {
    const text = await this.text();
    try {
      return JSON.parse(text);
    } catch {
      // The error of the parser is left out, because its message repeats a part of the file.
      throw new UnusableCredentialsError(`the file ${this.path} is not JSON`);
    }
  }
}

/**
 * Takes a secret from a file, as container platforms mount them. Read again while it is in use: after
 * `credentialsTtlMs` (5 s for files), on a renewal, and at once when the provider rejects the secret. So a secret
 * that is replaced in its file is used without a restart. When a file is missing or half written meanwhile, the
 * library warns, and uses the earlier content.
 *
 * In place of one field, the secret is the text of the file, without one final newline. In place of the whole
 * `credentials`, the file holds a JSON object with all the fields, or a list of such objects, newest first.
 *
 * @example
 * ```ts
 * PaymentsAuthModule.forRoot({
 *   providers: {
 *     cashfin: { credentials: { clientSecret: fromFile('/run/secrets/cashfin') } },
 *     pesapal: { environment: 'live', credentials: fromFile('/run/secrets/pesapal.json') },
 *   },
 * });
 * ```
 *
 * @param path absolute, or relative to the working directory
 */
export function fromFile(path: string): FileSource {
  return new FileSource(path);
}
