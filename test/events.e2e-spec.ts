import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { PaymentsAuthEvent } from 'nestjs-payments-auth';
import { type ProviderName, type Sandbox, startSandbox } from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { LogLines, startApplication, type TestApplication } from './support/application.js';
import { findLeaks } from './support/leak-checker.js';
import { failure, quiet, until } from './support/waiting.js';
import { type ProviderBed, type ProviderBedSettings, startProviderBed } from './support/sandbox-bed.js';
import { auditLineOf } from './support/audit-line.js';

const READ = { url: '/sandbox/echo' };
const HASH = expect.stringMatching(/^[0-9a-f]{8}$/);
const A_TIME = expect.any(Number);

type Type = PaymentsAuthEvent['type'];

describe('an event', () => {
  let bed: ProviderBed;
  let secrets: string[];

  async function start(name: ProviderName, settings?: ProviderBedSettings): Promise<ProviderBed> {
    bed = await startProviderBed(name, settings);
    secrets = Object.values(bed.provider.credentials as Record<string, string>);
    return bed;
  }

  /** The only event of a type. It names the provider and has a time. */
  async function only<T extends Type>(type: T) {
    await quiet();
    const found = bed.eventsOf(type);
    expect({ type, count: found.length }).toEqual({ type, count: 1 });
    const event = found[0] as Extract<PaymentsAuthEvent, { type: T }>;
    expect(event).toMatchObject({ provider: bed.credentials.status().provider, atMs: A_TIME });
    return event;
  }

  /** Each test of this file ends with a search for secrets in all events. */
  afterEach(async () => {
    const tokens = bed.provider.tokens.map(({ value }) => value);
    const leaks = findLeaks(bed.events, [...secrets, ...tokens]);
    await bed.close();
    if (leaks.length > 0) throw new Error(leaks.join('\n'));
  });

  it('credential-requested says why a token is asked for, and with which secret', async () => {
    await start('wakapay');
    await bed.send(READ);
    expect(await only('credential-requested')).toMatchObject({ credential: HASH, reason: 'first' });
  });

  it('credential-obtained says how long the login took, where the token is from, and its end', async () => {
    await start('wakapay');
    await bed.send(READ);
    const { credential, expiresAtMs } = bed.credentials.status();
    expect(await only('credential-obtained')).toMatchObject({
      credential,
      expiresAtMs,
      reason: 'first',
      from: 'provider',
      durationMs: A_TIME,
    });
  });

  it('token-request says its outcome, its host, and whether anybody waited', async () => {
    await start('cryptofuse');
    await bed.send(READ);
    expect(await only('token-request')).toMatchObject({
      credential: HASH,
      scopes: ['read', 'write'],
      reason: 'first',
      outcome: 'issued',
      awaited: true,
      status: 200,
      durationMs: A_TIME,
      host: new URL(bed.provider.baseUrl).host,
    });
  });

  it('call-waited says how long a call waited, and for what', async () => {
    await start('wakapay');
    await Promise.all([bed.send(READ), bed.send(READ)]);
    await bed.send(READ);
    const { credential } = bed.credentials.status();
    expect(bed.eventsOf('call-waited')).toMatchObject([
      { credential, durationMs: A_TIME },
      { credential, durationMs: A_TIME },
    ]);
  });

  it('credential-renewed-early says how long the old token had left', async () => {
    await start('pesapal');
    await bed.send(READ);
    await bed.pass(250_000);
    const { aheadMs } = await only('credential-renewed-early');
    expect(aheadMs).toBeGreaterThan(0);
    expect(bed.eventsOf('token-request').map(({ awaited }) => awaited)).toEqual([true, false]);
  });

  it('renewal-failed says why, until when the old one serves, and when the next attempt is', async () => {
    await start('pesapal');
    await bed.send(READ);
    const { credential, expiresAtMs } = bed.credentials.status();
    bed.provider.misbehave({ fault: 'server-error', on: 'token', times: 1 });
    await bed.pass(250_000);
    expect(await only('renewal-failed')).toMatchObject({
      credential,
      expiresAtMs,
      reason: 'internal_error',
      retryAfterMs: A_TIME,
    });
  });

  it('credential-unavailable says why callers get errors, and when to come back', async () => {
    await start('wakapay');
    bed.provider.misbehave({ fault: 'html', on: 'token' });
    await failure(bed.outwait(bed.send(READ)));
    expect(await only('credential-unavailable')).toMatchObject({ reason: 'HTTP 403', retryAfterMs: A_TIME });
  });

  it('call-refused and call-replayed say the status, whose words they are, and the outcome', async () => {
    await start('wakapay');
    await bed.send(READ);
    const { credential: old } = bed.credentials.status();
    bed.provider.revokeTokens();
    await bed.send(READ);
    const { credential } = bed.credentials.status();
    expect(await only('call-refused')).toMatchObject({ credential: old, status: 401, own: true });
    expect(await only('call-replayed')).toMatchObject({ credential, firstStatus: 401, refusedAgain: false });
    expect(credential).not.toBe(old);
  });

  it('credential-contested says how young the token was that somebody else ended', async () => {
    await start('wakapay', { settings: { newLoginKillsEarlier: true } });
    await bed.send(READ);
    await bed.clock.advance(60_000);
    const { apiKey, apiSecret } = bed.provider.credentials as { apiKey: string; apiSecret: string };
    const elsewhere = { method: 'POST', body: JSON.stringify({ apiKey, apiSecret }) };
    await fetch(`${bed.provider.baseUrl}/business/auth`, {
      ...elsewhere,
      headers: { 'content-type': 'application/json' },
    });
    await bed.send(READ);
    const { ageMs } = await only('credential-contested');
    expect(ageMs).toBeGreaterThanOrEqual(60_000);
    expect(ageMs).toBeLessThan(70_000);
  });

  it('renewals-paused says for how long no renewal is forced after refused renewals', async () => {
    await start('wakapay');
    await bed.send(READ);
    bed.provider.suspend();
    // At first the provider might not know the new token yet. After 2 s it must know the token, and a pause of 4 s begins.
    await bed.outwait(failure(bed.send(READ)));
    await bed.pass(2_000);
    await bed.outwait(failure(bed.send(READ)));
    const [{ durationMs } = { durationMs: NaN }] = bed.eventsOf('renewals-paused');
    expect(durationMs).toBeGreaterThan(3_000);
    expect(durationMs).toBeLessThanOrEqual(4_000);
  });

  it('credentials-rejected names the secret that is wrong, in the provider’s word', async () => {
    await start('pesapal');
    bed.provider.rotate();
    await failure(bed.send(READ));
    expect(await only('credentials-rejected')).toMatchObject({
      credential: HASH,
      reason: 'invalid_consumer_key_or_secret_provided',
      retryAfterMs: A_TIME,
    });
    await failure(bed.send(READ));
    expect(bed.eventsOf('credentials-rejected')).toHaveLength(1);
  });

  it('credentials-rejected comes for a static key too, as soon as calls show that it is wrong', async () => {
    await start('cashfin');
    await bed.credentials.get();
    const { credential } = bed.credentials.status();
    bed.provider.suspend();
    await failure(bed.send(READ));
    await failure(bed.send(READ));
    expect(await only('credentials-rejected')).toMatchObject({ credential, reason: 'refused on a call' });
  });

  it('credential-revoked names the token that was given back', async () => {
    await start('cryptofuse');
    await bed.send(READ);
    const { credential } = bed.credentials.status();
    await bed.credentials.revoke();
    expect(await only('credential-revoked')).toMatchObject({ credential });
  });

  it('credentials-rotated names the new secret', async () => {
    await start('wakapay');
    await bed.send(READ);
    const next = bed.provider.rotate();
    await bed.credentials.rotate(next);
    secrets.push(...Object.values(next as Record<string, string>));
    expect(await only('credentials-rotated')).toMatchObject({ credential: HASH });
    const [before, after] = bed.eventsOf('credential-requested');
    expect(after).toMatchObject({ reason: 'rotated' });
    expect(after?.credential).toBe((await only('credentials-rotated')).credential);
    expect(after?.credential).not.toBe(before?.credential);
  });

  it('rate-limited says how long the token endpoint asks the library to wait', async () => {
    await start('wakapay');
    bed.provider.misbehave({ fault: 'rate-limit', on: 'token', times: 1, retryAfter: 3 });
    await bed.outwait(bed.send(READ));
    expect(await only('rate-limited')).toMatchObject({ credential: HASH, retryAfterMs: 3_000 });
    expect(bed.credentials.status().rateLimit).toMatchObject({ retryAfterMs: 3_000, seenAtMs: A_TIME });
  });

  it('names the merchant, where it is about one', async () => {
    await start('wakapay', { options: { accounts: { shop: { apiKey: 'none', apiSecret: 'none' } } } });
    await failure(bed.send({ ...READ, paymentsAuth: { account: 'shop' } }));
    await quiet();
    expect(bed.events.length).toBeGreaterThan(2);
    expect(bed.events.filter(({ account }) => account !== 'shop')).toEqual([]);
  });
});

