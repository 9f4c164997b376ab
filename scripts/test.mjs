/**
 * The one test command: sees to the programs that the tests start (Redis and Chromium), then runs Jest.
 * Whatever stands behind `npm test --` goes to Jest.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Program
 * @property {string} name what people call it
 * @property {readonly string[]} commands any of them on the PATH will do
 * @property {string} variable an environment variable that says where another one is
 * @property {string} debianPackage
 */

/** @type {readonly Program[]} */
const programs = [
  { name: 'Redis', commands: ['redis-server'], variable: 'REDIS_URL', debianPackage: 'redis-server' },
  {
    name: 'Chromium',
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
    variable: 'CHROMIUM_PATH',
    debianPackage: 'chromium',
  },
];

const missing = programs.filter((program) => !isThere(program));
if (missing.length > 0 && canInstall()) install(missing.map((program) => program.debianPackage));

const stillMissing = programs.filter((program) => !isThere(program));
for (const { name, commands, variable, debianPackage } of stillMissing) {
  console.error(
    `The tests need ${name}: install it so that "${commands[0]}" is on the PATH (Debian: apt-get install ${debianPackage}), or set ${variable}.`,
  );
}
process.exitCode = stillMissing.length > 0 ? 1 : runJest();

/** @param {Program} program */
function isThere({ commands, variable }) {
  return Boolean(process.env[variable]) || commands.some(isOnPath);
}

/** @param {string} command */
function isOnPath(command) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Only where no password is asked for: a test command that stops at a prompt is worse than one line of advice. */
function canInstall() {
  return isOnPath('apt-get') && (process.getuid?.() === 0 || run('sudo', ['-n', 'true'], 'ignore') === 0);
}

/** @param {string[]} packages */
function install(packages) {
  console.error(`Installing ${packages.join(' and ')} with apt-get, for the tests.`);
  aptGet('update', '-qq');
  aptGet('install', '-y', '-qq', '--no-install-recommends', ...packages);
}

/** @param {string[]} args */
function aptGet(...args) {
  const command = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
  if (process.getuid?.() !== 0) command.unshift('sudo', '-n');
  run(command[0] ?? '', command.slice(1), ['ignore', 'ignore', 'inherit']);
}

function runJest() {
  const jest = fileURLToPath(new URL('../node_modules/jest/bin/jest.js', import.meta.url));
  const flags = ['--experimental-vm-modules', '--no-warnings'];
  return run(process.execPath, [...flags, jest, ...process.argv.slice(2)], 'inherit');
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').StdioOptions} stdio
 */
function run(command, args, stdio) {
  return spawnSync(command, args, { stdio }).status ?? 1;
}
