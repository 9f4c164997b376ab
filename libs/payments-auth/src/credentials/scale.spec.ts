import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type CredentialBed,
  issuing,
  quiet,
  SECRET,
  startCredentialBed,
  until,
} from '../../../../test/support/credential-bed.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const HOUR = 3_600_000;

let bed: CredentialBed | undefined;
afterEach(() => bed?.close());

describe('many accounts in one process', () => {
  it('take at most 1 KiB each beside their tokens and credentials', async () => {
    const script = ['--expose-gc', '--import', './test/support/typescript.loader.mjs'];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...script, 'test/support/idle-accounts.ts', '60000', '800'],
      { cwd: root, env: { PATH: process.env['PATH'] } },
    );
    const { beside } = JSON.parse(stdout) as { beside: number };
    expect(beside).toBeLessThanOrEqual(1_024);
  }, 120_000);

  it('cost nothing until something is due, and then what is due', async () => {
    bed = await startCredentialBed({ accountCredentials: () => [SECRET], keepWarm: 'always' });
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
  }, 30_000);
});
