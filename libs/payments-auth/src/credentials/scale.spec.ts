import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  configured,
  type CredentialBed,
  fixed,
  issuing,
  quiet,
  SECRET,
  startCredentialBed,
  until,
} from '../../../../test/support/credential-bed.js';
import { ManualClock } from '../testing/manual-clock.js';
import { CredentialRegistry } from './credential.registry.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const HOUR = 3_600_000;

let bed: CredentialBed | undefined;
afterEach(() => bed?.close());

describe('many accounts in one process', () => {
  it('take at most 1 KiB each beside their tokens and credentials', async () => {
    const script = ['--expose-gc', '--import', './test/support/typescript.loader.mjs'];
    // The bytes of the token and the characters of the credentials are not counted; everything that holds them is. What the
    // engine keeps for itself varies from run to run, and only adds to the count. So the smallest of three counts.
    let least = Infinity;
    for (let run = 0; run < 3 && least > 1_024; run += 1) {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [...script, 'test/support/idle-accounts.ts', '60000', '800'],
        { cwd: root, env: { PATH: process.env['PATH'] } },
      );
      const { beside } = JSON.parse(stdout) as { beside: number };
      least = Math.min(least, beside);
    }
    expect(least).toBeLessThanOrEqual(1_024);
  }, 300_000);

  it('are spread by jitter when they fall due together, and renewed a few at a time', async () => {
    const MERCHANTS = 10_000;
    const clock = new ManualClock();
    let [sent, underWay, most] = [0, 0, 0];
    const registry = new CredentialRegistry(
      [
        configured({
          accounts: fixed((id) => [{ key: id, secret: `test-secret-of-${id}` }]),
          keepWarm: 'always',
        }),
      ],
      {
        clock,
        transport: () => ({
          send: async () => {
            sent += 1;
            most = Math.max(most, (underWay += 1));
            const askedAt = { requestedAtMs: clock.now(), requestedAtMonotonicMs: clock.monotonic() };
            await Promise.resolve();
            underWay -= 1;
            return {
              status: 200,
              headers: {},
              body: { token: `t${sent}`, expiresInMs: HOUR },
              text: '',
              ...askedAt,
            };
          },
        }),
      },
    );
    await Promise.all(Array.from({ length: MERCHANTS }, (_, id) => registry.service('acme', `m${id}`).get()));
    expect(most).toBe(32);
    [sent, most] = [0, 0];
    // All were obtained together. Each is renewed 54 s to 60 s before its end, at a random time.
    const perSecond: number[] = [];
    await clock.advance(HOUR - 60_000);
    for (let second = 0; second < 7; second += 1) {
      const before = sent;
      registry.renewals.runDue();
      await quiet();
      await until(() => underWay === 0 && (registry.renewals.nextDueInMs() ?? 0) > 0);
      perSecond.push(sent - before);
      await clock.advance(1_000);
    }
    expect(sent).toBe(MERCHANTS);
    expect(Math.max(...perSecond)).toBeLessThan(0.3 * MERCHANTS);
    expect(most).toBe(8);
    registry.close();
  });

  it('cost nothing until something is due, and then only as much as is due', async () => {
    bed = await startCredentialBed({ accounts: fixed(() => [SECRET]), keepWarm: 'always' });
    const { clock, registry, logins } = bed;
    const ids = Array.from({ length: 300 }, (_, index) => `m${index}`);
    bed.answer = (login, index, response) => issuing(index <= 290 ? 24 * HOUR : HOUR)(login, index, response);
    for (const id of ids) await registry.service('acme', id).get();
    await clock.advance(HOUR / 2);
    registry.renewals.runDue();
    await quiet();
    expect(logins).toHaveLength(300);
    await clock.advance(HOUR / 2 - 5_000);
    registry.renewals.runDue();
    await until(() => logins.length === 310);
    await quiet();
    expect(logins).toHaveLength(310);
    expect(registry.renewals.size).toBe(300);
  });
});
