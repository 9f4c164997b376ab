import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** The commands under which `npm test` looks for it. */
const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome'];

/** The machine's own Chromium, without a window and without its calls home. `close()` ends it. */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: executablePath(),
    args: [
      // Chromium refuses its sandbox to root, which is who runs tests in containers. Only our own pages are opened.
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
