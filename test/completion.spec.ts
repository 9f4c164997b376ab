import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { BUILT_IN_PROVIDERS } from 'nestjs-payments-auth';
import ts from 'typescript';
import { root } from './support/markdown.js';

const FILE = join(root, 'test/completed.ts');
let version = 0;
let text = '';

const textOf = (path: string) => (path === FILE ? text : ts.sys.readFile(path));
const { options = {} } =
  ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.json'), undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: () => undefined,
  }) ?? {};
const service = ts.createLanguageService({
  ...ts.sys,
  useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
  fileExists: (path) => path === FILE || ts.sys.fileExists(path),
  readFile: textOf,
  getCompilationSettings: () => options,
  getCurrentDirectory: () => root,
  getDefaultLibFileName: (each) => ts.getDefaultLibFilePath(each),
  getScriptFileNames: () => [FILE],
  getScriptVersion: (path) => (path === FILE ? String(version) : '1'),
  getScriptSnapshot(path) {
    const found = textOf(path);
    return found === undefined ? undefined : ts.ScriptSnapshot.fromString(found);
  },
});

/** What an editor offers where `|` stands. */
function offeredAt(marked: string): string[] {
  text = marked.replace('|', '');
  version += 1;
  const { entries = [] } = service.getCompletionsAtPosition(FILE, marked.indexOf('|'), undefined) ?? {};
  return entries.map(({ name }) => name.replaceAll('"', '')).toSorted();
}

describe('an editor', () => {
  it.each(['fromEnvironment: ["|"]', 'providers: { | }', 'providers: { daraja: {}, | }'])(
    'offers every built-in provider in { %s }',
    (written) => {
      const names = BUILT_IN_PROVIDERS.map(({ name }) => name);
      const missing = written.includes('daraja') ? names.filter((name) => name !== 'daraja') : names;
      const module = `import { PaymentsAuthModule } from 'nestjs-payments-auth';\n`;
      expect(offeredAt(`${module}PaymentsAuthModule.forRoot({ ${written} });`)).toEqual(missing.toSorted());
    },
  );
});
