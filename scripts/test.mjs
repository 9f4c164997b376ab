/**
 * The only test command. It installs or finds the programs that the wanted specs start, and runs Jest without the specs whose
 * program is missing. It then names these specs and exits with 2. All arguments after `npm test --` go to Jest.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { advice, programs, provide } from './programs.mjs';

/** @typedef {import('./programs.mjs').ProgramName} ProgramName */

const root = fileURLToPath(new URL('..', import.meta.url));
const jest = [
  '--experimental-vm-modules',
  '--no-warnings',
  resolve(root, 'node_modules/jest/bin/jest.js'),
  ...process.argv.slice(2),
];

/** A spec that imports one of these starts the program, and needs it. */
const STARTERS = /** @type {const} */ ({
  [resolve(root, 'test/support/redis-server.ts')]: 'redis-server',
  [resolve(root, 'test/support/chromium.ts')]: 'chromium',
});

/** @type {Map<string, readonly ProgramName[]>} */
const needs = new Map(wantedSpecs().map((spec) => [spec, programsOf(spec)]));
const missing = provide([...new Set([...needs.values()].flat())]);
const leftOut = [...needs.keys()].filter((spec) => needs.get(spec)?.some((each) => missing.includes(each)));

// The times were measured with two cores. In the longest specs, most of the time is waiting.
if (process.argv.length === 2)
  console.error(`Running ${needs.size - leftOut.length} spec files: about 6 minutes.`);
const { status } = spawnSync(process.execPath, leftOut.length > 0 ? [...jest, '--passWithNoTests'] : jest, {
  stdio: 'inherit',
  env: { ...process.env, SPECS_LEFT_OUT: JSON.stringify(leftOut.map((spec) => relative(root, spec))) },
});
for (const program of missing) {
  const specs = leftOut
    .filter((spec) => needs.get(spec)?.includes(program))
    .map((spec) => relative(root, spec));
  console.error(
    `Left out because ${programs[program].name} is missing: ${specs.join(', ')}. To run them, ${advice(program)}.`,
  );
}
process.exitCode = status === 0 && missing.length > 0 ? 2 : (status ?? 1);

/** The specs that Jest runs with these arguments. */
function wantedSpecs() {
  const { stdout } = spawnSync(process.execPath, [...jest, '--listTests'], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.endsWith('.ts'));
}

/**
 * @param {string} file
 * @param {Set<string>} seen
 * @returns {ProgramName[]}
 */
function programsOf(file, seen = new Set()) {
  if (seen.has(file)) return [];
  seen.add(file);
  const starts = STARTERS[file];
  if (starts !== undefined) return [starts];
  return [...readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)\.js'/g)].flatMap(([, path = '']) => {
    const imported = resolve(dirname(file), `${path}.ts`);
    // Only test support starts programs, so the files that the libraries import need not be read.
    return imported.startsWith(resolve(root, 'test')) ? programsOf(imported, seen) : [];
  });
}
