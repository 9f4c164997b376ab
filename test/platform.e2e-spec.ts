import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type SandboxProvider, startSandbox } from 'payments-sandbox';
import {
  type JournalEntry,
  type PlatformSettings,
  PROVIDER,
  type Step,
  STEPS,
  TABLE,
} from './support/fleet/platform.js';
import { startProcess } from './support/processes.js';
import { connectRedis, type TestRedisClient } from './support/redis-clients.js';
import { type RedisServer, startRedisServer } from './support/redis-server.js';

/** The documentation speaks of `PLATFORM_MERCHANTS=10000`. An ordinary test run uses fewer merchants. */
const MERCHANTS = Number(process.env['PLATFORM_MERCHANTS'] ?? 56);
/** Each process makes this many rotations before it is killed. */
const HITS = Math.max(3, Math.floor(MERCHANTS / 14));
/** One process can lose no more merchants than this, so that enough are left for the other processes. */
const AT_ONCE = Math.min(24, HITS);
/** A lock that was not extended for this long may go to another process, because its holder may be dead. */
const LOCK_MAY_BE_LOST_MS = 2_500;

jest.setTimeout(30 * 60_000);

const CLIENT = { clientId: 'test-platform', clientSecret: 'test-secret-not-real-0123456789' };
const ACCOUNTS = Array.from({ length: MERCHANTS }, (_, n) => `merchant-${String(n).padStart(5, '0')}`);

/** One process, from its start to its end. */
interface Life {
  readonly lane: number;
  readonly step: Step | undefined;
  readonly signal: string | null;
  readonly entries: readonly JournalEntry[];
}

let redis: RedisServer;
let provider: SandboxProvider;
let table: TestRedisClient;
let folder: string;
let ends: (() => unknown)[];

beforeEach(async () => {
  ends = [];
  redis = await startRedisServer();
  ends.push(() => redis.stop());
  const sandbox = await startSandbox({ providers: [PROVIDER], seed: 'a platform', logSize: 1_000 });
  ends.push(() => sandbox.close());
  provider = sandbox.provider(PROVIDER);
  folder = mkdtempSync(join(tmpdir(), 'platform-'));
  ends.push(() => rmSync(folder, { recursive: true }));
  table = await connectRedis('ioredis', redis.url);
  ends.push(() => table.close());
  for (const account of ACCOUNTS) {
    provider.addAccount(account, CLIENT);
    await table.command('HSET', TABLE, account, refreshTokenOf(account));
  }
});

afterEach(async () => {
  for (const end of ends.toReversed()) await end();
});

const refreshTokenOf = (account: string) =>
  (provider.credentialsOf(account) as { refreshToken?: string }).refreshToken ?? '';

/** Runs one process until it has rotated `accounts`, or is killed at the given step. */
async function live(lane: number, accounts: readonly string[], step?: Step): Promise<Life> {
  const journal = join(folder, `${lane}-${step ?? 'whole'}-${process.hrtime.bigint()}`);
  const settings: PlatformSettings = {
    redisUrl: redis.url,
    baseUrl: provider.baseUrl,
    client: CLIENT,
    journal,
    accounts,
    atOnce: AT_ONCE,
    ...(step === undefined ? {} : { dieAt: { step, hit: HITS } }),
  };
  // Ten thousand names do not fit into an environment variable.
  const file = `${journal}.json`;
  writeFileSync(file, JSON.stringify(settings));
  const running = startProcess(new URL('./support/fleet/platform-worker.ts', import.meta.url), {
    env: { SETTINGS: file },
  });
  ends.push(() => running.kill('SIGKILL'));
  const { signal, code } = await running.ended;
  if (step === undefined && code !== 0) throw new Error(`a process ended with ${code}:\n${running.stderr}`);
  const lines = readFileSync(journal, 'utf8').split('\n').filter(Boolean);
  return { lane, step, signal, entries: lines.map((line) => JSON.parse(line) as JournalEntry) };
}

/** Runs processes one after the other: some are killed at one step each, and the last one rotates every merchant. */
async function laneOf(lane: number, steps: readonly Step[]): Promise<Life[]> {
  const order = lane === 0 ? ACCOUNTS : ACCOUNTS.toReversed();
  const lives: Life[] = [];
  for (const [index, step] of steps.entries()) {
    // Each process begins where the one before it was killed.
    const start = (index * HITS) % order.length;
    lives.push(await live(lane, [...order.slice(start), ...order.slice(0, start)], step));
  }
  return [...lives, await live(lane, order)];
}

type Entry<T extends JournalEntry['type']> = Extract<JournalEntry, { type: T }>;
const of = <T extends JournalEntry['type']>(lives: readonly Life[], type: T) =>
  lives.flatMap(({ entries }) => entries.filter((entry): entry is Entry<T> => entry.type === type));

/** The merchants whose refresh token a process was using when it ended, by its own log. */
function inHandAtTheEnd({ entries }: Life): string[] {
  const open = new Set<string>();
  for (const entry of entries) {
    if (entry.type === 'open') open.add(entry.account);
    if (entry.type === 'closed') open.delete(entry.account);
  }
  return [...open];
}

/** The periods between `open` and `closed`, of processes that logged both. */
function holdings(lives: readonly Life[]) {
  return lives.flatMap(({ entries }, process) => {
    const since = new Map<string, bigint>();
    return entries.flatMap((entry) => {
      if (entry.type === 'open') since.set(entry.account, BigInt(entry.atNs ?? 0));
      if (entry.type !== 'closed') return [];
      const fromNs = since.get(entry.account) ?? 0n;
      return [
        { process, account: entry.account, fromNs, untilNs: BigInt(entry.atNs ?? 0), forMs: entry.forMs },
      ];
    });
  });
}

