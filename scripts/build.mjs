/**
 * Builds what is published: each library twice, as ESM and as CommonJS, with types.
 * Incremental, as `tsc --build` is; `--clean` starts from nothing, which is what a release does.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { libraries } from './pack.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

for (const folder of Object.values(libraries)) {
  if (process.argv.includes('--clean')) rmSync(join(folder, 'dist'), { recursive: true, force: true });
  // Without it Node and TypeScript would take dist/cjs for ESM, as the package around it says.
  mkdirSync(join(folder, 'dist/cjs'), { recursive: true });
  writeFileSync(join(folder, 'dist/cjs/package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`);
}

const compiler = join(root, 'node_modules/typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '--build', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
