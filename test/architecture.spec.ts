import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { PURE_MODULES } from '../scripts/pure-modules.mjs';
import { importsUnder, moduleName, parse, sourceFilesUnder, type Import } from './support/imports.js';
import { testTitles } from './support/test-titles.js';

const library = fileURLToPath(new URL('../libs/payments-auth/', import.meta.url));
const sandbox = fileURLToPath(new URL('../libs/payments-sandbox/', import.meta.url));

/** Folders that belong to the module itself. Their code reads the options of the module. */
const MODULE_FOLDERS = ['options'];

/** Files and folders of the source root that belong to no room. Everything may import them, and they import no room. */
const FOUNDATION = [
  'application-axios',
  'building-blocks',
  'duration',
  'nearest',
  'payments-auth.clock',
  'payments-auth.errors',
  'own-properties',
  'scrubbing',
  'within',
];

/** Each room, and the rooms it may import from besides itself and the foundation. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  foundation: [],
  strategies: [],
  providers: ['strategies'],
  credentials: ['providers', 'strategies'],
  signatures: ['providers', 'strategies'],
  http: ['credentials', 'providers', 'strategies'],
  scheduler: ['credentials', 'providers', 'strategies'],
  module: ['http', 'scheduler', 'signatures', 'credentials', 'providers', 'strategies'],
  index: ['module', 'http', 'scheduler', 'signatures', 'credentials', 'providers', 'strategies'],
  cli: ['module', 'credentials', 'providers', 'strategies'],
  bin: ['cli'],
};

/** Each layer of credentials/, and the layers that it may import from besides itself. The layer `words` imports none. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  words: [],
  issuing: ['words'],
  renewing: ['words'],
  secrets: ['words', 'issuing'],
  slot: ['words', 'issuing', 'renewing', 'secrets'],
  sharing: ['words', 'issuing', 'renewing', 'secrets'],
  accounts: ['words', 'issuing', 'renewing', 'secrets', 'slot'],
  registry: ['words', 'issuing', 'renewing', 'secrets', 'slot', 'sharing', 'accounts'],
};

/** The files of credentials/ that stand in no folder. */
const LAYER_OF_FILE: Readonly<Record<string, string>> = {
  'call-answer': 'words',
  'call-headers': 'words',
  credential: 'words',
  'credential-errors': 'words',
  'credential-spender': 'words',
  'credential.service': 'words',
  'payments-auth-event': 'words',
  account: 'accounts',
  accounts: 'accounts',
  'provider-credential.service': 'accounts',
  'recency-list': 'words',
  'credential.registry': 'registry',
};

/** How a token is obtained, kept, used, replaced and renewed. Read these files in this order. */
const HEART = [
  'http/exchange',
  'credentials/credential-spender',
  'credentials/slot/credential-slot',
  'credentials/slot/login',
  'credentials/slot/kept-credential',
  'credentials/slot/refused-tokens',
];
const MOST_LINES_OF_HEART = 1_150;
const MOST_FILES_OF_CREDENTIALS = 45;

/** Folders that are entry points of their own, and the optional peers that only these folders may import. */
const ENTRY_POINTS: Readonly<Record<string, readonly string[]>> = {
  redis: ['redis', 'ioredis'],
  testing: ['payments-sandbox', '@nestjs/testing'],
  opentelemetry: ['@opentelemetry/api'],
  terminus: ['@nestjs/terminus'],
  'status-page': [],
};

const imports = importsUnder(`${library}src`);

describe('the titles of tests', () => {
  const titles = testTitles();

  it('are at most 90 characters long', () => {
    expect(titles.length).toBeGreaterThan(500);
    expect(titles.filter(({ title }) => title.length > 90)).toEqual([]);
  });

  it('say what is, in the present tense and in words that mean something', () => {
    expect(titles.filter(({ title }) => /\b(?:should|works?|correctly|is defined)\b/i.test(title))).toEqual(
      [],
    );
  });
});

