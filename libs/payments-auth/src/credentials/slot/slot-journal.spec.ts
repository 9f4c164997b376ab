import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../testing/manual-clock.js';
import { LoginUnsent, toCallersError } from '../credential-errors.js';
import type { TokenRequestReport } from '../issuing/token-issuer.js';
import { noProviderTotals, SlotJournal } from './slot-journal.js';

const OWNER = { provider: 'acme', account: undefined };
const QUEUE = new LoginUnsent('more logins wait at the token endpoint than it serves in time', 2_000, 700);
const LIMIT = new LoginUnsent('rate limited', 60_000);

/** A journal after a login that ended with this status. Without one, nothing has happened yet. */
function journalAfter(status?: number): { journal: SlotJournal; clock: ManualClock } {
  const clock = new ManualClock();
  const context = { clock, emit: () => undefined, totals: noProviderTotals() };
  const journal = new SlotJournal({ owner: { ...OWNER, context }, asked: { scopes: [] } } as never);
  const report: TokenRequestReport = {
    outcome: 'unavailable',
    status,
    reason: `HTTP ${status}`,
    durationMs: 5,
  };
  if (status !== undefined)
    journal.tokenRequest(report, {
      credential: 'c0ffee00',
      reason: 'first',
      awaited: true,
      host: 'acme.test',
    });
  return { journal, clock };
}

const turnAway = (journal: SlotJournal, cause: LoginUnsent): void =>
  journal.couldNot(toCallersError(OWNER, cause), 'login', cause);

describe('the last failure of a login', () => {
  it.each([
    ['an outage', 503, 'a queue of logins', QUEUE, 'HTTP 503'],
    ['a limit that the provider has named', 429, 'that limit', LIMIT, 'HTTP 429'],
    ['an outage', 503, 'a limit, which is another reason to wait', LIMIT, 'rate limited'],
    ['nothing', undefined, 'a queue of logins', QUEUE, QUEUE.reason],
  ])('after %s (%s), for a login that was not sent because of %s', async (_, status, __, cause, reason) => {
    const { journal, clock } = journalAfter(status);
    const atMs = clock.now();
    await clock.advance(9_000);
    turnAway(journal, cause);
    const isKept = reason.startsWith('HTTP');
    expect(journal.history?.lastFailure?.failure).toMatchObject({
      reason,
      atMs: isKept ? atMs : clock.now(),
    });
  });

  it('is the newest one, where none of them was sent', async () => {
    const { journal, clock } = journalAfter();
    turnAway(journal, QUEUE);
    await clock.advance(9_000);
    turnAway(journal, LIMIT);
    await clock.advance(9_000);
    turnAway(journal, QUEUE);
    expect(journal.history?.lastFailure?.failure).toMatchObject({
      reason: QUEUE.reason,
      atMs: clock.now(),
    });
  });
});
