/**
 * Builds the published files: each library as ESM and as CommonJS, with types. The build is incremental, like `tsc --build`.
 * `--clean` builds everything again, as a release does. `--demo` builds the demo too.
 *
 * The compiler checks and writes one file per source, to `.build`. The packages have one file per entry point, and
 * `library.js`, which the main one shares with the command: an application that imports the library reads two files and
 * not 130, and starts 40 ms sooner (`npm run bench -- boot`).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { libraries } from './pack.mjs';
import { PURE_MODULES } from './pure-modules.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

const TARGET = 'node20.19';
const PURE = PURE_MODULES.map((name) => `.build/${name}.js`);

// Without this line, the terminal stays empty after `npm start`.
if (process.argv.includes('--demo'))
  console.error('Building first. This takes half a minute, and less time the next time.');
for (const folder of Object.values(libraries)) {
  if (process.argv.includes('--clean')) rmSync(join(folder, '.build'), { recursive: true, force: true });
  if (!compile(['--build', join(folder, 'tsconfig.lib.json')])) process.exit(1);
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  await bundle(folder);
  // Without this file Node and TypeScript would take dist/cjs for ESM, because the package.json of the package says so.
  writeFileSync(join(folder, 'dist/cjs/package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`);
  copyTypes(folder);
  linkCommands(folder);
}
if (process.argv.includes('--demo')) buildDemo();

/**
 * Lets `npx --no nestjs-payments-auth` run in this repository. npm links a command only if its file is there when npm
 * installs, and here the file comes with the first build.
 *
 * @param {string} folder
 */
function linkCommands(folder) {
  const links = join(root, 'node_modules/.bin');
  // Windows needs a script instead of a link.
  if (process.platform === 'win32' || !existsSync(links)) return;
  /** @type {{ name: string, bin: Record<string, string> }} */
  const { name, bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const [command, file] of Object.entries(bin))
    if (!existsSync(join(links, command))) {
      rmSync(join(links, command), { force: true });
      symlinkSync(join('..', name, file), join(links, command));
    }
}

function buildDemo() {
  rmSync(join(root, 'dist/apps/demo'), { recursive: true, force: true });
  if (!compile(['--project', join(root, 'apps/demo/tsconfig.app.json')])) process.exit(1);
}

/** @param {string[]} args */
function compile(args) {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  return spawnSync(process.execPath, [compiler, ...args], { stdio: 'inherit' }).status === 0;
}

/**
 * The entry points and commands that package.json lists: `index`, `redis/index`, `bin/nestjs-payments-auth`.
 *
 * @param {string} folder
 */
