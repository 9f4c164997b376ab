import { describe, expect, it } from '@jest/globals';
import type { PaymentsAuthEvent } from './credentials/payments-auth-event.js';
import { auditEvent, logEvent } from './payments-auth-event.log.js';

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
  it('says in one line what an operator has to know, with provider, account and code in it', () => {
    const log = logger();
    logEvent(rejected, log);
    logEvent(
      { type: 'renewals-paused', provider: 'wakapay', credential: '0a1b2c3d', durationMs: 2_000, atMs: 1 },
      log,
    );
    expect(log.lines).toEqual([
      'error credentials-rejected provider=pesapal account=shop reason=invalid_consumer_key_or_secret_provided retryAfterMs=30000',
      'warn renewals-paused provider=wakapay credential=0a1b2c3d durationMs=2000',
    ]);
  });

  it('is silent about what is as it should be', () => {
    const log = logger();
    logEvent({ type: 'credential-requested', provider: 'pesapal', reason: 'first', atMs: 1 }, log);
    logEvent({ type: 'credential-revoked', provider: 'pesapal', atMs: 1 }, log);
    expect(log.lines).toEqual([]);
  });

  it('of audits has every event, as one line of JSON', () => {
    const log = logger();
    auditEvent(rejected, log);
    expect(log.lines).toHaveLength(1);
    expect(JSON.parse((log.lines[0] as string).slice('log '.length))).toEqual(rejected);
  });
});
