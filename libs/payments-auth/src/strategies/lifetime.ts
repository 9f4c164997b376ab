import { parsedJson } from '../own-properties.js';
import { instantMs, positiveNumber } from './instant.js';
import { isJsonObject } from '../building-blocks/json-value.js';
import type { Lifetime } from './strategy.js';

/** A stated lifetime is cut off at this many documented lifetimes. */
const MOST_DOCUMENTED_LIFETIMES = 24;
/** A token that lives shorter is taken to live that long, because otherwise logins would never end. */
const SHORTEST_LIFETIME_MS = 1_000;

/** Everything from which the lifetime of a token can be read. */
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
 * How long a token lives, counted from when it was asked for (R6).
 *
 * What the answer says is believed in the order of how little can go wrong with it: a number of seconds needs no
 * clock; `exp - iat` of a JWT needs only the issuer's; a date needs the issuer's clock and ours, so it is read
 * against the answer's own `Date`. Where nothing can be believed, the documented lifetime holds. No figure is
 * believed beyond 24 documented lifetimes, or below one second.
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
      // Some issuers hand out the same token until it dies: what matters is what is left of it.
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
 * From now until `atMs`, where now is what the answer's `Date` says. That header has no fractions of a second, so
 * our own clock is believed within the second that it names. With an unusable `Date`, our clock counts alone.
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

/** The claims that tell a token's life (RFC 7519, section 4.1); nothing is verified, the token is not for us. */
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
