/** A command of its own, or one in a script: Redis 7 says the second in words of its own, and so does Valkey. */
const LACKS_PERMISSION = /^NOPERM\b|ACL failure|can't run this command/;

/** Redis gave no usable answer. The message is short and can be logged: no command, no argument and no address is in it. */
export class RedisFailure extends Error {
  override readonly name = 'RedisFailure';

  constructor(
    reason: string,
    /** Whether Redis may have run the command, or may still run it. */
    readonly mayHaveRun: boolean,
  ) {
    super(reason);
  }

  /** The first word of an error reply (`OOM`, `READONLY`), else the system's word, else the client's. */
  static of(error: unknown): RedisFailure {
    const { message, code, name } = (error ?? {}) as { message?: unknown; code?: unknown; name?: unknown };
    if (LACKS_PERMISSION.test(String(message)))
      return new RedisFailure('Redis: NOPERM, its user lacks a permission', false);
    const reply = /^(?:ERR )?([A-Z]{2,})\b/.exec(String(message))?.[1];
    const reason = reply ?? [code, name].find((each) => typeof each === 'string') ?? 'unknown';
    return new RedisFailure(`Redis: ${reason}`, reply === undefined);
  }
}
