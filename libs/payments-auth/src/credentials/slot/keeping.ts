import { headersOf } from '../call-headers.js';
import { strategyOf } from '../../strategies/strategy.js';
import { Credential } from '../credential.js';
import type { IssuedToken } from '../issuing/token-issuer.js';
import { zonesOf, zonesToTheEnd } from '../renewing/renewal-rules.js';
import { type Secret, shortOf } from '../secrets/secret-source.js';
import { KeptCredential } from './kept-credential.js';
import type { Acquired } from './login.js';
import type { SlotView } from './slot-context.js';

/** The result of a login, as it is kept. @throws {UnusableCredentialsError} when it gives no header that can be sent */
export function keepAcquired(slot: SlotView, { secret, issued }: Acquired): KeptCredential {
  return issued === undefined ? keepKey(slot, secret) : keepToken(slot, secret, issued);
}

/**
 * A token as it is kept, with the zones of its life.
 *
 * An issuer may return the same token until it ends. Then the token does not live longer because it was returned again,
 * and a request before its end gives no other token. So neither this token nor the next one is renewed before its end.
 *
 * @throws {UnusableCredentialsError} when no header that can be sent is made of it
 */
function keepToken(slot: SlotView, secret: Secret, issued: IssuedToken): KeptCredential {
  const { owner, kept: before } = slot;
  const { provider, clock, hash, slowestLoginMs, usableAfterMs } = owner.context;
  const { lifetimeMs, from } = issued.lifetime;
  const again = before !== undefined && before.credential.token === issued.token;
  const knowsWhatIsLeft = from === 'relative' || from === 'absolute';
  const endsAtMs = issued.askedAtMs + lifetimeMs;
  const expiresAtMs =
    again && !knowsWhatIsLeft ? Math.min(before.credential.expiresAtMs ?? endsAtMs, endsAtMs) : endsAtMs;
  const remainingMs = expiresAtMs - issued.askedAtMs;
  const zones =
    again || before?.isRenewedAtItsEnd === true
      ? zonesToTheEnd(remainingMs + answeredAfterMs(issued, clock.monotonic()))
      : zonesOf(remainingMs, provider.refreshBeforeMs, slowestLoginMs(), Math.random(), usableAfterMs);
  const made = headersOf(provider.definition, secret.credentials, issued.token, provider.environment);
  const credential = new Credential({
    provider: provider.name,
    account: owner.account,
    scopes: grantedOf(issued, slot.asked.scopes),
    id: hash.short([issued.token]),
    token: sharedWith(Object.values(made.headers), issued.token),
    obtainedAtMs: again ? before.credential.obtainedAtMs : firstHadAtMs(issued, clock.now()),
    expiresAtMs,
    ...made,
  });
  const kept = new KeptCredential({
    credential,
    secret,
    lifetimeMs: remainingMs,
    version: issued.version,
    zones,
    since: { wallMs: issued.askedAtMs, monotonicMs: issued.askedAtMonotonicMs },
  });
  if (before !== undefined) kept.follows(before, clock);
  // This login has ended the earlier token.
  if (strategyOf(provider.definition)?.endsEarlierToken === true) kept.predecessor = undefined;
  return kept;
}

/** How much later than its request the token's life may have begun. Until its end, the issuer has no other token. */
function answeredAfterMs({ from, askedAtMonotonicMs }: IssuedToken, nowMs: number): number {
  return from === 'store' ? 0 : Math.min(1_000, nowMs - askedAtMonotonicMs);
}

/**
 * The age of a token from the store counts from its login, and not from its arrival here, because the provider knows it
 * since then.
 */
function firstHadAtMs({ from, askedAtMs }: IssuedToken, nowMs: number): number {
  return from === 'store' ? askedAtMs : nowMs;
}

/**
 * A static key as it is kept: as long as the answer of its resolver may be used, and for ever where it is fixed. The
 * key is due when the resolver has to be asked again.
 *
 * @throws {UnusableCredentialsError} when no header that can be sent is made of it
 */
function keepKey(slot: SlotView, secret: Secret): KeptCredential {
  const { owner, kept: before } = slot;
  const { clock } = owner.context;
  // A resolver is not asked again within a second, but its answer may be valid for less time. So the end counts as
  // well.
  const keptForMs = Math.ceil(owner.secrets.keptForMs);
  const isSame = before?.secret.fingerprint === secret.fingerprint;
  const kept = new KeptCredential({
    credential: isSame ? before.credential : keyCredential(slot, secret),
    secret,
    lifetimeMs: keptForMs,
    version: undefined,
    zones: { dueAfterMs: Math.max(0.8 * keptForMs, Math.min(100, keptForMs)), deadAfterMs: keptForMs },
    since: { wallMs: clock.now(), monotonicMs: clock.monotonic() },
  });
  if (isSame) kept.goesOnFrom(before);
  return kept;
}

/**
 * The credential of calls with this key. @throws {UnusableCredentialsError} when it gives no header that can be sent
 */
export function keyCredential({ owner, asked }: SlotView, secret: Secret): Credential {
  const { provider, clock } = owner.context;
  return new Credential({
    provider: provider.name,
    account: owner.account,
    scopes: asked.scopes,
    id: shortOf(secret),
    token: '',
    obtainedAtMs: clock.now(),
    ...headersOf(provider.definition, secret.credentials, '', provider.environment),
  });
}

/** The granted scopes are nearly always the requested ones. Then all accounts share one list, which saves memory. */
function grantedOf({ scopes }: IssuedToken, asked: readonly string[]): readonly string[] {
  if (scopes === undefined) return asked;
  const isAsked = scopes.length === asked.length && scopes.every((scope, at) => scope === asked[at]);
  return isAsked ? asked : scopes;
}

/**
 * The token, as a slice of the header that contains it. The two texts are nearly the same. This way, memory holds a
 * hundred thousand of them, and not two hundred thousand.
 */
function sharedWith(values: readonly string[], token: string): string {
  for (const value of values) {
    const at = value.indexOf(token);
    if (at >= 0) return value.slice(at, at + token.length);
  }
  return token;
}
