import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OURS } from '../contenders/index.mjs';
import { startProvider } from '../support/provider.mjs';
import { median, round } from '../support/statistics.mjs';
import { count, figure } from '../support/targets.mjs';

const run = promisify(execFile);
const APPLICATION = fileURLToPath(new URL('../support/first-payment-application.mjs', import.meta.url));
const LOGIN_MS = 300;
/** The time for the call itself, and for late timers of a busy machine. */
const ALLOWANCE_MS = 60;

/** From the start of a cold process to the first payment that is answered, while six other providers are configured. */
export async function firstPayment({ quick }) {
  const rounds = quick ? 3 : 15;
  const starts = [];
  for (let turn = 0; turn < rounds; turn += 1) {
    const provider = await startProvider();
    try {
      await provider.set({ tokenDelayMs: LOGIN_MS });
      const { stdout } = await run(process.execPath, [APPLICATION, provider.url]);
      const { executed, tokenRequests } = await provider.counts();
      starts.push({ ...JSON.parse(stdout), executed, tokenRequests });
    } finally {
      await provider.close();
    }
  }
  const of = (name) => round(median(starts.map((each) => each[name])));
  const late = starts.filter(({ loginSent, listening }) => loginSent > listening).length;
  const several = starts.filter(
    ({ executed, tokenRequests }) => executed !== 1 || tokenRequests !== 1,
  ).length;
  const waited = round(median(starts.map(({ answered, loginSent }) => answered - loginSent - LOGIN_MS)));
  return {
    title: 'The first payment of a cold process',
    note: `Six providers are configured. A seventh is kept warm, and its login takes ${LOGIN_MS} ms. The payment starts when the application listens. Times are counted from the start of the process.`,
    rows: [
      {
        name: OURS,
        role: 'ours',
        'ms to import': of('imported'),
        'to send the login': of('loginSent'),
        'to listen': of('listening'),
        'to the answer': of('answered'),
      },
    ],
    targets: [
      count('processes that listened before they sent the login', '0', late, late === 0),
      count('processes that paid or logged in more than once', '0', several, several === 0),
      figure(
        'what the first payment takes beyond the login',
        `≤ ${ALLOWANCE_MS} ms`,
        `${waited} ms`,
        waited <= ALLOWANCE_MS,
      ),
    ],
  };
}
