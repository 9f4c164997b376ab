import { describe, expect, it } from '@jest/globals';
import type { PaymentsAuthEvent } from './credentials/payments-auth-event.js';
import { auditEvent, EventLog } from './payments-auth-event.log.js';

function logger() {
  const lines: string[] = [];
  const at = (level: string) => (message: unknown) => void lines.push(`${level} ${String(message)}`);
  return { lines, error: at('error'), warn: at('warn'), log: at('log') };
}

const rejected: PaymentsAuthEvent = {
  type: 'credentials-rejected',
  provider: 'pesapal',
  account: 'shop',
  reason: 'invalid_consumer_key_or_secret_provided',
  retryAfterMs: 30_000,
  atMs: 1,
};

describe('the log', () => {
  it('says in one line what an operator has to know, with provider, account and code', () => {
    const log = logger();
    const events = new EventLog(log);
    events.write(rejected);
    events.write({
      type: 'renewals-paused',
      provider: 'wakapay',
      credential: '0a1b2c3d',
      durationMs: 2_000,
      atMs: 1,
    });
    expect(log.lines).toEqual([
      'error credentials-rejected provider=pesapal account=shop reason=invalid_consumer_key_or_secret_provided retryAfterMs=30000',
      'warn renewals-paused provider=wakapay credential=0a1b2c3d durationMs=2000',
    ]);
  });

  it('reports a fault of a definition once for each provider, however many accounts meet it', () => {
    const log = logger();
    const events = new EventLog(log);
    const fault = { type: 'definition-fault', atMs: 1 } as const;
    const x = { reason: 'token.body threw TypeError: x', retryAfterMs: 30_000 };
    for (let n = 0; n < 1_000; n += 1)
      for (const provider of ['acme', 'northpay'])
        events.write({ ...fault, provider, account: `m${n}`, ...x });
    events.write({ ...fault, provider: 'acme', ...x, reason: 'token.reason threw Error: y' });
    expect(log.lines).toEqual([
      'error definition-fault provider=acme account=m0 reason=token.body threw TypeError: x retryAfterMs=30000',
      'error definition-fault provider=northpay account=m0 reason=token.body threw TypeError: x retryAfterMs=30000',
      'error definition-fault provider=acme reason=token.reason threw Error: y retryAfterMs=30000',
    ]);
  });

  it('says once a minute that keys of webhooks are old, and leaves the rest to the guard', () => {
    const log = logger();
    const events = new EventLog(log);
    const about = { provider: 'paypal', host: 'keys.test', reason: 'HTTP 503' } as const;
    const outdated = { type: 'webhook-keys-outdated', ...about, usableUntilMs: 86_400_000 } as const;
    for (const atMs of [0, 30_000, 59_999, 60_000]) events.write({ ...outdated, atMs });
    // The guard of webhooks has told it.
    events.write({ type: 'webhook-keys-unavailable', ...about, atMs: 60_000 });
    const line =
      'warn webhook-keys-outdated provider=paypal host=keys.test reason=HTTP 503 usableUntilMs=86400000';
    expect(log.lines).toEqual([line, line]);
  });

  it('reports a rejected secret once, and again when the reason is another one', () => {
    const log = logger();
    const events = new EventLog(log);
    const { reason, account } = rejected;
    const unavailable = { type: 'credential-unavailable', provider: 'pesapal', account, atMs: 2 } as const;
    events.write(rejected);
    events.write({ ...unavailable, account: 'other', reason });
    events.write({ ...unavailable, reason });
    events.write({ ...unavailable, reason: 'HTTP 503' });
    events.write({ ...unavailable, reason });
    expect(log.lines.map((line) => line.replace(/ retryAfterMs=.*/, ''))).toEqual([
      `error credentials-rejected provider=pesapal account=shop reason=${reason}`,
      `warn credential-unavailable provider=pesapal account=other reason=${reason}`,
      'warn credential-unavailable provider=pesapal account=shop reason=HTTP 503',
      `warn credential-unavailable provider=pesapal account=shop reason=${reason}`,
    ]);
  });

  it('reports a fault of a definition in one line, without a second line about its callers', () => {
    const log = logger();
    const events = new EventLog(log);
    const fail = (account: string, reason: string) => {
      for (const type of ['definition-fault', 'credential-unavailable'] as const)
        events.write({ type, provider: 'acme', account, reason, atMs: 1 });
    };
    for (const account of ['a', 'b', 'a']) fail(account, 'fault 0');
    expect(log.lines).toEqual(['error definition-fault provider=acme account=a reason=fault 0']);
    events.write({
      type: 'credential-unavailable',
      provider: 'acme',
      account: 'a',
      reason: 'HTTP 503',
      atMs: 1,
    });
    expect(log.lines).toHaveLength(2);
    // Too many different faults are not reported as faults. Then the line about the callers is the only one, and stays.
    for (let n = 1; n <= 100; n += 1) fail('a', `fault ${n}`);
    expect(log.lines.slice(-2)).toEqual([
      'error definition-fault provider=acme account=a reason=fault 99',
      'warn credential-unavailable provider=acme account=a reason=fault 100',
    ]);
  });

  it('is silent while everything is well', () => {
    const log = logger();
    const events = new EventLog(log);
    events.write({ type: 'credential-requested', provider: 'pesapal', reason: 'first', atMs: 1 });
    events.write({ type: 'credential-revoked', provider: 'pesapal', atMs: 1 });
    expect(log.lines).toEqual([]);
  });

  it('of audits has every event, as one line of JSON', () => {
    const log = logger();
    auditEvent(rejected, log);
    expect(log.lines).toHaveLength(1);
    expect(JSON.parse((log.lines[0] as string).slice('log '.length))).toEqual(rejected);
  });

  it('of audits prints no character that ends a line or turns the text around it', () => {
    const log = logger();
    const strange = '\u0085\u2028\u2029\u202e\u2066\u200f\u061c\ufeff\u009b';
    auditEvent({ ...rejected, account: `shop${strange}` }, log);
    const [line = ''] = log.lines;
    for (const character of strange) expect(line).not.toContain(character);
    expect(JSON.parse(line.slice('log '.length))).toEqual({ ...rejected, account: `shop${strange}` });
  });
});