describe('a platform whose merchants have refresh tokens that are good for one use', () => {
  it('loses none without an event when processes are killed at every step of a rotation', async () => {
    // Two processes run at any time. Seven are killed at the seven steps, and the eighth at the most dangerous one again.
    const [one, other] = await Promise.all([
      laneOf(0, ['load', 'answer', 'saved', 'published']),
      laneOf(1, ['note', 'save', 'publish', 'answer']),
    ]);
    const lives = [...one, ...other];
    const killed = lives.filter(({ step }) => step !== undefined);
    expect(killed.map(({ signal }) => signal)).toEqual(killed.map(() => 'SIGKILL'));
    expect(new Set(of(lives, 'killed').map(({ step }) => step))).toEqual(new Set(STEPS));

    const doubts = of(lives, 'event').filter(({ event }) => event === 'refresh-token-in-doubt');
    const doubted = new Set(doubts.map(({ account }) => account));
    const left = new Set(killed.flatMap(inHandAtTheEnd));
    const all = holdings(lives);
    const late = new Set(
      all.filter(({ forMs }) => forMs > LOCK_MAY_BE_LOST_MS).map(({ account }) => account),
    );

    // No refresh token is used by two processes at once.
    const inTwoHands = all.filter((holding) =>
      sameAccount(all, holding).some(
        (another) => another.fromNs < holding.untilNs && holding.fromNs < another.untilNs,
      ),
    );
    expect(inTwoHands.filter(({ account }) => !late.has(account))).toEqual([]);

    // By the count of the sandbox, only refresh tokens that a killed process was using are spent twice, each with an event.
    const presentedAgain = provider.refreshTokens.filter(({ spends }) => spends > 1);
    expect(presentedAgain.filter(({ account }) => !doubted.has(account))).toEqual([]);
    expect([...doubted].filter((account) => !left.has(account) && !late.has(account))).toEqual([]);
    // These two processes were killed after the note and before the end of `save`, whatever the others did.
    const unsaved = of(lives, 'killed').filter(({ step }) => step === 'note' || step === 'save');
    expect(unsaved.filter(({ account }) => !doubted.has(account))).toEqual([]);
    expect(unsaved).toHaveLength(2);
    const lines = of(lives, 'error-line').filter(({ text }) => text.startsWith('refresh-token-in-doubt'));
    expect(lines).toHaveLength(doubts.length);

    // Each merchant has a living refresh token, or an event says that it has not.
    const stored = new Map<string, string>();
    for (const account of ACCOUNTS) stored.set(account, String(await table.command('HGET', TABLE, account)));
    const alive = new Set(
      provider.refreshTokens.filter(({ state }) => state === 'alive').map(({ value }) => value),
    );
    const lost = ACCOUNTS.filter((account) => !alive.has(stored.get(account) ?? ''));
    expect(lost.filter((account) => !doubted.has(account))).toEqual([]);
    const rejected = new Set(
      of(lives, 'failed')
        .filter(({ code }) => code === 'GRANT_REJECTED')
        .map(({ account }) => account),
    );
    expect(lost.filter((account) => !rejected.has(account))).toEqual([]);
    expect([...rejected].filter((account) => !lost.includes(account) && !late.has(account))).toEqual([]);
    expect(of(lives, 'failed').filter(({ code }) => code !== 'GRANT_REJECTED')).toEqual([]);

    // All other merchants were rotated to the end, by both processes.
    for (const { entries } of lives.filter(({ step }) => step === undefined)) {
      const done = entries
        .filter(({ type }) => type === 'rotated')
        .map((entry) => (entry as Entry<'rotated'>).account);
      expect(ACCOUNTS.filter((account) => !done.includes(account) && !rejected.has(account))).toEqual([]);
    }
    report({ lives, doubts: doubted.size, lost: lost.length, late: late.size, left: left.size });
  });
});

function sameAccount(
  all: ReturnType<typeof holdings>,
  { account, process }: ReturnType<typeof holdings>[number],
): ReturnType<typeof holdings> {
  return (
    byAccount(all)
      .get(account)
      ?.filter((holding) => holding.process !== process) ?? []
  );
}

let grouped: { readonly of: object; readonly groups: Map<string, ReturnType<typeof holdings>> } | undefined;

function byAccount(all: ReturnType<typeof holdings>): Map<string, ReturnType<typeof holdings>> {
  if (grouped?.of === all) return grouped.groups;
  const groups = new Map<string, ReturnType<typeof holdings>>();
  for (const holding of all) groups.set(holding.account, [...(groups.get(holding.account) ?? []), holding]);
  grouped = { of: all, groups };
  return groups;
}

/** Prints the figures of a run in full size. */
function report(figures: { lives: readonly Life[] } & Readonly<Record<string, unknown>>): void {
  if (process.env['PLATFORM_MERCHANTS'] === undefined) return;
  const { lives, ...others } = figures;
  const spends = provider.refreshTokens.reduce((sum, token) => sum + token.spends, 0);
  const rotations = of(lives, 'rotated').length;
  process.stdout.write(
    `${JSON.stringify({ merchants: MERCHANTS, processes: lives.length, rotations, spends, ...others })}\n`,
  );
}
