import { parseArgs } from 'node:util';
import { runFleet } from './fleet/fleet-run.js';
import { say } from './say.js';

const HELP = `Usage: npm run demo:fleet -- [options]

Four processes share their tokens through one Redis, and one of them is killed on the way. Uses the Redis that
REDIS_URL names, else a redis-server of this machine.

  --seconds N  how long it lasts (default 20)
  --help       this text`;

try {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      seconds: { type: 'string', default: '20' },
    },
  });
  const seconds = Number(values.seconds);
  if (!(Number.isInteger(seconds) && seconds >= 1 && seconds <= 3_600))
    throw new Error(`--seconds must be a whole number from 1 to 3600, and is "${values.seconds}".`);
  if (values.help) say(`${HELP}\n`);
  else process.exitCode = await runFleet(seconds * 1_000);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
