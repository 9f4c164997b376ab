/** The time as the sandbox reads it, in milliseconds since the epoch. A test can replace it, and so decide when tokens expire. */
export interface SandboxClock {
  now(): number;
}

export const systemClock: SandboxClock = { now: () => Date.now() };
