import { describe, expect, it } from '@jest/globals';
import type { CredentialExplanation } from '../credentials/credential.service.js';
import { explanationText, webhookText } from './explain.js';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 8, 5);

const textOf = (explanation: Partial<CredentialExplanation>) =>
  explanationText(
    {
      provider: 'kashier',
      explanation: { state: 'fresh', sinceMs: NOW_MS, host: 'api.kashier.example', ...explanation },
    },
    NOW_MS,
  );

describe('the words of an explanation', () => {
  it.each<[string, Partial<CredentialExplanation>, string]>([
    [
      'for how long it is so',
      { state: 'rejected', sinceMs: NOW_MS - 240_000, environment: 'live', lastSuccessAtMs: 1 },
      'rejected for 4 min, since 2026-01-02 03:04:05 UTC (live, api.kashier.example)',
    ],
    [
      'no span where it is so since this moment',
      { lastSuccessAtMs: NOW_MS },
      'fresh, since 2026-01-02 03:08:05 UTC (api.kashier.example)',
    ],
    [
      'that no call has tried a key',
      { sinceMs: NOW_MS - 30_000 },
      'fresh for 30 s, since 2026-01-02 03:07:35 UTC; no call has tried it yet (api.kashier.example)',
    ],
  ])('say %s', (_, explanation, words) => {
    expect(textOf(explanation).split('\n')[1]).toBe(`  state:        ${words}`);
  });

  it('have no long time in milliseconds, also where the error text has one', () => {
    const text = textOf({
      state: 'unavailable',
      sinceMs: NOW_MS - 3_599_950,
      lastSuccessAtMs: NOW_MS - 86_400_123,
      lastFailure: {
        on: 'login',
        atMs: NOW_MS - 12_345,
        reason: 'no answer within 15000 ms; next attempt in 29999 ms',
      },
      pausedUntilMs: NOW_MS + 299_951,
      cause: 'no whole answer came in time',
      fix: 'check the network',
    });
    expect(text).toContain('no answer within 15 s; next attempt in 30 s');
    expect(text).not.toMatch(/\d{5,}/);
  });
});

describe('the words about webhooks', () => {
  it('tell webhooks that are answered 503 from those that earlier keys verify, in one line each', () => {
    const about = { provider: 'truelayer', reason: 'HTTP 503\nforged: line' };
    expect(webhookText({ ...about, kind: 'unavailable' })).toMatch(
      /^Webhooks of truelayer cannot be verified, and are answered 503: HTTP 503.*\.\n$/,
    );
    expect(webhookText({ ...about, kind: 'outdated' })).toMatch(
      /^The keys for webhooks of truelayer cannot be fetched again, and the earlier ones are used: HTTP 503.*\.\n$/,
    );
  });
});
