import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { AxiosRequestConfig } from 'axios';
import { isPaymentsAuthError } from 'nestjs-payments-auth';
import { FAULT_NAMES, type FaultName, type Misbehaviour, type ProviderSettings } from 'payments-sandbox';
import { TEST_SEED } from './support/chances.js';
import { BODY_KINDS, paymentOf, seededRandom } from './support/payments-of-every-kind.js';
import {
  type BedProvider,
  outsideOfTest,
  type SandboxBed,
  startSandboxBed,
  TOKEN_PROVIDERS,
} from './support/sandbox-bed.js';
import { outcomeOf } from './support/waiting.js';

/** How long faults go on, in seconds. */
const SECONDS = Number(process.env['SOAK_SECONDS'] ?? 20);
const CALLERS_PER_PROVIDER = 4;
/** The clock of library and sandbox runs faster than real time. So tokens expire and back-offs end while the test waits. */
const TICK = { everyMs: 10, byMs: 250 };
/** Providers whose tokens are renewed without traffic too. */
const KEPT_WARM: readonly string[] = ['pesapal', 'wakapay'];
/** No caller waits longer by that clock. On a slow machine the clock and the calls are slow alike. */
const PATIENCE_MS = 15_000;

jest.setTimeout((SECONDS + 180) * 1_000);

type Chance = ReturnType<typeof seededRandom>;

/** Requests that no fetch adapter sends. With fetch, axios leaves the connection open when an answer is too long. */
const WITHOUT_FETCH = [{ on: 'token' }, { on: 'call', path: '/sandbox/payments' }] as const;

/** Every fault but one that the library cannot notice: a payment that is made and then refused in the provider's own words. */
const FAULTS: Record<FaultName, (chance: Chance) => Misbehaviour> = {
  slow: ({ integer }) => ({ fault: 'slow', delayMs: integer(100) }),
  drip: () => ({ fault: 'drip', intervalMs: 1 }),
  hang: () => ({ fault: 'hang' }),
  drop: ({ pick }) => ({ fault: 'drop', when: pick(['before', 'after', 'mid-answer']) }),
  'rate-limit': ({ pick }) => ({ fault: 'rate-limit', retryAfter: pick([null, 0, 1, 5, 20, '-1', 'soon']) }),
  'server-error': ({ pick }) => ({ fault: 'server-error', status: pick([500, 502, 503]) }),
  garbage: () => ({ fault: 'garbage' }),
  html: ({ pick }) => ({ fault: 'html', status: pick([200, 403, 502]) }),
  'error-in-2xx': () => ({ fault: 'error-in-2xx' }),
  'no-content': () => ({ fault: 'no-content' }),
  'wrong-content-type': () => ({ fault: 'wrong-content-type' }),
  redirect: ({ pick }) => ({
    fault: 'redirect',
    status: pick([302, 307]),
    to: pick(['same-origin', 'other-port']),
  }),
  huge: ({ pick }) => ({ fault: 'huge', bytes: 2 * 1024 * 1024, ...pick(WITHOUT_FETCH) }),
  endless: ({ pick }) => ({ fault: 'endless', ...pick(WITHOUT_FETCH) }),
  refuse: ({ pick }) => ({ fault: 'refuse', envelope: pick(['own', 'bare', 'html']) }),
  'execute-then-refuse': ({ pick }) => ({ fault: 'execute-then-refuse', envelope: pick(['bare', 'html']) }),
  'expire-token': () => ({ fault: 'expire-token' }),
  'revoke-token': () => ({ fault: 'revoke-token' }),
  forbid: () => ({ fault: 'forbid' }),
  'rotate-key': () => ({ fault: 'rotate-key', on: 'call', times: 1 }),
  'malformed-token': ({ pick }) => ({
    fault: 'malformed-token',
    token: pick(['missing', 'empty', 'number', 'object', 'long', 'line-break', 'not-ascii']),
  }),
  'absurd-expiry': ({ pick }) => ({ fault: 'absurd-expiry', expiry: pick([-1, 'soon', null, 1e300, {}]) }),
};

let six: SandboxBed;

const options = (name: string) => ({ keepWarm: KEPT_WARM.includes(name) ? 'always' : 'when-used' }) as const;

beforeAll(async () => {
  six = await outsideOfTest(() => startSandboxBed({ seed: TEST_SEED, options }));
});

afterAll(() => six.close());

/** The clock goes on until it is stopped. */
function startTime(): () => Promise<void> {
  const stopping = new AbortController();
  const gone = (async () => {
    while (!stopping.signal.aborted) {
      await six.clock.advance(TICK.byMs);
      await sleep(TICK.everyMs);
    }
  })();
  return () => {
    stopping.abort();
    return gone;
  };
}

const ORDINARY = {
  newLoginKillsEarlier: false,
  tokensRefusedForMs: 0,
  sameTokenUntilDead: false,
  nodesDisagreeForMs: 0,
} as const;

/** Kinds of issuers. The meaning of a refusal depends on them: one session, young tokens, one token until it ends, servers that disagree. */
function issuerOf(chance: Chance): Partial<ProviderSettings> {
  return {
    ...ORDINARY,
    ...chance.pick([
      {},
      {},
      { newLoginKillsEarlier: true },
      { tokensRefusedForMs: chance.pick([300, 1_500]) },
      { sameTokenUntilDead: true },
      { nodesDisagreeForMs: 300 },
    ]),
  };
}

