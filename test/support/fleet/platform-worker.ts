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

// One process of a platform. It rotates the refresh tokens of its merchants, and kills itself with SIGKILL at the step that
// its settings name. Each entry of its journal is on disk before it goes on, so that the kill loses no entry.

const settings = JSON.parse(readFileSync(process.env['SETTINGS'] ?? '', 'utf8')) as PlatformSettings;
const journal = openSync(settings.journal, 'a');

function write(entry: JournalEntry): void {
  writeSync(journal, `${JSON.stringify({ ...entry, atNs: String(process.hrtime.bigint()) })}\n`);
}

let hits = 0;

/** Counts how often the step of the settings was reached, and kills the process at the hit that they name. */
function reached(step: Step, account: string): void {
  if (settings.dieAt?.step !== step) return;
  hits += 1;
  if (hits !== settings.dieAt.hit) return;
  write({ type: 'killed', step, account });
  process.kill(process.pid, 'SIGKILL');
}

/** The merchants whose refresh token this process is using, each with the time since when. */
const inHand = new Map<string, number>();

/** The Redis store of the library, which also writes the beginning and the end of each rotation to the journal. */
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
    // The entry is written before the note is changed. So every note without an open rotation has its end in the journal.
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

// At this moment the answer of the token endpoint has arrived, and no code has read it yet.
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
/** Replaces the token only if the previous one is still there, as a database does it. */
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

/** A merchant may have to wait for the lock of a killed process: some seconds, and not for ever. */
const MOST_ATTEMPTS = 600;

async function rotate(account: string): Promise<void> {
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    try {
      const credentials = paymentsAuth.credentials(PROVIDER, account);
      // The first line takes the token of the fleet, if there is one. The second line gets a new one.
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
