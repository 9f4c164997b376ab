import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { OURS } from '../contenders/index.mjs';
import { startRedis } from '../support/redis.mjs';
import { count, figure } from '../support/targets.mjs';

const MEASURED = fileURLToPath(new URL('../support/many-accounts.mjs', import.meta.url));
const CASES = fileURLToPath(new URL('../support/account-memory.mjs', import.meta.url));

/** Many merchants in one process: what each costs, and what the timer costs. */
export async function accounts({ quick }) {
  const rows = [];
  for (const howMany of quick ? [5_000] : [100_000, 300_000, 1_000_000])
    rows.push({
      name: OURS,
      role: 'ours',
      accounts: howMany,
      ...(await measured(MEASURED, [String(howMany)])),
    });
  const most = (column) => Math.max(...rows.map((row) => row[column]));
  const result = Object.fromEntries(Object.keys(rows[0]).map((column) => [column, most(column)]));
  return {
    title: 'Many accounts in one process',
    note: 'Tokens of 800 bytes. Heap is counted beyond the bytes of token and credentials; the token request is answered in memory, so that no socket is counted.',
    rows,
    targets: [
      figure(
        'heap of an idle account',
        '≤ 1024 B',
        `${result['heap B each']} B`,
        result['heap B each'] <= 1_024,
      ),
      figure(
        'a tick with nothing due',
        '≤ 50 µs',
        `${result['idle tick µs']} µs`,
        result['idle tick µs'] <= 50,
      ),
      figure(
        'a due account',
        '≤ 10 µs',
        `${result['µs per due account']} µs`,
        result['µs per due account'] <= 10,
      ),
      figure('idle processor time', '≤ 1 %', `${result['idle CPU %']} %`, result['idle CPU %'] <= 1),
    ],
  };
}

/** What stays in memory of merchants, whatever happened to them. */
export async function accountMemory({ quick }) {
  const redis = await startRedis();
  try {
    const rows = await measured(CASES, [redis.url, quick ? '500' : '20000']);
    return {
      title: 'What is kept of merchants with maxAccounts: 100',
      note: 'Each case in an application of its own, with a driven clock; looked at a minute after the last call. Heap is counted for each merchant that has gone.',
      rows,
      targets: [
        ...rows.map(({ name, 'kept after a minute': kept }) =>
          count(`accounts kept: ${name}`, '≤ 100', kept, kept <= 100),
        ),
        ...rows.map(({ name, 'heap B a merchant that has gone': bytes }) =>
          figure(`heap of a merchant that has gone: ${name}`, '≤ 64 B', `${bytes} B`, bytes <= 64),
        ),
      ],
    };
  } finally {
    await redis.stop();
  }
}

async function measured(file, parameters) {
  const child = fork(file, parameters, { execArgv: ['--expose-gc', '--max-old-space-size=8192'] });
  const [result] = await once(child, 'message');
  return result;
}
