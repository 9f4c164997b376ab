import { subscribe } from 'node:diagnostics_channel';
import { openSync, readFileSync, writeSync } from 'node:fs';
import type { ClientRequest } from 'node:http';
import { setTimeout as later } from 'node:timers/promises';
import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { isPaymentsAuthError, PaymentsAuthModule, PaymentsAuthService } from 'nestjs-payments-auth';
import { RedisTokenStore } from 'nestjs-payments-auth/redis';
import { type JournalEntry, type PlatformSettings, PROVIDER, type Step, TABLE } from './platform.js';

// One process of a platform: it rotates the refresh tokens of its merchants, and ends itself with SIGKILL where it is
// told to. What it notes is on disk before it goes on, so that its end takes nothing away.

const settings = JSON.parse(readFileSync(process.env['SETTINGS'] ?? '', 'utf8')) as PlatformSettings;
const journal = openSync(settings.journal, 'a');

function write(entry: JournalEntry): void {
  writeSync(journal, `${JSON.stringify({ ...entry, atNs: String(process.hrtime.bigint()) })}\n`);
}

let hits = 0;

/** Counts how often a step was reached, and ends the process at the one that it was told. */
function reached(step: Step, account: string): void {
  if (settings.dieAt?.step !== step) return;
  hits += 1;
  if (hits !== settings.dieAt.hit) return;
  write({ type: 'killed', step, account });
  process.kill(process.pid, 'SIGKILL');
}

/** The merchants whose refresh token is in this process's hand, and since when. */
const inHand = new Map<string, number>();

/** Redis as the library uses it, with a word about each rotation. */
class WatchedStore extends RedisTokenStore {
  override async setNote(...[key, text]: Parameters<RedisTokenStore['setNote']>): Promise<void> {
    const { account = '' } = key;
    const isBeingSpent = text !== undefined && (JSON.parse(text) as { isBeingSpent: boolean }).isBeingSpent;
    if (isBeingSpent) {
      write({ type: 'open', account });
      inHand.set(account, performance.now());
      await super.setNote(key, text);
      reached('note', account);
      return;
    }
    // Said before it is done: from then on nobody finds a note without an end.
    const forMs = performance.now() - (inHand.get(account) ?? Infinity);
    inHand.delete(account);
    write({ type: 'closed', account, forMs });
    await super.setNote(key, text);
  }

  override async publish(...given: Parameters<RedisTokenStore['publish']>): Promise<boolean> {
    const { account = '' } = given[0];
    reached('publish', account);
    const answer = await super.publish(...given);
    reached('published', account);
    return answer;
  }
}

// The answer of the token endpoint is there, and nobody has read it yet.
subscribe('http.client.response.finish', (message) => {
  const { request } = message as { request: ClientRequest };
  if (request.path === '/oauth/token') reached('answer', '');
});

const errors: LoggerService = {
  log: () => undefined,
  warn: () => undefined,
  error: (text: unknown) => write({ type: 'error-line', text: String(text) }),
};
const redis = new Redis(settings.redisUrl);
const table = new Redis(settings.redisUrl);
/** Compare and swap, as a database does it. */
const SWAP = `if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1`;

const application = await NestFactory.createApplicationContext(
  PaymentsAuthModule.forRoot({
    store: new WatchedStore(redis, { keys: [{ id: 'test', key: Buffer.alloc(32, 1) }], timeoutMs: 10_000 }),
    providers: {
      [PROVIDER]: {
        baseUrl: settings.baseUrl,
        keepWarm: 'when-used',
        tokenRequest: { timeoutMs: 60_000 },
        accounts: {
          load: async (account: string) => {
            const refreshToken = (await table.hget(TABLE, account)) ?? '';
            reached('load', account);
            return { ...settings.client, refreshToken };
          },
          save: async (account, next, previous) => {
            reached('save', account);
            const tokens = [previous.refreshToken, next.refreshToken];
            const swapped = await table.eval(SWAP, 1, TABLE, account, ...tokens);
            reached('saved', account);
            return swapped === 1;
          },
        },
      },
    },
  }),
  { logger: errors, abortOnError: false },
);
const paymentsAuth = application.get(PaymentsAuthService);
paymentsAuth.events$.subscribe(({ type, ...event }) => {
  const { account = '' } = event as { account?: string };
  if (type.startsWith('refresh-token-')) write({ type: 'event', event: type, account });
});

/** A merchant may have to wait for the lock of a process that is gone: for seconds, and not for ever. */
const MOST_ATTEMPTS = 600;

async function rotate(account: string): Promise<void> {
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    try {
      const credentials = paymentsAuth.credentials(PROVIDER, account);
      // Whatever the fleet has; and then one that nobody has yet.
      await credentials.get();
      await credentials.refresh();
      write({ type: 'rotated', account });
      return;
    } catch (error) {
      const code = isPaymentsAuthError(error) ? error.code : String(error);
      if (code !== 'CREDENTIALS_UNAVAILABLE') {
        write({ type: 'failed', account, code });
        return;
      }
      await later(100);
    }
  }
  write({ type: 'failed', account, code: 'gave up' });
}

const waiting = [...settings.accounts];
const lane = async () => {
  for (let account = waiting.shift(); account !== undefined; account = waiting.shift()) await rotate(account);
};
await Promise.all(Array.from({ length: settings.atOnce }, lane));
write({ type: 'done' });
await application.close();
redis.disconnect();
table.disconnect();
process.disconnect?.();
