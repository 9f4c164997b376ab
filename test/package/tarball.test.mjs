import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { entryPoints, filesIn, pack, packageNames, run, tool, unpack, writeFiles } from './support.mjs';

const tarballs = pack('tarballs');
const folder = unpack(tarballs);
const specifiers = packageNames.flatMap(entryPoints);

for (const name of packageNames) {
  describe(`the tarball of ${name}`, { concurrency: 2 }, () => {
    it('has exactly these files, besides its types', () => {
      const pinned = new URL(`./files/${name}.txt`, import.meta.url);
      const all = filesIn(join(folder, 'node_modules', name)).filter((file) => !/\.d\.[cm]?ts$/.test(file));
      const files = `${inShort(all).join('\n')}\n`;
      if (process.env['PIN_FILES']) writeFileSync(pinned, files);
      assert.equal(files, readFileSync(pinned, 'utf8'), 'Meant to change? PIN_FILES=1 npm run test:package');
    });

    it('has the types that an importer can come upon, and no others', () => {
      const root = join(folder, 'node_modules', name);
      for (const format of ['esm', 'cjs']) {
        const dist = join(root, 'dist', format);
        const found = filesIn(dist).filter((file) => /\.d\.[cm]?ts$/.test(file));
        assert.deepEqual(
          found,
          typesFrom(
            dist,
            entryPoints(name).map((entry) => entry.slice(name.length + 1)),
          ),
        );
      }
    });

    it('has no character that makes the engine keep a file with two bytes for each', () => {
      const root = join(folder, 'node_modules', name, 'dist');
      const wide = filesIn(root).filter(
        (file) => file.endsWith('.js') && /[\u0100-\uffff]/.test(readFileSync(join(root, file), 'utf8')),
      );
      assert.deepEqual(wide, []);
    });

    it('passes publint --strict', async () => {
      await tool('publint', [tarballs[name], '--strict']);
    });

    it('has types that are right for every way to resolve them', async () => {
      await tool('attw', [tarballs[name], '--format', 'ascii', '--no-emoji']);
    });

    it('keeps the documentation in the types of its public API', () => {
      const types = join(folder, 'node_modules', name, 'dist/esm');
      const index = readFileSync(join(types, 'index.d.ts'), 'utf8');
      const modules = [...index.matchAll(/from '\.\/(.+)\.js'/g)].map(([, module]) => `${module}.d.ts`);
      assert.ok(modules.length > 0);
      assert.deepEqual(
        modules.filter((module) => !readFileSync(join(types, module), 'utf8').includes('/**')),
        [],
      );
    });
  });
}

