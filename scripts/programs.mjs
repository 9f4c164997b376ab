/**
 * The programs that this repository starts and npm does not install. Tests, benchmark and fleet demo ask here before
 * they need one. A missing program is installed if that needs no password. Otherwise one line for each program says
 * what to install, and the exit code is 2:
 *
 *   node scripts/programs.mjs redis chromium
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * @typedef {object} Program
 * @property {string} name the name for people
 * @property {readonly string[]} commands the names of the command. One of them on the PATH is enough
 * @property {string} [variable] an environment variable that names another one
 * @property {string} debianPackage
 */

export const programs = /** @satisfies {Record<string, Program>} */ ({
  redis: {
    name: 'Redis',
    commands: ['redis-server'],
    variable: 'REDIS_URL',
    debianPackage: 'redis-server',
  },
  /** A Redis that tests may kill and start again. The one that `REDIS_URL` names is never killed. */
  'redis-server': { name: 'Redis', commands: ['redis-server'], debianPackage: 'redis-server' },
  chromium: {
    name: 'Chromium',
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
    variable: 'CHROMIUM_PATH',
    debianPackage: 'chromium',
  },
});

/** @typedef {keyof typeof programs} ProgramName */

/**
 * Installs missing programs, if that needs no password.
 *
 * @param {readonly ProgramName[]} wanted
 * @returns {ProgramName[]} the programs that are still missing
 */
export function provide(wanted) {
  const missing = wanted.filter((each) => !isThere(programs[each]));
  if (missing.length > 0 && canInstall())
    install([...new Set(missing.map((each) => programs[each].debianPackage))]);
  return missing.filter((each) => !isThere(programs[each]));
}

/**
 * The way to get a program, as a part of a sentence.
 *
 * @param {ProgramName} wanted
 */
export function advice(wanted) {
  const { commands, variable, debianPackage } = /** @type {Program} */ (programs[wanted]);
  const [command] = commands;
  const other = variable === undefined ? '' : `, or set ${variable}`;
  return `install it so that "${command}" is on the PATH (Debian: apt-get install ${debianPackage})${other}`;
}

/** @param {Program} program */
function isThere({ commands, variable }) {
  return (variable !== undefined && Boolean(process.env[variable])) || commands.some(isOnPath);
}

/** @param {string} command */
function isOnPath(command) {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Works only without a password, because a command that asks for one would stop the run until somebody answers. */
function canInstall() {
  return isOnPath('apt-get') && (process.getuid?.() === 0 || run(['sudo', '-n', 'true']));
}

/** @param {string[]} packages */
function install(packages) {
  console.error(`Installing ${packages.join(' and ')} with apt-get; this can take a few minutes.`);
  aptGet('update', '-qq');
  aptGet('install', '-y', '-qq', '--no-install-recommends', ...packages);
}

/** A failure is not reported here. The program is then still missing, and the caller reports that. */
function aptGet(/** @type {string[]} */ ...args) {
  const root = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  run([...root, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args]);
}

/** @param {string[]} command */
function run([command = '', ...args]) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const missing of provide(/** @type {ProgramName[]} */ (process.argv.slice(2)))) {
    console.error(`${programs[missing].name} is missing: ${advice(missing)}.`);
    process.exitCode = 2;
  }
}
