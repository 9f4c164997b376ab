import { checkFields, either, isBoolean, isNumber, isOneOf, isWholeNumber, optional } from './checks.js';
import { type Envelope, ENVELOPES } from './refusal-envelope.js';

/** How one provider behaves; changeable while it runs. */
export interface ProviderSettings {
  /** How long a token lives. @default what the provider documents */
  tokenLifetimeMs: number;
  /** A new token is refused on calls until it is this old, as where servers learn of it late. @default 0 */
  tokensRefusedForMs: number;
  /**
   * Calls reach one of two servers, which one is drawn from the seed. The second server does not know a token until
   * the token is this old. After a key was rotated, the first server knows only the new key, and the second only the
   * old one, for this long. @default 0: there is one server
   */
  nodesDisagreeForMs: number | 'always';
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
  /** What a call with a bad credential is answered with: see `Envelope`. @default 'own' */
  refusalEnvelope: Envelope;
  /** ClickPesa: whether every body must carry a `checksum`, and by which rule it is made. @default 'off' */
  checksum: 'off' | 'canonical' | 'legacy';
}

export function defaultSettings(documented: {
  readonly lifetimeMs?: number;
  readonly refusalStatus: number;
}): ProviderSettings {
  return {
    tokenLifetimeMs: documented.lifetimeMs ?? 3_600_000,
    tokensRefusedForMs: 0,
    nodesDisagreeForMs: 0,
    newLoginKillsEarlier: false,
    sameTokenUntilDead: false,
    skewMs: 0,
    rateLimits: false,
    refusalStatus: documented.refusalStatus,
    refusalEnvelope: 'own',
    checksum: 'off',
  };
}

/** Makes sure of settings that come from outside. @throws {InvalidInputError} naming every wrong field */
export function checkSettings(settings: unknown): Partial<ProviderSettings> {
  checkFields(settings, {
    tokenLifetimeMs: optional(isNumber(1)),
    tokensRefusedForMs: optional(isNumber(0)),
    nodesDisagreeForMs: optional(either(isNumber(0), isOneOf('always'))),
    newLoginKillsEarlier: optional(isBoolean),
    sameTokenUntilDead: optional(isBoolean),
    skewMs: optional(isNumber(-Infinity)),
    rateLimits: optional(either(isBoolean, isNumber(0))),
    refusalStatus: optional(isWholeNumber(200, 599)),
    refusalEnvelope: optional(isOneOf(...ENVELOPES)),
    checksum: optional(isOneOf('off', 'canonical', 'legacy')),
  });
  return settings;
}
