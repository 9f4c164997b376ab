/**
 * Matches the error of a single command, and that of a command in a script, for which Redis 7 and Valkey each have
 * other words.
 */
const LACKS_PERMISSION = /^NOPERM\b|ACL failure|can't run this command/;

/**
 * Redis gave no usable answer. The message is short and can be logged: no command, no argument and no address is in it.
 */
export class RedisFailure extends Error {
  override readonly name = 'RedisFailure';

  constructor(
    reason: string,
    /** Whether Redis may have run the command, or may still run it. */
    readonly mayHaveRun: boolean,
  ) {
    super(reason);
  }

  /** Says the first word of an error reply (`OOM`, `READONLY`), else the error's code, else its name. */
  static of(error: unknown): RedisFailure {
    const { message, code, name } = (error ?? {}) as { message?: unknown; code?: unknown; name?: unknown };
    if (LACKS_PERMISSION.test(String(message)))
      return new RedisFailure('Redis: NOPERM, its user lacks a permission', false);
    const reply = /^(?:ERR )?([A-Z]{2,})\b/.exec(String(message))?.[1];
    const reason = reply ?? [code, name].find((each) => typeof each === 'string') ?? 'unknown';
    return new RedisFailure(`Redis: ${reason}`, reply === undefined);
  }
}
