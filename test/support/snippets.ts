import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { type CodeBlock, root } from './markdown.js';

/** A block of a document, as a file that can be compiled and imported. */
export interface Snippet extends CodeBlock {
  readonly path: string;
}

/** One compilation of all snippets, and its types. */
export interface Compilation {
  /** `file:line: the mistake`, with the line numbers of the documents. */
  readonly problems: readonly string[];
  /** The properties of an exported type of the library. */
  keysOf(type: string): string[];
  /** The members of an exported union of strings. */
  wordsOf(type: string): string[];
}

/** Writes each block into a file of its own in `.artifacts`, at the same lines as in its document, so that the line numbers are equal. */
export function writeSnippets(folderName: string, blocks: readonly CodeBlock[]): Snippet[] {
  const folder = join(root, '.artifacts', folderName);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return blocks.map((block) => {
    const path = join(folder, `${block.file.replaceAll('/', '.')}.${block.line}.ts`);
    writeFileSync(path, `${'\n'.repeat(block.line - 1)}${block.code}\n`);
    return { ...block, path };
  });
}

/** Compiles all snippets against the sources, in one program, with the settings of this repository. */
export function compile(snippets: readonly Snippet[]): Compilation {
  const config = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.json'), undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
      throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
    },
  });
  const index = join(root, 'libs/payments-auth/src/index.ts');
  const program = ts.createProgram([index, ...snippets.map(({ path }) => path)], config?.options ?? {});
  const checker = program.getTypeChecker();
  const typeOf = (name: string): ts.Type => {
    const source = program.getSourceFile(index);
    const module = source && checker.getSymbolAtLocation(source);
    const found = module && checker.getExportsOfModule(module).find((each) => each.name === name);
    if (found === undefined) throw new Error(`There is no exported type ${name}.`);
    return checker.getDeclaredTypeOfSymbol(
      found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found,
    );
  };
  return {
    problems: snippets.flatMap(({ path, file }) => {
      const source = program.getSourceFile(path);
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
        ({ start = 0, messageText }) => {
          const line = (source?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
          return `${file}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
        },
      );
    }),
    keysOf: (type) =>
      typeOf(type)
        .getProperties()
        .map(({ name }) => name),
    wordsOf: (type) => {
      const union = typeOf(type);
      const members = union.isUnion() ? union.types : [union];
      return members.flatMap((member) => (member.isStringLiteral() ? [member.value] : []));
    },
  };
}
