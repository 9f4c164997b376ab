import { parsedJson } from '../own-properties.js';
import { instantMs, positiveNumber } from './instant.js';
import { isJsonObject } from '../building-blocks/json-value.js';
import type { Lifetime } from './strategy.js';

/** A stated lifetime is cut off at this many documented lifetimes. */
const MOST_DOCUMENTED_LIFETIMES = 24;
/** A shorter lifetime is raised to this one. Otherwise one login would follow the other. */
const SHORTEST_LIFETIME_MS = 1_000;

/** The values from which the lifetime of a token is calculated. */
export interface LifetimeEvidence {
  /** Seconds, as the answer has them: a number, a numeric string, or anything else. */
  readonly relative?: unknown;
  /** An instant, as the answer has it: an ISO date, an epoch, or anything else. */
  readonly absolute?: unknown;
  readonly token: string;
  /** The `Date` header of the answer. */
  readonly date?: string;
  /** Our wall clock when the request was sent, in milliseconds. */
  readonly requestedAtMs: number;
  readonly documentedMs: number;
}

/**
 * How long a token lives, from the moment of its request (R6).
 *
 * The sources in the answer are used in the order of their reliability. A number of seconds needs no clock. `exp - iat`
 * of a JWT needs only the issuer's clock. A date needs the issuer's clock and that of this machine, so it is compared
 * with the answer's own `Date`. Without any of them, the documented lifetime is used. A lifetime is cut to 24
 * documented lifetimes, and is at least one second.
 */
export function lifetimeOf(evidence: LifetimeEvidence): Lifetime {
  const { lifetimeMs, from } = believed(evidence);
  return { lifetimeMs: Math.max(SHORTEST_LIFETIME_MS, lifetimeMs), from };
}

function believed(evidence: LifetimeEvidence): Lifetime {
  const mostMs = MOST_DOCUMENTED_LIFETIMES * evidence.documentedMs;
  const relative = positiveNumber(evidence.relative);
  if (relative !== undefined) return { lifetimeMs: Math.min(mostMs, relative * 1_000), from: 'relative' };

  const { issuedAtMs, expiresAtMs } = jwtTimes(evidence.token);
  if (issuedAtMs !== undefined && expiresAtMs !== undefined && expiresAtMs > issuedAtMs) {
    const remainingMs = Math.min(
      expiresAtMs - issuedAtMs,
      // Some issuers return the same token until it ends. Only what is left of its life counts.
      remaining(expiresAtMs, evidence, mostMs) ?? Infinity,
    );
    return { lifetimeMs: Math.min(mostMs, remainingMs), from: 'jwt' };
  }

  for (const [atMs, from] of [
    [instantMs(evidence.absolute), 'absolute'],
    [expiresAtMs, 'jwt'],
  ] as const) {
    const remainingMs = atMs === undefined ? undefined : remaining(atMs, evidence, mostMs);
    if (remainingMs !== undefined) return { lifetimeMs: Math.min(mostMs, remainingMs), from };
  }
  return { lifetimeMs: evidence.documentedMs, from: 'documented' };
}

/**
 * The time from now until `atMs`, where the answer's `Date` gives the current time. That header has no fractions of a
 * second, so within that second the clock of this machine decides. Without a usable `Date`, only the clock of this
 * machine counts.
 */
function remaining(
  atMs: number,
  { date, requestedAtMs }: LifetimeEvidence,
  mostMs: number,
): number | undefined {
  const dateMs = date === undefined ? NaN : Date.parse(date);
  const serverNowMs = Math.min(Math.max(requestedAtMs, dateMs), dateMs + 999);
  const candidates = [serverNowMs, requestedAtMs].map((nowMs) => atMs - nowMs).filter((ms) => ms > 0);
  return candidates.find((ms) => ms <= mostMs) ?? candidates[0];
}

/**
 * The claims with the token's life (RFC 7519, section 4.1). The signature is not verified, because this library is not
 * the receiver of the token.
 */
function jwtTimes(token: string): Readonly<Record<'issuedAtMs' | 'expiresAtMs', number | undefined>> {
  const none = { issuedAtMs: undefined, expiresAtMs: undefined };
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) return none;
  let claims: unknown;
  try {
    claims = parsedJson(Buffer.from(payload, 'base64url').toString('utf8'));
  } catch {
    return none;
  }
  if (!isJsonObject(claims)) return none;
  const issuedAt = positiveNumber(claims['iat']);
  const expiresAt = positiveNumber(claims['exp']);
  return {
    issuedAtMs: issuedAt === undefined ? undefined : issuedAt * 1_000,
    expiresAtMs: expiresAt === undefined ? undefined : expiresAt * 1_000,
  };
}
