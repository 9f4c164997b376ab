import 'reflect-metadata';
import { HELP, readArguments } from './demo.arguments.js';
import { runLive } from './live/live-run.js';
import { runWithSandbox } from './run/sandbox-run.js';
import { say } from './say.js';

try {
  const options = readArguments(process.argv.slice(2));
  if (options.help) say(`${HELP}\n`);
  else process.exitCode = options.live ? await runLive() : await runWithSandbox(options);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