function entriesOf(folder) {
  /** @type {{ exports: Record<string, string | { import: { default: string } }>, bin: Record<string, string> }} */
  const { exports, bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const imported = Object.values(exports).flatMap((each) =>
    typeof each === 'string' ? [] : [each.import.default],
  );
  return [...imported, ...Object.values(bin)].map((file) => file.replace(/^(\.\/)?dist\/esm\/|\.js$/g, ''));
}

/**
 * The commands are built together with the main entry point: their common code goes to a file that both import. Commands
 * are run and never required, so CommonJS has none.
 *
 * @param {string} folder
 */
async function bundle(folder) {
  const entries = entriesOf(folder);
  const besides = entries.filter((entry) => entry !== 'index' && !entry.startsWith('bin/'));
  const main = entries.filter((entry) => !besides.includes(entry));
  await Promise.all([
    write(folder, 'esm', main, { splitting: true, chunkNames: 'library' }),
    write(folder, 'cjs', ['index'], {}),
    ...besides.flatMap((entry) => [
      write(folder, 'esm', [entry], { plugins: [indexStaysApart(folder), pageInside(folder)] }),
      write(folder, 'cjs', [entry], { plugins: [indexStaysApart(folder), pageInside(folder)] }),
    ]),
  ]);
}

/**
 * @param {string} folder
 * @param {import('esbuild').Format} format
 * @param {readonly string[]} entries
 * @param {import('esbuild').BuildOptions} options
 */
async function write(folder, format, entries, options) {
  const { metafile, outputFiles } = await build({
    ...options,
    plugins: [...(options.plugins ?? []), quickToRead()],
    entryPoints: entries.map((entry) => join(folder, '.build', `${entry}.js`)),
    outdir: join(folder, 'dist', format),
    outbase: join(folder, '.build'),
    absWorkingDir: folder,
    bundle: true,
    format,
    platform: 'node',
    target: TARGET,
    packages: 'external',
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  const classes = classesIn(folder, Object.keys(metafile.inputs));
  for (const { path, text } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, inOneByte(withNamesOfClasses(text, classes)), {
      mode: text.startsWith('#!') ? 0o755 : 0o644,
    });
  }
  // If two files had the code of one class, the program would have two different classes.
  if (entries.includes('index')) return;
  for (const entry of entries) {
    const room = entry.replace(/index$/, '');
    const strangers = Object.keys(metafile.inputs).filter(
      (input) => !input.startsWith(`.build/${room}`) && !PURE.includes(input),
    );
    if (strangers.length > 0)
      throw new Error(
        `${entry} may import ../index.js, its own folder and ${PURE.join(', ')}, and imports ${strangers.join(', ')}.`,
      );
  }
}

/**
 * An application parses all of the library and uses a few of its providers. The engine parses an arrow function whose body
 * is an expression each time it reads the file, and a `function` only when the function is called first. So the arrow
 * functions of definitions become functions. Comments stay in the sources and in the types, because in the JavaScript they
 * would take 0.1 MB of memory in every process. The code keeps its lines and names, so that stack traces can be read.
 *
 * @returns {import('esbuild').Plugin}
 */
function quickToRead() {
  return {
    name: 'quick-to-read',
    setup: (building) => {
      building.onLoad({ filter: /[\\/]\.build[\\/].*\.js$/ }, async ({ path }) => {
        const supported = { arrow: !path.endsWith('.provider.js') };
        const text = readFileSync(path, 'utf8');
        return {
          contents: (await transform(text, { minifyWhitespace: true, supported, target: TARGET })).code,
        };
      });
    },
  };
}

/**
 * The bundler escapes characters beyond ASCII everywhere except in comments. If one such character stays in a file, the
 * engine keeps every character of the file in two bytes. That is 0.4 MB more in every process.
 *
 * @param {string} text
 */
function inOneByte(text) {
  return text.replaceAll(
    /[\u0100-\uffff]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * Gives classes back the names that they have in the sources. The bundler renames a class that is decorated or that uses its
 * own name: `class _PaymentsAuthModule` or `class PaymentsAuthModule2`. Nest and errors would print this new name.
 *
 * @param {string} text
 * @param {ReadonlySet<string>} names of the classes in the sources
 */
function withNamesOfClasses(text, names) {
  let named = text;
  for (const [, name = '', inside = name] of text.matchAll(
    /^(?:var )?(\w+) = (?:\w+ = )?class\b(?: (?!extends\b)(\w+))?/gm,
  )) {
    if (!names.has(name))
      throw new Error(`The bundle has a class ${name}, which no source has: do two have the same name?`);
    if (inside !== name) named = named.replaceAll(new RegExp(`\\b${inside}\\b`, 'g'), name);
  }
  return named;
}

/** @param {string} folder @param {readonly string[]} files */
function classesIn(folder, files) {
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8'));
  return new Set(texts.flatMap((text) => [...text.matchAll(/\bclass (\w+)/g)].map(([, name = '']) => name)));
}

/**
 * The other entry points import the main entry point, and do not contain its code a second time.
 *
 * @param {string} folder
 * @returns {import('esbuild').Plugin}
 */
function indexStaysApart(folder) {
  const index = join(folder, '.build/index.js');
  return {
    name: 'index-stays-apart',
    setup: (building) => {
      building.onResolve({ filter: /\/index\.js$/ }, ({ path, resolveDir }) =>
        resolve(resolveDir, path) === index ? { path: '../index.js', external: true } : undefined,
      );
    },
  };
}

/**
 * Replaces the module that reads the files of the status page by the text of these files. An application that is bundled
 * itself has no such files beside it.
 *
 * @param {string} folder
 * @returns {import('esbuild').Plugin}
 */
function pageInside(folder) {
  const read = (/** @type {string} */ name) =>
    JSON.stringify(readFileSync(join(folder, 'src/status-page/page', name), 'utf8'));
  return {
    name: 'page-inside',
    setup: (building) => {
      building.onLoad({ filter: /[\\/]status-page[\\/]page-assets\.js$/ }, () => ({
        contents: `export const PAGE_HTML = ${read('page.html')}, PAGE_STYLE = ${read('page.css')}, PAGE_SCRIPT = ${read('page.js')};`,
      }));
    },
  };
}

/**
 * The types that an importer can reach, for both module systems.
 *
 * @param {string} folder
 */
function copyTypes(folder) {
  /** @type {Set<string>} */
  const needed = new Set();
  /** @param {string} file */
  const visit = (file) => {
    if (needed.has(file)) return;
    needed.add(file);
    for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(
      /(?:from |import\()['"](\.[^'"]+)\.js['"]/g,
    ))
      visit(resolve(dirname(file), `${path}.d.ts`));
  };
  for (const entry of entriesOf(folder))
    if (!entry.startsWith('bin/')) visit(join(folder, '.build', `${entry}.d.ts`));
  for (const file of needed) {
    for (const format of /** @type {const} */ (['esm', 'cjs'])) {
      const target = join(folder, 'dist', format, relative(join(folder, '.build'), file));
      mkdirSync(dirname(target), { recursive: true });
      const text = readFileSync(file, 'utf8');
      writeFileSync(
        target,
        text.includes("declare module 'axios'") ? forBothTypesOfAxios(target, text, format) : text,
      );
    }
  }
}

/**
 * Adds the library's declarations for axios to both kinds of types that axios has: those for ES modules and those for CommonJS.
 * A declaration for one kind does not count for the other. `HttpService` uses the types for ES modules, because NestJS 12
 * consists of ES modules. A CommonJS application imports the other kind. The second declarations stand in a file of their own.
 *
 * @param {string} target
 * @param {string} text
 * @param {'esm' | 'cjs'} format
 */
function forBothTypesOfAxios(target, text, format) {
  const [extension, mode] = format === 'esm' ? ['.d.cts', 'import'] : ['.d.mts', 'require'];
  const beside = target.replace(/\.d\.ts$/, `.axios${extension}`);
  const names = [...text.matchAll(/^export interface (\w+)/gm)].map(([, name = '']) => name);
  const own = basename(target).replace(/\.d\.ts$/, '.js');
  writeFileSync(
    beside,
    `import type { ${names.join(', ')} } from './${own}' with { 'resolution-mode': '${mode}' };\n${text.slice(text.indexOf("declare module 'axios'"))}`,
  );
  return `/// <reference path="./${basename(beside)}" />\n${text}`;
}
