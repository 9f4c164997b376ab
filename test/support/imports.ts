import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import ts from 'typescript';

/** One `import`, `export … from`, `import()` or `import('…').Type` in a source file. */
export interface Import {
  /** The importing file, relative to the source folder, with `/`. */
  readonly file: string;
  readonly specifier: string;
  /** For a relative import: the imported file, relative to the source folder, without extension. */
  readonly target: string | undefined;
  /** The imported names. Empty when the whole module is imported. */
  readonly names: readonly string[];
  /** Whether the compiler removes it. */
  readonly isTypeOnly: boolean;
}

/** Every import of every source file under `folder`. Specs are left out, because they may import any file. */
export function importsUnder(folder: string): Import[] {
  return sourceFilesUnder(folder).flatMap((path) => importsOf(path, folder));
}

export function sourceFilesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('spec.ts'))
    .map((name) => join(folder, name));
}

export function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
}

/** The name without its extension, which is the same for an import and for a file. */
export function moduleName(path: string): string {
  return path.replace(/\.(js|ts)$/, '');
}

function importsOf(path: string, folder: string): Import[] {
  const file = slashed(relative(folder, path));
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, names: readonly string[], isTypeOnly: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return;
    const { text } = specifier;
    const target = text.startsWith('.')
      ? moduleName(slashed(relative(folder, join(dirname(path), text))))
      : undefined;
    found.push({ file, specifier: text, target, names, isTypeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const { names, isTypeOnly } = importClause(node.importClause);
      add(node.moduleSpecifier, names, isTypeOnly);
    } else if (ts.isExportDeclaration(node)) {
      const elements =
        node.exportClause && ts.isNamedExports(node.exportClause) ? [...node.exportClause.elements] : [];
      add(node.moduleSpecifier, elements.map(importedName), node.isTypeOnly || allTypes(elements));
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], [], false);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, [], true);
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(path));
  return found;
}

function importClause(clause: ts.ImportClause | undefined): Pick<Import, 'names' | 'isTypeOnly'> {
  if (clause === undefined) return { names: [], isTypeOnly: false };
  const { name, namedBindings, phaseModifier } = clause;
  const elements = namedBindings && ts.isNamedImports(namedBindings) ? [...namedBindings.elements] : [];
  return {
    names: elements.map(importedName),
    isTypeOnly: phaseModifier === ts.SyntaxKind.TypeKeyword || (name === undefined && allTypes(elements)),
  };
}

function allTypes(elements: readonly (ts.ImportSpecifier | ts.ExportSpecifier)[]): boolean {
  return elements.length > 0 && elements.every((element) => element.isTypeOnly);
}

function importedName(element: ts.ImportSpecifier | ts.ExportSpecifier): string {
  return (element.propertyName ?? element.name).text;
}

function slashed(path: string): string {
  return path.split(sep).join('/');
}
