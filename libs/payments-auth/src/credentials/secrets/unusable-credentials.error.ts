/**
 * Static credentials that cannot be used, and what is wrong with them: a field by its name, never its value. Internal:
 * callers get it as `CREDENTIALS_UNAVAILABLE`, with whose credentials they are.
 */
export class UnusableCredentialsError extends Error {
  override readonly name = 'UnusableCredentialsError';

  /** @param cause the application's own error, passed on as it is */
  constructor(reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause });
  }
}