async function misbehaveUntil(endMs: number, { provider, name }: BedProvider): Promise<void> {
  const chance = seededRandom(`${TEST_SEED} ${name} faults`);
  // Each fault has its turn, so that none is left out. Others are added at random.
  for (let turn = chance.integer(FAULT_NAMES.length); performance.now() < endMs; turn += 1) {
    provider.behave();
    provider.configure(issuerOf(chance));
    const names = [FAULT_NAMES[turn % FAULT_NAMES.length] as FaultName];
    for (let more = chance.integer(4); more > 0; more -= 1) names.push(chance.pick(FAULT_NAMES));
    for (const fault of names)
      provider.misbehave({ probability: 0.02 + chance.number() / 3, ...FAULTS[fault](chance) });
    if (chance.number() < 0.1) provider.revokeTokens();
    await sleep(100 + chance.integer(300));
  }
}

interface Tally {
  /** The keys of payments, and whether their callers got a success. */
  readonly payments: Map<string, boolean>;
  sent: number;
  ended: number;
  succeeded: number;
}

async function callUntil(endMs: number, bed: BedProvider, caller: number, tally: Tally): Promise<void> {
  const chance = seededRandom(`${TEST_SEED} ${bed.name} caller ${caller}`);
  for (let call = 0; performance.now() < endMs; call += 1) {
    const key = `${caller}-${call}`;
    const kind = chance.pick(BODY_KINDS);
    const pays = chance.number() < 0.6;
    const config: AxiosRequestConfig = pays ? paymentOf(kind, key) : { url: '/sandbox/echo' };
    const adapter = !pays && chance.number() < 0.5 ? 'fetch' : 'http';
    tally.sent += 1;
    const patience = new AbortController();
    const end = six.clock.setTimeout(() => patience.abort(), PATIENCE_MS);
    const { signal } = patience;
    const result = await bed.outcome({ ...config, adapter, signal, maxContentLength: 1024 * 1024 });
    six.clock.clearTimeout(end);
    tally.ended += 1;
    const succeeded = !(result instanceof Error);
    if (succeeded) tally.succeeded += 1;
    // A success that a fault has invented does not count.
    if (pays) tally.payments.set(key, succeeded && (result as { status: number }).status === 201);
    await sleep(15 + chance.integer(40));
  }
}

/** The longest run of token requests within `windowMs` by the provider's clock. */
function mostTokenRequestsWithin({ provider }: BedProvider, windowMs: number): number {
  const sentAtMs = provider.requests.filter(({ kind }) => kind === 'token').map(({ atMs }) => atMs);
  return Math.max(
    0,
    ...sentAtMs.map((from) => sentAtMs.filter((at) => at >= from && at < from + windowMs).length),
  );
}

describe(`with seed ${TEST_SEED}, while every provider misbehaves for ${SECONDS} s`, () => {
  const tallies = new Map<string, Tally>();

  it('every call comes to an end', async () => {
    const stopTime = startTime();
    const endMs = performance.now() + SECONDS * 1_000;
    await Promise.all(
      six.all.flatMap((bed) => {
        const tally: Tally = { payments: new Map(), sent: 0, ended: 0, succeeded: 0 };
        tallies.set(bed.name, tally);
        const callers = Array.from({ length: CALLERS_PER_PROVIDER }, (_, caller) =>
          callUntil(endMs, bed, caller, tally),
        );
        return [misbehaveUntil(endMs, bed), ...callers];
      }),
    );
    await stopTime();
    for (const { provider } of six.all) {
      provider.behave();
      provider.configure(ORDINARY);
    }
    for (const { sent, ended, succeeded } of tallies.values()) {
      expect(ended).toBe(sent);
      // Each caller has begun a second call, however slow the machine is.
      expect(sent).toBeGreaterThan(CALLERS_PER_PROVIDER);
      expect(succeeded).toBeGreaterThan(0);
    }
  });

  it('no payment is made twice or changed, and no confirmed payment is missing', () => {
    for (const { name, provider } of six.all) {
      const payments = [...(tallies.get(name)?.payments ?? [])];
      const confirmed = payments.filter(([, isMade]) => isMade).map(([key]) => key);
      expect(confirmed.filter((key) => provider.executions.get(key) !== 1)).toEqual([]);
      expect([...provider.executions].filter(([, times]) => times !== 1)).toEqual([]);
      expect(provider.counts).toMatchObject({ executedTwice: 0, changedBodies: 0, wrongContentLengths: 0 });
    }
  });

  it('no login is made beyond what is allowed', () => {
    for (const name of TOKEN_PROVIDERS) {
      const bed = six.of(name);
      // One login at a time. A login that was given up can still be on its way when the next one arrives.
      expect(bed.provider.counts.mostTokenRequestsAtOnce).toBeLessThanOrEqual(2);
      // Each login waits before it is made, and each that is no retry follows a refusal or the end of a token.
      expect(mostTokenRequestsWithin(bed, 15_000)).toBeLessThan(60);
    }
    // Cryptofuse allows 20 logins a minute. A request is counted when it arrives, a little later than it was sent.
    expect(mostTokenRequestsWithin(six.of('cryptofuse'), 55_000)).toBeLessThanOrEqual(20);
  });

  it('nothing is sent to any other server', () => {
    expect(six.sandbox.elsewhere.requests).toEqual([]);
  });

  it('every provider is well again within one back-off', async () => {
    for (const { name, send, credentials } of six.all) {
      const first = await six.outwait(outcomeOf(send({ url: '/sandbox/echo' })));
      // The error says how long to wait. Where renewed tokens are refused as well, renewals pause for 5 minutes at most.
      const saidMs = isPaymentsAuthError(first) ? (first.retryAfterMs ?? 1_000) : 300_000;
      expect([name, saidMs <= 300_000]).toEqual([name, true]);
      await six.clock.advance(first instanceof Error ? saidMs : 0);
      expect([name, (await six.outwait(send({ url: '/sandbox/echo' }))).status]).toEqual([name, 200]);
      expect(credentials.status().credential).toMatch(/^[0-9a-f]{8}$/);
    }
  });
});
