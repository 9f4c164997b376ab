import { describe, expect, it } from '@jest/globals';
import type { CredentialStatus } from '../index.js';
import { Timeline } from './timeline.js';

const NOW_MS = 1_700_000_000_000;

const statusOf = (calls: number, failedCalls: number) =>
  ({ provider: 'wakapay', state: 'fresh', counters: { calls, failedCalls } }) as CredentialStatus;

const callsIn = (timeline: Timeline) => timeline.rates(NOW_MS).calls.reduce((sum, each) => sum + each);

describe('the timeline of a credential', () => {
  it('counts the calls before the first snapshot when the credential is new', () => {
    const timeline = new Timeline(NOW_MS, true);
    timeline.look(statusOf(3, 1), NOW_MS);
    expect(callsIn(timeline)).toBe(3);
    expect(timeline.failsAt(NOW_MS)).toBe(true);
  });

  it('shows no burst of old calls when the credential was dropped meanwhile', () => {
    const timeline = new Timeline(NOW_MS, false);
    timeline.look(statusOf(10_000, 500), NOW_MS);
    expect(callsIn(timeline)).toBe(0);
    expect(timeline.failsAt(NOW_MS)).toBe(false);
    timeline.look(statusOf(10_002, 501), NOW_MS);
    expect(callsIn(timeline)).toBe(2);
    expect(timeline.failsAt(NOW_MS)).toBe(true);
  });

  it('says for ten seconds that calls fail, so that its row keeps its place', () => {
    const timeline = new Timeline(NOW_MS, true);
    timeline.look(statusOf(1, 1), NOW_MS);
    expect(timeline.failsAt(NOW_MS + 7_000)).toBe(true);
    expect(timeline.failsAt(NOW_MS + 12_000)).toBe(false);
  });
});
