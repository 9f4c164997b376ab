import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** The commands under which `npm test` looks for it. */
const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome'];

/** The Chromium of this machine, without a window and without calls to its makers. `close()` ends it. */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: executablePath(),
    args: [
      // Chromium has no sandbox for root, and tests in containers run as root. They open only pages of this repository.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

function executablePath(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found =
    process.env['CHROMIUM_PATH'] ??
    COMMANDS.flatMap((command) => folders.map((folder) => join(folder, command))).find((path) =>
      existsSync(path),
    );
  if (found === undefined)
    throw new Error('Chromium is not installed. Install it, or run the tests with "npm test".');
  return found;
}
