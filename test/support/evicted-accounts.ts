/**
 * Measures the memory that evicted accounts leave behind, in a process of its own (`--expose-gc`), and prints the
 * bytes of each as JSON. Arguments: the kind of eviction, and the number of accounts.
 */
import type { TokenStore } from 'nestjs-payments-auth';
import { CredentialRegistry } from '../../libs/payments-auth/src/credentials/credential.registry.js';
import type { TokenStrategy } from '../../libs/payments-auth/src/strategies/strategy.js';
import { ManualClock } from '../../libs/payments-auth/src/testing/manual-clock.js';
import { changing, configured, LOGIN_DEFINITION, LOGIN_STRATEGY } from './credential-bed.js';

const [fate = 'used', count = '20000'] = process.argv.slice(2);
const KEPT = 100;
const clock = new ManualClock();
let issued = 0;

const resolve = (account: string) => {
  if (fate === 'failing') throw new Error('the database is down');
  return [{ key: account, secret: `test-secret-of-${account}` }];
};

/** This store keeps nothing, so that all memory that stays in use belongs to the library. */
const store: TokenStore = {
  hashKey: Buffer.alloc(32, 7),
  claim: async () => ({ outcome: 'acquired', grant: { owner: 'one', version: (issued += 1) } }),
  extend: async () => true,
  publish: async () => true,
  release: async () => undefined,
  reject: async () => undefined,
  withdraw: async () => undefined,
  onWithdrawn: () => () => undefined,
  reserve: async () => 0,
  pause: async () => undefined,
};

const token: TokenStrategy = {
  ...LOGIN_STRATEGY,
  limits: fate === 'limited' ? [{ limit: 100, perMs: 86_400_000, per: 'credential' }] : [],
};
const registry = new CredentialRegistry(
  [
    configured({
      definition: { ...LOGIN_DEFINITION, token },
      accounts: changing(resolve),
    }),
  ],
  {
    clock,
    maxAccounts: KEPT,
    ...(fate === 'shared' ? { store } : {}),
    transport: () => ({
      send: async () => ({
        status: 200,
        headers: {},
        body: { token: `token-${(issued += 1)}`.padEnd(200, 'x'), expiresInMs: 3_600_000 },
        text: '',
        requestedAtMs: clock.now(),
        requestedAtMonotonicMs: clock.monotonic(),
      }),
    }),
  },
);

async function live(ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += KEPT) {
    await Promise.all(
      ids.slice(at, at + KEPT).map(async (id) => {
        const service = registry.service('acme', id);
        const done = fate === 'rotated' ? service.rotate({ key: id, secret: 'test-new' }) : service.get();
        await done.catch(() => undefined);
      }),
    );
  }
  for (let second = 0; second < 62; second += 1) {
    await clock.advance(1_000);
    registry.renewals.runDue();
  }
}

function heapUsed(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const named = (prefix: string, length: number) => Array.from({ length }, (_, index) => `${prefix}${index}`);
await live(named('w', 2_000));
const before = heapUsed();
await live(named('m', Number(count)));
const bytes = (heapUsed() - before) / Number(count);
process.stdout.write(JSON.stringify({ bytes: Math.round(bytes), kept: registry.status().length }));
registry.close();
