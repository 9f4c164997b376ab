import { setTimeout as sleep } from 'node:timers/promises';

export interface Tally {
  calls: number;
  failed: number;
}

/** Calls that are made at a rate, however long each takes. */
export interface Traffic {
  /** Resolves when every call that was sent so far has ended. */
  readonly settled: () => Promise<void>;
  /** Makes no more calls, and resolves when all of them have ended. */
  readonly stop: () => Promise<Tally>;
}

/** Makes one call every `everyMs` until it is stopped. The first call comes after `afterMs`. */
export function startTraffic(send: () => Promise<unknown>, everyMs: number, afterMs: number): Traffic {
  const tally = { calls: 0, failed: 0 };
  const underWay: Promise<unknown>[] = [];
  const stopping = new AbortController();
  const calling = async () => {
    await sleep(afterMs);
    while (!stopping.signal.aborted) {
      tally.calls += 1;
      underWay.push(send().catch(() => (tally.failed += 1)));
      await sleep(everyMs);
    }
  };
  const running = calling();
  const settled = async () => void (await Promise.all(underWay.splice(0)));
  return {
    settled,
    stop: async () => {
      stopping.abort();
      await running;
      await settled();
      return tally;
    },
  };
}

/** Joins the traffic of several callers. */
export function together(each: readonly Traffic[]): Traffic {
  return {
    settled: async () => void (await Promise.all(each.map((one) => one.settled()))),
    stop: async () => {
      const tallies = await Promise.all(each.map((one) => one.stop()));
      const sum = (which: keyof Tally) => tallies.reduce((all, tally) => all + tally[which], 0);
      return { calls: sum('calls'), failed: sum('failed') };
    },
  };
}

/** A fleet under traffic whose tokens die. */
export interface Dying {
  readonly calls: Traffic;
  /** One member of the fleet renews its token ahead of time. */
  readonly renew: (death: number) => Promise<unknown>;
  readonly kill: () => void;
  /** Every member of the fleet makes a call. */
  readonly called: () => Promise<unknown>;
  readonly logins: () => number;
}

/** Ends all tokens again and again. Every second time, a member of the fleet has just renewed its token early. */
export async function throughDeaths(
  deaths: number,
  { calls, renew, kill, called, logins }: Dying,
): Promise<Tally & { spent: number }> {
  const before = logins();
  for (let death = 0; death < deaths; death += 1) {
    // Calls take long on a busy machine. The next death waits for them, so that no call meets two deaths.
    await called();
    await calls.settled();
    await sleep(2_000);
    if (death % 2 === 1) await renew(death);
    kill();
    await sleep(500);
  }
  return { ...(await calls.stop()), spent: logins() - before };
}
