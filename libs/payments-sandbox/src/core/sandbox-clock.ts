/** The time as the sandbox reads it, in milliseconds since the epoch. Replaceable, so that a test drives expiry. */
export interface SandboxClock {
  now(): number;
}

export const systemClock: SandboxClock = { now: () => Date.now() };