describe('the packages, unpacked', { concurrency: 2 }, () => {
  it('are one copy each, whether required or imported', async () => {
    writeFiles(folder, {
      'one-copy.cjs': `
        const assert = require('node:assert/strict');
        for (const specifier of ${JSON.stringify(specifiers)}) {
          const required = require(specifier);
          assert.ok(Object.keys(required).length > 0, specifier);
          import(specifier).then((imported) => {
            for (const name of Object.keys(required)) assert.equal(imported[name], required[name], name);
          });
        }`,
    });
    await run(process.execPath, ['--no-warnings', 'one-copy.cjs'], folder);
  });

  it('describe the providers that are configured, and no others, while an application starts', async () => {
    const six = ['cashfin', 'kashier', 'pesapal', 'clickpesa', 'wakapay', 'cryptofuse'];
    writeFiles(folder, {
      'start.mjs': `
        import 'reflect-metadata';
        import assert from 'node:assert/strict';
        import { NestFactory } from '@nestjs/core';
        // Every description is frozen when it is made, and so is what a signature of webhooks is judged with.
        const { freeze } = Object;
        const described = [];
        let signatures = 0;
        Object.freeze = (value) => {
          const own = (name) => Object.getOwnPropertyDescriptor(Object(value), name)?.value;
          if (own('title') !== undefined && own('environments') !== undefined) described.push(own('title'));
          if (Object.hasOwn(Object(value), 'toleranceMs') && own('needsBytes') === true) signatures += 1;
          return freeze(value);
        };
        const { PaymentsAuthModule, BUILT_IN_PROVIDERS } = await import('nestjs-payments-auth');
        assert.deepEqual(described, []);
        const configured = { baseUrl: 'http://127.0.0.1:9', keepWarm: 'when-used' };
        const credentials = {
          cashfin: { clientSecret: 'cs_not_real' },
          kashier: { secretKey: 'test$not-real' },
          pesapal: { consumerKey: 'test', consumerSecret: 'not-real' },
          clickpesa: { clientId: 'test', apiKey: 'not-real' },
          wakapay: { apiKey: 'test', apiSecret: 'not-real' },
          cryptofuse: { clientId: 'test', clientSecret: 'not-real' },
        };
        const providers = Object.fromEntries(
          Object.entries(credentials).map(([name, each]) => [name, { ...configured, credentials: each }]),
        );
        const module = PaymentsAuthModule.forRoot({ providers });
        const injectables = module.providers.filter(({ provide }) => /^PAYMENTS_AUTH:(HTTP|CREDENTIALS):/.test(String(provide)));
        assert.equal(injectables.length, 2 * ${six.length});
        const application = await NestFactory.createApplicationContext(module, { logger: false });
        assert.equal(signatures, 0);
        const configuredOnes = BUILT_IN_PROVIDERS.filter(({ name }) => name in credentials);
        assert.deepEqual(described.toSorted(), configuredOnes.map(({ title }) => title).toSorted());
        assert.ok(BUILT_IN_PROVIDERS.length > 50);
        assert.equal(configuredOnes[0].webhooks.signature.proves, 'payload');
        assert.equal(signatures, 1);
        await application.close();`,
    });
    await run(process.execPath, ['--no-warnings', 'start.mjs'], folder);
  });

  it('are one copy each with the command, which sees the definitions that an application sees', async () => {
    writeFiles(folder, {
      'command.mjs': `
        // A definition is frozen. Here one is left as it is made, so that a change shows which copy the command reads.
        Object.freeze = (value) => value;
        const { BUILT_IN_PROVIDERS } = await import('nestjs-payments-auth');
        const fields = Object.values(BUILT_IN_PROVIDERS[0].credentials);
        fields[0].variable = 'CHANGED_BY_THE_APPLICATION';
        process.argv = [process.execPath, 'nestjs-payments-auth', 'providers', '--json'];
        await import('./node_modules/nestjs-payments-auth/dist/esm/bin/nestjs-payments-auth.js');`,
    });
    const [first] = JSON.parse(await run(process.execPath, ['--no-warnings', 'command.mjs'], folder));
    assert.equal(first.variables[0].name, 'CHANGED_BY_THE_APPLICATION');
  });

  it('have definitions that the engine parses when a provider is used, and not at each start', () => {
    for (const file of ['esm/library.js', 'cjs/index.js']) {
      const text = readFileSync(join(folder, 'node_modules/nestjs-payments-auth/dist', file), 'utf8');
      const descriptions = [...text.matchAll(/(?<!function )\bbuiltInProvider\([^,]+, (.+)$/gm)].map(
        ([, start = '']) => start,
      );
      assert.ok(descriptions.length > 50, file);
      assert.deepEqual(
        descriptions.filter((start) => !/^function\(\w*\) \{$/.test(start)),
        [],
        file,
      );
    }
  });

  it('serve an application that is bundled to one file, in both module systems', async () => {
    writeFiles(folder, {
      'bundled.mjs': `
        import 'reflect-metadata';
        import assert from 'node:assert/strict';
        import { Module } from '@nestjs/common';
        import { NestFactory } from '@nestjs/core';
        import { PaymentsAuthModule, PaymentsAuthService } from 'nestjs-payments-auth';
        import { PaymentsAuthStatusPageModule } from 'nestjs-payments-auth/status-page';
        import { startSandbox } from 'payments-sandbox';
        import { firstValueFrom } from 'rxjs';

        async function main() {
          const sandbox = await startSandbox({ providers: ['daraja', 'paystack'] });
          Object.assign(process.env, sandbox.environment);
          const guard = class { canActivate() { return true; } };
          class AppModule {}
          const imports = [
            PaymentsAuthModule.forRoot({ fromEnvironment: ['daraja', 'paystack'] }),
            PaymentsAuthStatusPageModule.forRoot({ path: 'status', guards: [guard] }),
          ];
          Module({ imports })(AppModule);
          const application = await NestFactory.create(AppModule, { logger: false });
          const service = application.get(PaymentsAuthService);
          for (const name of sandbox.names) await firstValueFrom(service.http(name).get('/sandbox/echo'));
          await application.listen(0, '127.0.0.1');
          const page = await fetch(new URL('/status', await application.getUrl()));
          assert.match(await page.text(), /<html/);
          assert.equal(sandbox.provider('daraja').counts.tokenRequests, 1);
          await application.close();
          await sandbox.close();
        }
        main().catch((error) => { console.error(error); process.exitCode = 1; });`,
    });
    const peers = ['@nestjs/*', 'axios', 'reflect-metadata', 'rxjs'].map((name) => `--external:${name}`);
    for (const [format, extension] of /** @type {const} */ ([
      ['esm', 'mjs'],
      ['cjs', 'cjs'],
    ])) {
      const outfile = join(folder, `bundled/application.${extension}`);
      // Without an empty configuration, that of this repository would lead to the sources, and not to the packages.
      const options = ['--bundle', '--platform=node', '--log-level=warning', '--tsconfig-raw={}'];
      const target = [`--format=${format}`, `--outfile=${outfile}`];
      await tool('esbuild', [join(folder, 'bundled.mjs'), ...options, ...target, ...peers]);
      await run(process.execPath, ['--no-warnings', outfile], folder);
    }
  });

  it('say each thing once: no class stands in two files of a module system', () => {
    for (const name of packageNames) {
      for (const format of ['esm', 'cjs']) {
        const dist = join(folder, 'node_modules', name, 'dist', format);
        const classes = filesIn(dist)
          .filter((file) => file.endsWith('.js'))
          .flatMap((file) => [
            ...new Set(
              [...readFileSync(join(dist, file), 'utf8').matchAll(/\b(\w+) = class\b/g)].map(
                ([, found]) => found,
              ),
            ),
          ]);
        assert.ok(classes.length > 3);
        const repeated = classes.filter((each, index) => classes.indexOf(each) !== index);
        assert.deepEqual(repeated, [], `${name}, ${format}`);
      }
    }
  });

  it('load from CommonJS alone, where only "require" is understood, as in Jest', async () => {
    const files = packageNames.map((name) => join(folder, 'node_modules', name, 'dist/cjs/index.js'));
    const script = `for (const file of ${JSON.stringify(files)}) require(file);`;
    await run(process.execPath, ['--no-warnings', '-e', script], folder);
  });

  it('call each class as it is exported, so that the boot log names the modules', async () => {
    writeFiles(folder, {
      'names.mjs': `
        import { NestFactory } from '@nestjs/core';
        const wrong = [];
        for (const specifier of ${JSON.stringify(specifiers)})
          for (const [name, value] of Object.entries(await import(specifier)))
            if (typeof value === 'function' && /^class\\b/.test(String(value)) && value.name !== name) wrong.push([name, value.name]);
        console.log(JSON.stringify(wrong));
        const { PaymentsAuthModule } = await import('nestjs-payments-auth');
        await NestFactory.createApplicationContext(PaymentsAuthModule.forRoot());`,
    });
    const [wrong, ...log] = (await run(process.execPath, ['--no-warnings', 'names.mjs'], folder)).split('\n');
    assert.equal(wrong, '[]');
    assert.match(log.join('\n'), /PaymentsAuthModule dependencies initialized/);
  });

  it('have types that show nothing of the inside, the static credentials least of all', async () => {
    for (const name of packageNames) {
      const dist = join(folder, 'node_modules', name, 'dist/esm');
      const types = filesIn(dist).filter((file) => file.endsWith('.d.ts'));
      assert.ok(types.length > 5);
      assert.deepEqual(
        types.filter((file) => /@internal|isSameAs/.test(readFileSync(join(dist, file), 'utf8'))),
        [],
      );
    }
    const project = join(folder, 'inside');
    const inside = ['isSameAs', 'signing', 'callHeaders', 'secret', 'credentials', 'staticCredentials'];
    writeFiles(project, {
      'package.json': { type: 'module' },
      'inside.ts': `
        import type { Credential } from 'nestjs-payments-auth';
        export const shown = (credential: Credential) => [
          credential.id,
          ${inside.map((name) => `// @ts-expect-error -- of the inside\n credential.${name},`).join('\n')}
        ];`,
      'tsconfig.json': {
        compilerOptions: {
          module: 'nodenext',
          target: 'es2022',
          strict: true,
          noEmit: true,
          skipLibCheck: true,
        },
      },
    });
    await tool('tsc', ['-p', project]);
  });

  it('cost the compiler of a consumer less than 4000 instantiations', async () => {
    const project = join(folder, 'consumer');
    writeFiles(project, {
      'package.json': { type: 'module' },
      'application.ts': `
        import type { HttpService } from '@nestjs/axios';
        import { Module } from '@nestjs/common';
        import { InjectPaymentsHttp, PaymentsAuthModule } from 'nestjs-payments-auth';

        @Module({
          imports: [
            PaymentsAuthModule.forRoot({
              fromEnvironment: ['daraja', 'paystack'],
              providers: {
                pesapal: { environment: 'sandbox', credentials: { consumerKey: 'k', consumerSecret: 's' } },
                stripe: { credentials: { secretKey: 'sk_test_invented' } },
                adyen: { environment: 'live', credentials: { apiKey: 'k', liveUrlPrefix: 'p' } },
                // @ts-expect-error -- WakaPay's word is "test"
                wakapay: { environment: 'sandbox', credentials: { apiKey: 'k', apiSecret: 's' } },
              },
            }),
          ],
        })
        export class AppModule {}

        export class Payments {
          constructor(@InjectPaymentsHttp('stripe') readonly http: HttpService) {}
        }`,
      'tsconfig.json': {
        compilerOptions: {
          module: 'nodenext',
          target: 'es2022',
          strict: true,
          noEmit: true,
          skipLibCheck: true,
          experimentalDecorators: true,
          types: [],
        },
      },
    });
    const said = await tool('tsc', ['-p', project, '--extendedDiagnostics']);
    const instantiations = Number(/^Instantiations:\s+(\d+)/m.exec(said)?.[1]);
    assert.ok(instantiations < 4000, `${instantiations} instantiations`);
  });

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

/**
 * The files of types that an importer of the entry points reaches through relative imports, sorted.
 *
 * @param {string} dist
 * @param {readonly string[]} entries `redis`; the empty string for the main one
 */
function typesFrom(dist, entries) {
  /** @type {Set<string>} */
  const reached = new Set();
  const visit = (/** @type {string} */ file) => {
    if (reached.has(file)) return;
    reached.add(file);
    const text = readFileSync(join(dist, file), 'utf8');
    for (const [, beside = ''] of text.matchAll(/^\/\/\/ <reference path="\.\/(.+)" \/>$/gm))
      reached.add(join(file, '..', beside));
    for (const [, path = ''] of text.matchAll(/['"](\.{1,2}\/[^'"]+)\.js['"]/g))
      visit(join(file, '..', `${path}.d.ts`));
  };
  for (const entry of entries) visit(join(entry, 'index.d.ts'));
  return [...reached].toSorted();
}

/**
 * Joins the two lines of a file that exists for both module systems, as most files do.
 *
 * @param {readonly string[]} files
 */
function inShort(files) {
  const all = new Set(files);
  const lines = files.map((file) => {
    const path = /^dist\/(?:esm|cjs)\/(.+)$/.exec(file)?.[1];
    return all.has(`dist/esm/${path}`) && all.has(`dist/cjs/${path}`) ? `dist/{esm,cjs}/${path}` : file;
  });
  return [...new Set(lines)].toSorted();
}
