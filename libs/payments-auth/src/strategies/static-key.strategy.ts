import type { StaticKeyStrategy } from './strategy.js';

/** The configured secret itself goes with every call: there is nothing to fetch, and nothing expires. */
export function staticKey(): StaticKeyStrategy {
  return { kind: 'static-key' };
}
