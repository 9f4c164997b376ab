import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { entryPoints, filesIn, pack, packageNames, run, tool, unpack, writeFiles } from './support.mjs';

const tarballs = pack('tarballs');
const folder = unpack(tarballs);
const specifiers = packageNames.flatMap(entryPoints);

for (const name of packageNames) {
  describe(`the tarball of ${name}`, { concurrency: true }, () => {
    it('has exactly these files', () => {
      const pinned = new URL(`./files/${name}.txt`, import.meta.url);
      const files = `${filesIn(join(folder, 'node_modules', name)).join('\n')}\n`;
      if (process.env['PIN_FILES']) writeFileSync(pinned, files);
      assert.equal(files, readFileSync(pinned, 'utf8'), 'Meant to change? PIN_FILES=1 npm run test:package');
    });

    it('passes publint --strict', async () => {
      await tool('publint', [tarballs[name], '--strict']);
    });

    it('has types that are right for every way to resolve them', async () => {
      await tool('attw', [tarballs[name], '--format', 'ascii', '--no-emoji']);
    });

    it('keeps the documentation in its types', () => {
      const types = join(folder, 'node_modules', name, 'dist/esm');
      const undocumented = filesIn(types)
        .filter((file) => file.endsWith('.d.ts') && !file.endsWith('index.d.ts'))
        .filter((file) => !readFileSync(join(types, file), 'utf8').includes('/**'));
      assert.deepEqual(undocumented, []);
    });
  });
}

describe('the packages, unpacked', { concurrency: true }, () => {
  for (const specifier of specifiers) {
    it(`${specifier} is one copy, whether required or imported`, async () => {
      const script = `
        const assert = require('node:assert/strict');
        const required = require('${specifier}');
        import('${specifier}').then((imported) => {
          assert.ok(Object.keys(required).length > 0);
          for (const name of Object.keys(required)) assert.equal(imported[name], required[name], name);
        });`;
      await run(process.execPath, ['--no-warnings', '-e', script], folder);
    });
  }

  for (const [name, type, options] of /** @type {const} */ ([
    ['nodenext, in an ES module', 'module', { module: 'nodenext' }],
    ['nodenext, in CommonJS', 'commonjs', { module: 'nodenext' }],
    ['bundler', 'module', { module: 'preserve', moduleResolution: 'bundler' }],
    [
      'the classic resolution of older Nest applications',
      'commonjs',
      { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' },
    ],
  ])) {
    it(`every entry point has its types with ${name}`, async () => {
      const project = join(folder, name.replaceAll(/\W+/g, '-'));
      const imports = specifiers.map(
        (specifier, index) => `export * as entry${index} from '${specifier}';\n`,
      );
      writeFiles(project, {
        'package.json': { type },
        'entries.ts': imports.join(''),
        'tsconfig.json': {
          compilerOptions: {
            ...options,
            target: 'es2022',
            strict: true,
            noEmit: true,
            skipLibCheck: true,
            types: ['node'],
          },
        },
      });
      await tool('tsc', ['-p', project]);
    });
  }
});
