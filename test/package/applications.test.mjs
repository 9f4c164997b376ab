import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HANGS_AFTER_MS, installApplication, nodeVersions, pack, run } from './support.mjs';

const tarballs = pack('tarballs-of-applications');
const nodes = await nodeVersions();

/** @typedef {{ name: string, command: readonly string[], canRunOn?: (node: string) => boolean }} TestRunner */

/** By default both test runners give a test 5 s. A busy machine may need longer to start an application. */
const IN_TIME = `--testTimeout=${HANGS_AFTER_MS}`;

const JEST = ['node_modules/jest/bin/jest.js', IN_TIME];
const JEST_ESM = ['--experimental-vm-modules', ...JEST];
const VITEST = ['node_modules/vitest/vitest.mjs', 'run', IN_TIME];

/** @type {Record<string, readonly TestRunner[]>} */
const applications = {
  'nest-11-commonjs': [{ name: 'Jest', command: JEST }],
  // Its Jest requires ES modules from CommonJS tests, which Jest can do from Node 24.9 on.
  'nest-12-commonjs': [{ name: 'Jest', command: JEST_ESM, canRunOn: (node) => node.startsWith('Node 24') }],
  'nest-12-esm': [
    { name: 'Jest', command: JEST_ESM },
    { name: 'Vitest', command: VITEST },
  ],
};

// Two applications run at a time, because each of them often waits for npm and for its own processes.
describe('an application that installs the tarballs', { concurrency: 2 }, () => {
  for (const [fixture, runners] of Object.entries(applications)) {
    describe(fixture, { concurrency: false }, async () => {
      const folder = await installApplication(fixture, tarballs);

      it('compiles, with every block of the documents in it', async () => {
        await run(process.execPath, ['node_modules/typescript/bin/tsc', '--skipLibCheck', 'false'], folder);
      });

      for (const [name, node] of Object.entries(nodes)) {
        it(`runs on ${name}`, async () => {
          await run(node, ['dist/main.js'], folder);
        });

        it(`runs every block of the documents on ${name}`, async () => {
          assert.match(await run(node, ['dist/documents.js'], folder), /\b\d\d blocks ran\n$/);
        });

        for (const { name: runner, command, canRunOn = () => true } of runners) {
          if (!canRunOn(name)) continue;
          it(`passes its ${runner} tests on ${name}`, async () => {
            await run(node, command, folder);
          });
        }
      }
    });
  }
});