describe('what a provider says about its limits', () => {
  let bed: ProviderBed;

  afterEach(() => bed.close());

  it('is kept as last seen in status()', async () => {
    bed = await startProviderBed('cashfin', { settings: { rateLimits: true } });
    await bed.send(READ);
    const first = bed.credentials.status().rateLimit;
    expect(first).toEqual({ limit: A_TIME, remaining: A_TIME, resetAtMs: A_TIME, seenAtMs: bed.clock.now() });
    await bed.send(READ);
    expect(bed.credentials.status().rateLimit?.remaining).toBe((first?.remaining ?? 0) - 1);
  });

  it('is kept with Retry-After when a call was one too many', async () => {
    bed = await startProviderBed('wakapay');
    bed.provider.misbehave({ fault: 'rate-limit', on: 'call', times: 1, retryAfter: 30 });
    await failure(bed.send(READ));
    expect(bed.credentials.status().rateLimit).toEqual({ retryAfterMs: 30_000, seenAtMs: bed.clock.now() });
  });
});

describe('a listener for events', () => {
  let sandbox: Sandbox;
  let application: TestApplication;

  async function start(options: { auditLog?: boolean } = {}) {
    sandbox = await startSandbox({ providers: ['wakapay'] });
    const { baseUrls: baseUrl, credentials } = sandbox.provider('wakapay');
    const logger = new LogLines();
    application = await startApplication(
      { ...options, providers: { wakapay: { baseUrl, credentials, keepWarm: 'when-used' } } },
      { logger },
    );
    return logger;
  }

  const call = () => firstValueFrom(application.paymentsAuth.http('wakapay').get(READ.url));

  afterEach(async () => {
    jest.restoreAllMocks();
    await application.close();
    await sandbox.close();
  });

  it('harms no request and no other listener when it throws, rejects or never ends', async () => {
    await start();
    const reported = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const { events$ } = application.paymentsAuth;
    const heard: Type[] = [];
    events$.subscribe(() => {
      throw new Error('listener');
    });
    // oxlint-disable-next-line typescript/no-misused-promises -- the test shows that it does no harm
    events$.subscribe(async () => Promise.reject(new Error('listener')));
    // oxlint-disable-next-line typescript/no-misused-promises -- the test shows that it does no harm
    events$.subscribe(() => new Promise(() => undefined));
    events$.subscribe(({ type }) => heard.push(type));
    await call();
    sandbox.provider('wakapay').revokeTokens();
    expect((await call()).paymentsAuth).toEqual({ attempts: 2, replayed: true, firstStatus: 401 });
    await until(() => heard.includes('call-replayed'));
    expect(reported).toHaveBeenCalledTimes(2 * heard.length);
  });

  it('gets each event that the audit log has, when the option is set', async () => {
    const logger = await start({ auditLog: true });
    const heard: PaymentsAuthEvent[] = [];
    application.paymentsAuth.events$.subscribe((event) => heard.push(event));
    await call();
    sandbox.provider('wakapay').revokeTokens();
    await call();
    await quiet();
    const lines = logger.of('log', 'PaymentsAuthAudit');
    expect(lines.length).toBeGreaterThan(6);
    expect(lines).toEqual(heard.map(auditLineOf));
    const { credentials, tokens } = sandbox.provider('wakapay');
    expect(findLeaks(lines, [...Object.values(credentials), ...tokens.map(({ value }) => value)])).toEqual(
      [],
    );
  });

  it('gets events without an audit log when the option is not set', async () => {
    const logger = await start();
    await call();
    await quiet();
    expect(logger.of('log', 'PaymentsAuthAudit')).toEqual([]);
  });
});
