import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OURS } from '../contenders/index.mjs';
import { median, round } from '../support/statistics.mjs';
import { figure } from '../support/targets.mjs';

const run = promisify(execFile);
const APPLICATION = fileURLToPath(new URL('../support/boot-application.mjs', import.meta.url));
const LIBRARY = fileURLToPath(new URL('../../libs/payments-auth', import.meta.url));

/** The cost of import and boot for an application that already has HttpModule, ConfigModule and ScheduleModule. */
export async function boot({ quick }) {
  const rounds = quick ? 3 : 15;
  const without = [];
  const added = [];
  for (let turn = 0; turn < rounds; turn += 1) {
    const base = await bootOnce('without');
    without.push(base);
    added.push((await bootOnce('with')) - base);
  }
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: LIBRARY });
  const packs = JSON.parse(stdout);
  const [pack] = Array.isArray(packs) ? packs : Object.values(packs);
  const ms = round(median(added));
  return {
    title: 'Import and boot',
    note: 'The library is added to a Nest application that has HttpModule, ConfigModule and ScheduleModule already. Six providers are configured.',
    rows: [
      { name: 'the application without it', role: 'floor', 'ms to boot': round(median(without)) },
      {
        name: OURS,
        role: 'ours',
        'ms added': ms,
        'packed size, KiB': round(pack.size / 1_024),
        files: pack.entryCount,
      },
    ],
    targets: [figure('import and boot', '≤ 30 ms', `${ms} ms`, ms <= 30)],
  };
}

async function bootOnce(which) {
  const { stdout } = await run(process.execPath, [APPLICATION, which]);
  return Number(stdout);
}
