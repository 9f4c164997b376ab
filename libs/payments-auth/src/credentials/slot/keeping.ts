import type { Acquired } from './login.js';
import { headersOf } from '../call-headers.js';
import { type Secret, shortOf } from '../secrets/secret-source.js';
import { Credential } from '../credential.js';
import { KeptCredential } from './kept-credential.js';
import { zonesOf } from '../renewing/renewal-rules.js';
import type { SlotContext } from './slot-context.js';
import type { IssuedToken } from '../issuing/token-issuer.js';

/** Whose credential it is, and the one before. */
export interface Keeper {
  readonly account: string | undefined;
  readonly scopes: readonly string[];
  readonly before: KeptCredential | undefined;
}

/** What was acquired, as it is kept. @throws {UnusableCredentialsError} when no header that can be sent is made of it */
export function keepAcquired(
  context: SlotContext,
  keeper: Keeper,
  { secret, issued }: Acquired,
  keptForMs: number,
): KeptCredential {
  return issued === undefined
    ? keepKey(context, keeper, keptForMs, secret)
    : keepToken(context, keeper, issued, secret);
}

/**
 * A token as it is kept, with the zones of its life.
 *
 * An issuer may hand out one token until it dies. Such a token does not live longer for being handed out again, and
 * asking again before it has died is pointless.
 *
 * @throws {UnusableCredentialsError} when no header that can be sent is made of it
 */
function keepToken(
  { provider, clock, hash, slowestLoginMs }: SlotContext,
  { account, scopes, before }: Keeper,
  issued: IssuedToken,
  secret: Secret,
): KeptCredential {
  const { lifetimeMs, from } = issued.lifetime;
  const again = before !== undefined && before.credential.token === issued.token;
  const knowsWhatIsLeft = from === 'relative' || from === 'absolute';
  const endsAtMs = issued.askedAtMs + lifetimeMs;
  const expiresAtMs =
    again && !knowsWhatIsLeft ? Math.min(before.credential.expiresAtMs ?? endsAtMs, endsAtMs) : endsAtMs;
  const remainingMs = expiresAtMs - issued.askedAtMs;
  const zones = zonesOf(remainingMs, provider.refreshBeforeMs, slowestLoginMs(), Math.random());
  const made = headersOf(provider.definition, secret.credentials, issued.token, provider.environment);
  const credential = new Credential({
    provider: provider.name,
    account,
    scopes: grantedOf(issued, scopes),
    id: hash.short([issued.token]),
    token: sharedWith(Object.values(made.headers), issued.token),
    obtainedAtMs: clock.now(),
    expiresAtMs,
    ...made,
  });
  return new KeptCredential({
    credential,
    secret,
    lifetimeMs: remainingMs,
    version: issued.version,
    zones: again ? { ...zones, dueAfterMs: zones.deadAfterMs } : zones,
    since: { wallMs: issued.askedAtMs, monotonicMs: issued.askedAtMonotonicMs },
  });
}

/**
 * A static key as it is kept: as long as its resolver's answer may be used, and for ever where it is fixed. Due when
 * the resolver is to be asked again.
 *
 * @param keptForMs for how long the resolver's answer may be used
 * @throws {UnusableCredentialsError} when no header that can be sent is made of it
 */
function keepKey(context: SlotContext, keeper: Keeper, keptForMs: number, secret: Secret): KeptCredential {
  const { clock } = context;
  const { before } = keeper;
  const credential =
    before?.secret.fingerprint === secret.fingerprint
      ? before.credential
      : keyCredential(context, keeper, secret);
  return new KeptCredential({
    credential,
    secret,
    lifetimeMs: keptForMs,
    zones: { dueAfterMs: 0.8 * keptForMs, deadAfterMs: keptForMs },
    since: { wallMs: clock.now(), monotonicMs: clock.monotonic() },
  });
}

/** What calls carry that use this key. @throws {UnusableCredentialsError} when no header that can be sent is made of it */
export function keyCredential(
  { provider, clock }: SlotContext,
  { account, scopes }: Omit<Keeper, 'before'>,
  secret: Secret,
): Credential {
  return new Credential({
    provider: provider.name,
    account,
    scopes,
    id: shortOf(secret),
    token: '',
    obtainedAtMs: clock.now(),
    ...headersOf(provider.definition, secret.credentials, '', provider.environment),
  });
}

/** Nearly always what was asked for, and then one list serves every account: a hundred thousand are not that many lists. */
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
