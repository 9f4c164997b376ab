#!/usr/bin/env node
import { createRequire } from 'node:module';
import { runCli } from '../cli/run-cli.js';

/** The package names itself, so that this is found from the sources as well as from what is built of them. */
const { version } = createRequire(import.meta.url)('nestjs-payments-auth/package.json') as {
  version: string;
};

// The reader of a pipe (`head`, `less`) may end before everything was written. That is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

async function main(): Promise<void> {
  process.exitCode = await runCli({
    argv: process.argv.slice(2),
    version,
    out: (text) => process.stdout.write(text),
    error: (text) => process.stderr.write(text),
  });
}

void main();
