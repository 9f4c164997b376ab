import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { OURS } from '../contenders/index.mjs';
import { figure } from '../support/targets.mjs';

const MEASURED = fileURLToPath(new URL('../support/many-accounts.mjs', import.meta.url));

/** Many merchants in one process: what each costs, and what the timer costs. */
export async function accounts({ quick }) {
  const count = quick ? 5_000 : 100_000;
  const child = fork(MEASURED, [String(count)], { execArgv: ['--expose-gc'] });
  const [result] = await once(child, 'message');
  return {
    title: `${count.toLocaleString('en')} accounts in one process`,
    note: 'Tokens of 800 bytes. Heap is counted beyond the bytes of token and credentials; the token request is answered in memory, so that no socket is counted.',
    rows: [{ name: OURS, role: 'ours', ...result }],
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
