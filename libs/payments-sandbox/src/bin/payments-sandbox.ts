#!/usr/bin/env node
import { runCli } from '../cli/run-cli.js';

const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  // The reader of the output has closed the pipe.
  process.stdout.once('error', () => resolve());
});

async function main(): Promise<void> {
  process.exitCode = await runCli({
    argv: process.argv.slice(2),
    out: (text) => process.stdout.write(text),
    error: (text) => process.stderr.write(text),
    stopped,
  });
}

void main();
