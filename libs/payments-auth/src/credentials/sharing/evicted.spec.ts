import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const root = fileURLToPath(new URL('../../../../../', import.meta.url));

describe('20 000 merchants, of whom 100 may be kept', () => {
  it.each(['used', 'shared', 'rotated', 'failing', 'limited'])(
    'leave nothing behind within a minute, when they were %s',
    async (fate) => {
      const script = ['--expose-gc', '--import', './test/support/typescript.loader.mjs'];
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [...script, 'test/support/evicted-accounts.ts', fate, '20000'],
        { cwd: root, env: { PATH: process.env['PATH'] } },
      );
      const { bytes, kept } = JSON.parse(stdout) as { bytes: number; kept: number };
      process.stdout.write(`  evicted, ${fate}: ${bytes} B each\n`);
      expect(kept).toBeLessThanOrEqual(100);
      // Anything that is kept of one merchant takes more bytes than that.
      expect(bytes).toBeLessThanOrEqual(60);
    },
    120_000,
  );
});
