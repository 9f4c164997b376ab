import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { packageSources, swcOptions } from './test/support/typescript-sources.mjs';

const libs = fileURLToPath(new URL('./libs/', import.meta.url));

/** Specs that need a program which this machine does not have: `npm test` names them. */
const leftOut = /** @type {string[]} */ (JSON.parse(process.env['SPECS_LEFT_OUT'] ?? '[]'));

const shared = {
  testEnvironment: '<rootDir>/test/support/open-handles.environment.js',
  extensionsToTreatAsEsm: ['.ts'],
  // A source stands before whatever a build may have left beside it.
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  transform: { '^.+\\.ts$': ['@swc/jest', swcOptions] },
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    ...Object.fromEntries(Object.entries(packageSources).map(([name, source]) => [name, `${libs}${source}`])),
  },
  testPathIgnorePatterns: [
    '/node_modules/',
    '/dist/',
    '/\\.build/',
    '/test/package/',
    ...leftOut.map((spec) => `<rootDir>/${spec.replaceAll('.', '\\.')}$`),
  ],
  modulePathIgnorePatterns: ['/dist/', '/\\.build/', '/test/package/', '/\\.artifacts/'],
};

/** What depends on the inside of axios is held with the oldest one that the library promises to run with, too. */
const oldestAxios = {
  ...shared,
  displayName: 'oldest axios',
  globals: { AXIOS: 'axios-oldest' },
  moduleNameMapper: { '^axios$': 'axios-oldest', ...shared.moduleNameMapper },
  testMatch: ['destinations', 'leaks', 'attacks/calls', 'axios-range'].map(
    (name) => `<rootDir>/test/${name}.e2e-spec.ts`,
  ),
};

/** Unit specs stand beside their files; behaviours through the public API stand in test/. */
export default {
  // A bound for what hangs. Nothing is decided by how long it takes, and a busy machine may take long.
  testTimeout: 180_000,
  // More than the machine has cores: the specs wait for sockets longer than they compute. Jest takes no share above 100 %.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  testSequencer: '<rootDir>/test/support/longest-first.sequencer.js',
  reporters: ['default', '<rootDir>/test/support/closing-line.reporter.js'],
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/{libs,apps}/**/*.spec.ts'] },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['<rootDir>/{test,apps}/**/*.e2e-spec.ts', '<rootDir>/test/**/*.spec.ts'],
    },
    oldestAxios,
  ],
};
