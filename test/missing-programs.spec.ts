import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { root } from './support/markdown.js';

const REDIS_ADVICE =
  'install it so that "redis-server" is on the PATH (Debian: apt-get install redis-server)';

/** Runs a script on a machine that has Node and no other program. */
function run(script: string, ...args: string[]) {
  const given = ['REDIS_URL', 'CHROMIUM_PATH', 'SPECS_LEFT_OUT', 'NODE_OPTIONS'];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !given.includes(name)));
  const { status, stdout, stderr } = spawnSync(process.execPath, [`scripts/${script}`, ...args], {
    cwd: root,
    env: { ...env, PATH: '' },
    encoding: 'utf8',
  });
  return { status, stdout, stderr: stderr.trimEnd().split('\n') };
}

describe('a missing program', () => {
  it('causes one line of advice and exit code 2', () => {
    expect(run('programs.mjs', 'redis', 'chromium')).toEqual({
      status: 2,
      stdout: '',
      stderr: [
        `Redis is missing: ${REDIS_ADVICE}, or set REDIS_URL.`,
        'Chromium is missing: install it so that "chromium" is on the PATH (Debian: apt-get install chromium), or set CHROMIUM_PATH.',
      ],
    });
  });

  it('makes the test command leave out the specs that need it, name them, and exit with 2', () => {
    const room = 'libs/payments-auth/src/redis';
    const { status, stderr } = run('test.mjs', `${room}/redis-cluster`, `${room}/redis-token-store.options`);
    expect(stderr.at(-1)).toBe(
      `Left out because Redis is missing: ${room}/redis-cluster.spec.ts. To run them, ${REDIS_ADVICE}.`,
    );
    expect(stderr.join('\n')).toContain(`PASS unit ${room}/redis-token-store.options.spec.ts`);
    expect(status).toBe(2);
  });
});
