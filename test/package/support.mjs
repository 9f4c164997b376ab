import { AssertionError } from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { libraries, packLibraries } from '../../scripts/pack.mjs';

const execute = promisify(execFile);

/** A bound for what hangs, an installation over a slow line included. Nothing is decided by how long it takes. */
export const HANGS_AFTER_MS = 20 * 60_000;

const root = fileURLToPath(new URL('../..', import.meta.url));
const artifacts = join(root, '.artifacts/package');
const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));

export const packageNames = /** @type {(keyof typeof libraries)[]} */ (Object.keys(libraries));

/** @typedef {Record<keyof typeof libraries, string>} Tarballs */

/** Both packages from the last build, in a folder of the caller's own: test files run side by side. */
export function pack(/** @type {string} */ folder) {
  return packLibraries(join(artifacts, folder));
}

/**
 * A folder into whose node_modules the tarballs are unpacked, and nothing else: their peers are those of this
 * repository, further up.
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
 * What the command printed. A command that fails fails the test with everything that it said.
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
    // The error itself repeats all of this, cut short and escaped.
    const { stdout, stderr, message, killed } =
      /** @type {Error & { stdout?: string, stderr?: string, killed?: boolean }} */ (error);
    const hung = killed === true ? `Ended after ${HANGS_AFTER_MS / 60_000} minutes: it hangs.` : '';
    throw new AssertionError({ message: [message, hung, stdout, stderr].filter(Boolean).join('\n') });
  }
}

/**
 * An application as its users have it: a fixture's package.json and settings, the common source, and the packages
 * installed from their tarballs, peers and all.
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
 * Every block of code of the documents as a file of the application: tests for its test runner, and the others
 * imported by `documents.ts`, but for those that the documents say are not run.
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

/** What users read, relative to the root of the repository. */
function documents() {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('api'))
    .map((name) => `docs/${name}`);
  return ['README.md', 'libs/payments-sandbox/README.md', ...docs];
}

/**
 * What is written in JavaScript is compiled as it is: a library for axios has types for ES modules and for CommonJS, and
 * takes an instance of the one kind for no instance of the other.
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
      // A block without imports or exports would be a script, and share its names with the others.
      return { name, code: `${code}export {};\n`, isTest, isRun: notRun === undefined };
    },
  );
}

/**
 * Executables of the Node versions to test with. They come from npm for the machine that CI has; elsewhere, and with
 * them where `node` is what the person at the keyboard has, the running one must do.
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

/** What an earlier run installed stays, so that npm has only the difference to do. */
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

/** CommonJS applications import './app.module', ES modules './app.module.js'; their Jest set-ups want it so too. */
function useExtensionlessImports(/** @type {string} */ folder) {
  for (const file of filesIn(folder)) {
    const path = join(folder, file);
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replaceAll(/((?:from|import) '\.{1,2}\/[^']+)\.js'/g, "$1'"),
    );
  }
}

/** Not the settings of the test run around it. */
function cleanEnv() {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(NODE_OPTIONS|NODE_TEST_CONTEXT|npm_config_.*)$/.test(name),
    ),
  );
}