describe('architecture', () => {
  it('imports go one way, from index over module, http and credentials down to strategies', () => {
    const astray = imports.filter(({ file, target }) => {
      const from = roomOf(moduleName(file));
      if (target === undefined || from in ENTRY_POINTS) return false;
      const to = roomOf(target);
      return to !== from && to !== 'foundation' && !ROOMS[from]?.includes(to);
    });
    expect(astray.map(describeImport)).toEqual([]);
  });

  it('building blocks import nothing but Node', () => {
    const astray = imports.filter(
      ({ file, target, specifier }) =>
        file.startsWith('building-blocks/') &&
        (target === undefined ? !isBuiltIn(specifier) : !target.startsWith('building-blocks/')),
    );
    expect(astray.map(describeImport)).toEqual([]);
  });

  it('entry points use the public API, and of the foundation only types and pure functions', () => {
    const astray = imports.filter(({ file, target, isTypeOnly }) => {
      const from = roomOf(moduleName(file));
      if (target === undefined || !(from in ENTRY_POINTS)) return false;
      const to = roomOf(target);
      return (
        to !== from &&
        to !== 'index' &&
        !(to === 'foundation' && (isTypeOnly || PURE_MODULES.includes(target)))
      );
    });
    expect(astray.map(describeImport)).toEqual([]);
  });

  it('every file belongs to a known room or entry point', () => {
    const rooms = sourceFilesUnder(`${library}src`).map((path) =>
      roomOf(moduleName(path.slice(`${library}src/`.length))),
    );
    expect([...new Set(rooms)].filter((room) => !(room in ROOMS) && !(room in ENTRY_POINTS))).toEqual([]);
  });

  it('no module imports itself through others, types included', () => {
    expect(cyclesOf(imports)).toEqual([]);
    expect(cyclesOf(importsUnder(`${sandbox}src`))).toEqual([]);
  });

  it('the folders of credentials/ import downward only, from the registry to the words', () => {
    const astray = imports.filter(({ file, target }) => {
      const [from, to] = [layerOf(moduleName(file)), layerOf(target ?? '')];
      return from !== undefined && to !== undefined && to !== from && !LAYERS[from]?.includes(to);
    });
    expect(astray.map(describeImport)).toEqual([]);
  });

  it('the heart is six files that can be read in one go, and credentials/ has at most 45 files', () => {
    const lines = HEART.map(
      (file) => readFileSync(`${library}src/${file}.ts`, 'utf8').split('\n').length - 1,
    );
    expect(lines.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(MOST_LINES_OF_HEART);
    expect(sourceFilesUnder(`${library}src/credentials`).length).toBeLessThanOrEqual(
      MOST_FILES_OF_CREDENTIALS,
    );
  });

  it('an optional peer is imported by its own entry point only, in types too', () => {
    const astray = imports.filter(({ file, specifier }) => {
      const owner = Object.keys(ENTRY_POINTS).find((entry) =>
        ENTRY_POINTS[entry]?.includes(packageOf(specifier)),
      );
      return owner !== undefined && owner !== roomOf(moduleName(file));
    });
    expect(astray.map(describeImport)).toEqual([]);
  });

  it('axios is imported for its types; its values are those of the application', () => {
    const astray = imports.filter(
      ({ specifier, isTypeOnly }) => packageOf(specifier) === 'axios' && !isTypeOnly,
    );
    expect(astray.map(describeImport)).toEqual([]);
  });

  it('properties are defined in one place, where a descriptor inherits nothing', () => {
    const defining = sourceFilesUnder(`${library}src`).filter((file) =>
      /\bdefinePropert(?:y|ies)\(/.test(readFileSync(file, 'utf8').replaceAll('Reflect.defineProperty(', '')),
    );
    expect(defining.map((file) => file.replace(/.*\/src\//, ''))).toEqual(['own-properties.ts']);
  });

  it('ScheduleModule is never imported, because every job of the application would run twice', () => {
    const astray = imports.filter(
      ({ specifier, names }) =>
        specifier === '@nestjs/schedule' && (names.length === 0 || names.includes('ScheduleModule')),
    );
    expect(astray.map(describeImport)).toEqual([]);
  });

  it('packages that are imported are peers', () => {
    const { peerDependencies } = JSON.parse(readFileSync(`${library}package.json`, 'utf8')) as {
      peerDependencies: Record<string, string>;
    };
    const packages = imports
      .filter(({ target }) => target === undefined)
      .map((one) => packageOf(one.specifier));
    expect([...new Set(packages)].filter((name) => !isBuiltIn(name) && !(name in peerDependencies))).toEqual(
      [],
    );
  });

  it('the sandbox imports nothing but Node, and nothing of the library', () => {
    const astray = importsUnder(`${sandbox}src`).filter(({ specifier, target }) =>
      target === undefined ? !isBuiltIn(specifier) : target.startsWith('..'),
    );
    expect(astray.map(describeImport)).toEqual([]);
  });

  it('no module awaits at its top level, so that require() can load them all', () => {
    const awaiting = [library, sandbox]
      .flatMap((folder) => sourceFilesUnder(`${folder}src`))
      .filter((path) => !path.includes('/bin/') && awaitsAtTopLevel(parse(path)));
    expect(awaiting).toEqual([]);
  });
});

function roomOf(module: string): string {
  const [folder, rest] = module.split('/');
  if (rest !== undefined && folder !== undefined) {
    if (FOUNDATION.includes(folder)) return 'foundation';
    return MODULE_FOLDERS.includes(folder) ? 'module' : folder;
  }
  if (module === 'index') return 'index';
  return FOUNDATION.includes(module) ? 'foundation' : 'module';
}

/** The layer of a file of credentials/; a file that has none is an error. `undefined` for files of other rooms. */
function layerOf(module: string): string | undefined {
  const [room, folder = '', rest] = module.split('/');
  if (room !== 'credentials') return undefined;
  const layer = rest === undefined ? LAYER_OF_FILE[folder] : folder;
  if (layer === undefined || !(layer in LAYERS))
    throw new Error(`${module} stands in no layer of credentials/`);
  return layer;
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

function isBuiltIn(name: string): boolean {
  return name.startsWith('node:');
}

function describeImport({ file, specifier }: Import): string {
  return `${file} imports ${specifier}`;
}

/** Finds circles of imports. A circle of types counts too: no file of it can be understood without the others. */
function cyclesOf(all: readonly Import[]): string[] {
  const targets = new Map<string, string[]>();
  for (const { file, target } of all) {
    if (target === undefined) continue;
    targets.set(moduleName(file), [...(targets.get(moduleName(file)) ?? []), target]);
  }
  const cycles: string[] = [];
  const done = new Set<string>();
  const walk = (module: string, path: readonly string[]): void => {
    if (path.includes(module)) {
      cycles.push([...path.slice(path.indexOf(module)), module].join(' -> '));
      return;
    }
    if (done.has(module)) return;
    for (const target of targets.get(module) ?? []) walk(target, [...path, module]);
    done.add(module);
  };
  for (const module of targets.keys()) walk(module, []);
  return cycles;
}

function awaitsAtTopLevel(source: ts.SourceFile): boolean {
  const visit = (node: ts.Node): boolean => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return false;
    if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined))
      return true;
    return ts.forEachChild(node, visit) ?? false;
  };
  return visit(source);
}
