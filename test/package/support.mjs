import { AssertionError } from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { libraries, packLibraries } from '../../scripts/pack.mjs';

const execute = promisify(execFile);

/** A command that takes longer hangs. An installation over a slow line takes less. No result depends on this time. */
export const HANGS_AFTER_MS = 20 * 60_000;

const root = fileURLToPath(new URL('../..', import.meta.url));
const artifacts = join(root, '.artifacts/package');
const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));

export const packageNames = /** @type {(keyof typeof libraries)[]} */ (Object.keys(libraries));

/** @typedef {Record<keyof typeof libraries, string>} Tarballs */

/** Packs both packages from the last build, into a folder of the caller's own, because test files run at the same time. */
export function pack(/** @type {string} */ folder) {
  return packLibraries(join(artifacts, folder));
}

/**
 * Makes a folder whose node_modules contains the unpacked tarballs, and nothing else. Node finds their peers in the
 * node_modules of this repository, further up.
 *
 * @param {Tarballs} tarballs
 */
export function unpack(tarballs) {
  const folder = join(artifacts, 'unpacked');
  rmSync(folder, { recursive: true, force: true });
  for (const name of packageNames) {
    const target = join(folder, 'node_modules', name);
    mkdirSync(target, { recursive: true });
    execFileSync('tar', ['-xzf', tarballs[name], '-C', target, '--strip-components=1']);
  }
  return folder;
}

/** The import specifiers that a package offers, as its `exports` say. */
export function entryPoints(/** @type {keyof typeof libraries} */ name) {
  const manifest = JSON.parse(readFileSync(join(libraries[name], 'package.json'), 'utf8'));
  return Object.keys(manifest.exports)
    .filter((path) => path !== './package.json')
    .map((path) => `${name}${path.slice(1)}`);
}

/** Every file under `folder`, by its path from there, sorted. */
export function filesIn(/** @type {string} */ folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

/**
 * @param {string} folder
 * @param {Record<string, string | object>} files their content by their name; objects are written as JSON
 */
export function writeFiles(folder, files) {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

/** Runs a command of this repository's own node_modules. */
export function tool(/** @type {string} */ name, /** @type {string[]} */ args, cwd = root) {
  return run(join(root, 'node_modules/.bin', name), args, cwd);
}

/**
 * Runs a command, and returns its output. If the command fails, the test fails with this output.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 */
export async function run(command, args, cwd) {
  try {
    const { stdout } = await execute(command, args, {
      cwd,
      maxBuffer: 1 << 26,
      timeout: HANGS_AFTER_MS,
      env: cleanEnv(),
    });
    return stdout;
  } catch (error) {
    // The error itself would show the output too, but cut short and escaped.
    const { stdout, stderr, message, killed } =
      /** @type {Error & { stdout?: string, stderr?: string, killed?: boolean }} */ (error);
    const hung = killed === true ? `Ended after ${HANGS_AFTER_MS / 60_000} minutes: it hangs.` : '';
    throw new AssertionError({ message: [message, hung, stdout, stderr].filter(Boolean).join('\n') });
  }
}

/**
 * Makes an application as a user would: the package.json and settings of a fixture, the common source, and the packages
 * installed from their tarballs, with their peers.
 *
 * @param {string} fixture
 * @param {Tarballs} tarballs
 */
export async function installApplication(fixture, tarballs) {
  const folder = copyFixture(fixture);
  cpSync(join(fixtures, 'application'), folder, { recursive: true });
  writeDocuments(join(folder, 'src'));
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (manifest.type !== 'module') useExtensionlessImports(join(folder, 'src'));
  await npmInstall(
    folder,
    packageNames.map((name) => tarballs[name]),
  );
  return folder;
}

/**
 * Writes every block of code in the documents as a file of the application. The test runner runs the blocks that are tests.
 * `documents.ts` imports the others, except those that the documents mark as not run.
 *
 * @param {string} folder
 */
function writeDocuments(folder) {
  const blocks = documents().flatMap(codeBlocks);
  const imported = blocks.filter(({ isTest, isRun }) => !isTest && isRun);
  writeFiles(folder, {
    ...Object.fromEntries(blocks.map(({ name, code }) => [`docs/${name}.ts`, code])),
    'documents.ts': [
      "import 'reflect-metadata';",
      ...imported.map(({ name }) => `import './docs/${name}.js';`),
      `console.log('${imported.length} blocks ran');`,
      '',
    ].join('\n'),
  });
}

/** The documents for users, relative to the root of the repository. */
function documents() {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('api'))
    .map((name) => `docs/${name}`);
  return ['README.md', 'libs/payments-sandbox/README.md', ...docs];
}

/**
 * The blocks of code in a file. Those in JavaScript are not type-checked: an axios library has types for ES modules and for
 * CommonJS, and a compiler does not accept an instance of one kind for the other.
 *
 * @param {string} file
 */
function codeBlocks(file) {
  const page = readFileSync(join(root, file), 'utf8');
  return [...page.matchAll(/(<!-- not run: .+ -->\s*)?^```(js|ts|typescript)\n(.*?)^```$/gms)].map(
    ({ 1: notRun, 2: language, 3: text = '', index }) => {
      const code = language === 'js' ? `// @ts-nocheck\n${text}` : text;
      const isTest = /^(?:describe|it|test)\(/m.test(code);
      const line = page.slice(0, index).split('\n').length;
      const name = `${file.replaceAll(/\W+/g, '-')}-${line}${isTest ? '.spec' : ''}`;
      // Without an import or export the block would be a script, and would share its names with other scripts.
      return { name, code: `${code}export {};\n`, isTest, isRun: notRun === undefined };
    },
  );
}

/**
 * Executables of the Node versions to test with. On Linux with x64, as in CI, they come from npm. On other machines there is
 * only the Node that runs this file.
 *
 * @returns {Promise<Record<string, string>>} by name
 */
export async function nodeVersions() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { [`node-${process.version}`]: process.execPath };
  const folder = copyFixture('node-versions');
  await npmInstall(folder, []);
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return Object.fromEntries(
    Object.entries(dependencies).map(([alias, version]) => [
      `Node ${String(version).split('@').at(-1)}`,
      join(folder, 'node_modules', alias, 'bin/node'),
    ]),
  );
}

/** Copies a fixture. Packages from an earlier run stay, so that npm has less to install. */
function copyFixture(/** @type {string} */ fixture) {
  const folder = join(artifacts, fixture);
  for (const name of ['src', 'dist']) rmSync(join(folder, name), { recursive: true, force: true });
  cpSync(join(fixtures, fixture), folder, { recursive: true });
  return folder;
}

function npmInstall(/** @type {string} */ folder, /** @type {string[]} */ packages) {
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--no-save'];
  return run('npm', ['install', ...flags, ...packages], folder);
}

/** CommonJS applications import './app.module', and ES modules './app.module.js'. Their Jest set-ups need the same. */
function useExtensionlessImports(/** @type {string} */ folder) {
  for (const file of filesIn(folder)) {
    const path = join(folder, file);
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replaceAll(/((?:from|import) '\.{1,2}\/[^']+)\.js'/g, "$1'"),
    );
  }
}

/** The environment without the settings of npm and Node that this test run has. */
function cleanEnv() {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(NODE_OPTIONS|NODE_TEST_CONTEXT|npm_config_.*)$/.test(name),
    ),
  );
}
