/**
 * Builds what is published: each library twice, as ESM and as CommonJS, with types.
 * Incremental, as `tsc --build` is; `--clean` starts from nothing, which is what a release does.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const libraries = readdirSync(`${root}libs`).map((name) => `${root}libs/${name}`);

if (process.argv.includes('--clean')) {
  for (const library of libraries) rmSync(`${library}/dist`, { recursive: true, force: true });
}

const { status } = spawnSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, '--build', `${root}tsconfig.build.json`],
  { stdio: 'inherit' },
);

for (const library of libraries) {
  // Without it Node and TypeScript would read dist/cjs as ESM, as the package around it says.
  if (existsSync(`${library}/dist/cjs`)) {
    writeFileSync(`${library}/dist/cjs/package.json`, `${JSON.stringify({ type: 'commonjs' })}\n`);
  }
  for (const command of commandsOf(library)) chmodSync(command, 0o755);
}

process.exitCode = status ?? 1;

/**
 * npm makes commands executable when it installs a package, but not those of a workspace that is rebuilt later.
 *
 * @param {string} library
 */
function commandsOf(library) {
  const folder = `${library}/dist/esm/bin`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.js'))
    .map((file) => `${folder}/${file}`);
}
