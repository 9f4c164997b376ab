import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { OURS } from '../contenders/index.mjs';
import { startProvider } from '../support/provider.mjs';
import { startRedis } from '../support/redis.mjs';
import { count, figure } from '../support/targets.mjs';

const MEASURED = fileURLToPath(new URL('../support/many-accounts.mjs', import.meta.url));
const CASES = fileURLToPath(new URL('../support/account-memory.mjs', import.meta.url));
const CHURN = fileURLToPath(new URL('../support/day-of-churn.mjs', import.meta.url));
const COLD = fileURLToPath(new URL('../support/cold-merchants-application.mjs', import.meta.url));

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
    note: 'A token has 800 bytes. The heap is counted without the bytes of token and credentials. The token request is answered in memory, so that the heap contains no sockets.',
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

/** Which part of a merchant stays in memory, after different events. */
export async function accountMemory({ quick }) {
  const redis = await startRedis();
  try {
    const rows = await measured(CASES, [redis.url, quick ? '500' : '20000']);
    return {
      title: 'Merchants that stay in memory with maxAccounts: 100',
      note: 'Each case runs in an application of its own, with a driven clock. The figures are taken a minute after the last call. The heap is divided by the number of merchants that have gone.',
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

/** The memory that stays in use after a day on which merchants come and go. */
export async function accountChurn({ quick }) {
  const rows = await measured(CHURN, [quick ? '20' : '500']);
  const [first, last] = [rows[0], rows.at(-1)];
  const grown = Math.round(
    ((last['heap, KiB'] - first['heap, KiB']) * 1_024) / (last.merchants - first.merchants),
  );
  return {
    title: `A day in which ${last.merchants.toLocaleString('en')} merchants come and go, with maxAccounts: 1000`,
    note: `The clock is driven, and a token lives an hour. Every quarter of an hour ${first.merchants / 24} merchants come for the first time, and as many merchants from earlier in the day come back.`,
    rows,
    targets: [
      count('accounts kept after a day', '≤ 1000', last.kept, last.kept <= 1_000),
      count('failures in a day of coming and going', '0', last.failed, last.failed === 0),
      figure('heap that a merchant of that day leaves', '≤ 16 B', `${grown} B`, grown <= 16),
    ],
  };
}

/** A cold process, and all merchants within a minute. */
export async function coldMerchants({ quick }) {
  const [merchants, durationMs] = quick ? [200, 5_000] : [10_000, 60_000];
  const provider = await startProvider();
  try {
    await provider.set({ tokenDelayMs: 100 });
    const row = await measured(COLD, [provider.url, String(merchants), String(durationMs)]);
    const { tokenRequests, mostAtOnce } = await provider.counts();
    return {
      title: `A cold process that ${merchants.toLocaleString('en')} merchants call within ${durationMs / 1_000} s`,
      note: 'Each merchant makes its first call, and a login takes 100 ms. The time of a call is the time that its caller waits, login included.',
      rows: [{ name: OURS, role: 'ours', ...row, 'token requests': tokenRequests, 'at once': mostAtOnce }],
      targets: [
        count('failures of a cold process', '0', row.failed, row.failed === 0),
        count(
          'token requests of a cold process',
          String(merchants),
          tokenRequests,
          tokenRequests === merchants,
        ),
        count('logins at once of a cold process', '≤ 32', mostAtOnce, mostAtOnce <= 32),
        figure('99 of 100 first calls', '≤ 500 ms', `${row['p99 ms']} ms`, row['p99 ms'] <= 500),
      ],
    };
  } finally {
    await provider.close();
  }
}

async function measured(file, parameters) {
  const child = fork(file, parameters, { execArgv: ['--expose-gc', '--max-old-space-size=8192'] });
  const [result] = await once(child, 'message');
  return result;
}
