import { checkFields, either, isBoolean, isNumber, isOneOf, isWholeNumber, optional } from './checks.js';

/** How one provider behaves; changeable while it runs. */
export interface ProviderSettings {
  /** How long a token lives. @default what the provider documents */
  tokenLifetimeMs: number;
  /** A login revokes the token that the account got before, for the same scopes. @default false */
  newLoginKillsEarlier: boolean;
  /** A login hands out the same token again for as long as it lives. @default false */
  sameTokenUntilDead: boolean;
  /** How far the provider's clock is off: `Date` headers and expiry dates show it. @default 0 */
  skewMs: number;
  /**
   * Whether the documented rate limits are enforced; a number multiplies them. `X-RateLimit-*` headers are sent
   * either way, where the provider sends them. @default false
   */
  rateLimits: boolean | number;
  /** The status a call with a bad credential is refused with, where reports differ. @default the provider's */
  refusalStatus: number;
  /** ClickPesa: whether every body must carry a `checksum`, and by which rule it is made. @default 'off' */
  checksum: 'off' | 'canonical' | 'legacy';
}

export function defaultSettings(documented: {
  readonly lifetimeMs?: number;
  readonly refusalStatus: number;
}): ProviderSettings {
  return {
    tokenLifetimeMs: documented.lifetimeMs ?? 3_600_000,
    newLoginKillsEarlier: false,
    sameTokenUntilDead: false,
    skewMs: 0,
    rateLimits: false,
    refusalStatus: documented.refusalStatus,
    checksum: 'off',
  };
}

/** Makes sure of settings that come from outside. @throws {InvalidInputError} naming every wrong field */
export function checkSettings(settings: unknown): Partial<ProviderSettings> {
  checkFields(settings, {
    tokenLifetimeMs: optional(isNumber(1)),
    newLoginKillsEarlier: optional(isBoolean),
    sameTokenUntilDead: optional(isBoolean),
    skewMs: optional(isNumber(-Infinity)),
    rateLimits: optional(either(isBoolean, isNumber(0))),
    refusalStatus: optional(isWholeNumber(200, 599)),
    checksum: optional(isOneOf('off', 'canonical', 'legacy')),
  });
  return settings;
}
