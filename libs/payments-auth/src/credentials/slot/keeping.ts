import { headersOf } from '../call-headers.js';
import { strategyOf } from '../../strategies/strategy.js';
import { Credential } from '../credential.js';
import type { IssuedToken } from '../issuing/token-issuer.js';
import { zonesOf, zonesToTheEnd } from '../renewing/renewal-rules.js';
import { type Secret, shortOf } from '../secrets/secret-source.js';
import { KeptCredential } from './kept-credential.js';
import type { Acquired } from './login.js';
import type { SlotView } from './slot-context.js';

/** What was acquired, as it is kept. @throws {UnusableCredentialsError} when no header that can be sent is made of it */
export function keepAcquired(slot: SlotView, { secret, issued }: Acquired): KeptCredential {
  return issued === undefined ? keepKey(slot, secret) : keepToken(slot, secret, issued);
}

/**
 * A token as it is kept, with the zones of its life.
 *
 * An issuer may hand out one token until it dies. Such a token does not live longer for being handed out again, and
 * asking for another one before it has died is pointless: neither it nor what follows it is renewed ahead of its end.
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

/** The token may have begun its life this much later than it was asked for. Until then its issuer has no other token. */
function answeredAfterMs({ from, askedAtMonotonicMs }: IssuedToken, nowMs: number): number {
  return from === 'store' ? 0 : Math.min(1_000, nowMs - askedAtMonotonicMs);
}

/** The age of a token from the fleet counts from its login, not from its arrival here: the provider knows it since then. */
function firstHadAtMs({ from, askedAtMs }: IssuedToken, nowMs: number): number {
  return from === 'store' ? askedAtMs : nowMs;
}

/**
 * A static key as it is kept: as long as its resolver's answer may be used, and for ever where it is fixed. Due when
 * the resolver is to be asked again.
 *
 * @throws {UnusableCredentialsError} when no header that can be sent is made of it
 */
function keepKey(slot: SlotView, secret: Secret): KeptCredential {
  const { owner, kept: before } = slot;
  const { clock } = owner.context;
  // A resolver is not asked again for a second, and its answer may be used for less: so the end has to come.
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

/** What calls carry that use this key. @throws {UnusableCredentialsError} when no header that can be sent is made of it */
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

/** The granted scopes are nearly always those asked for. All accounts then share one list, which saves memory. */
function grantedOf({ scopes }: IssuedToken, asked: readonly string[]): readonly string[] {
  if (scopes === undefined) return asked;
  const isAsked = scopes.length === asked.length && scopes.every((scope, at) => scope === asked[at]);
  return isAsked ? asked : scopes;
}

/**
 * The token, as a part of the header that holds it. The two are nearly the same text, and this way it is in memory
 * once: a hundred thousand tokens are not two hundred thousand.
 */
function sharedWith(values: readonly string[], token: string): string {
  for (const value of values) {
    const at = value.indexOf(token);
    if (at >= 0) return value.slice(at, at + token.length);
  }
  return token;
}
