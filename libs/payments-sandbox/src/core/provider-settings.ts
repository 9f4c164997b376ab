import { checkFields, either, isBoolean, isNumber, isOneOf, isWholeNumber, optional } from './checks.js';
import { type Envelope, ENVELOPES } from './refusal-envelope.js';

/** How one provider behaves; changeable while it runs. */
export interface ProviderSettings {
  /** How long a token lives. @default what the provider documents */
  tokenLifetimeMs: number;
  /** A new token is refused on calls until it has this age, in milliseconds: some servers know a new token late. @default 0 */
  tokensRefusedForMs: number;
  /**
   * A call goes to one of two servers, chosen at random by the seed. The second server does not know a token until the token
   * has this age, in milliseconds. For the same time after a key was rotated, the first server knows only the new key, and
   * the second only the old key. @default 0: there is one server
   */
  nodesDisagreeForMs: number | 'always';
  /** Whether a login revokes the token that the account got before for the same scopes. @default false */
  newLoginKillsEarlier: boolean;
  /** Whether a login issues the same token again as long as that token lives. @default false */
  sameTokenUntilDead: boolean;
  /** By how many milliseconds the provider's clock is ahead. `Date` headers and expiry dates show it. @default 0 */
  skewMs: number;
  /**
   * Whether the documented rate limits are enforced; a number multiplies them. `X-RateLimit-*` headers are sent
   * either way, where the provider sends them. @default false
   */
  rateLimits: boolean | number;
  /** The status with which a call with a bad credential is refused. @default the provider's */
  refusalStatus: number;
  /** The body of the answer to a call with a bad credential: see `Envelope`. @default 'own' */
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

/** Checks settings that come from outside. @throws {InvalidInputError} naming every wrong field */
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
