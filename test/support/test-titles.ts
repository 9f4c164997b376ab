import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './markdown.js';
import { repositoryFiles } from './repository-files.js';

/** A title of a test, or of a group of tests, as the source has it. */
export interface TestTitle {
  readonly file: string;
  readonly title: string;
  /** Whether it is the title of a group of tests. */
  readonly isGroup: boolean;
}

/** The titles in every spec of the repository. */
export function testTitles(): TestTitle[] {
  return repositoryFiles(/(?:spec\.ts|\.test\.mjs)$/).flatMap((file) => {
    const source = ts.createSourceFile(
      file,
      readFileSync(join(root, file), 'utf8'),
      ts.ScriptTarget.ES2022,
      true,
    );
    const titles: TestTitle[] = [];
    const visit = (node: ts.Node): void => {
      const title = ts.isCallExpression(node) ? titleOf(node) : undefined;
      if (title !== undefined) titles.push({ file, ...title });
      ts.forEachChild(node, visit);
    };
    visit(source);
    return titles;
  });
}

/** The titles of `it('…', …)`, `it.each(…)('…', …)` and the like. Titles that are computed are left out. */
function titleOf({ expression, arguments: given }: ts.CallExpression): Omit<TestTitle, 'file'> | undefined {
  let callee: ts.Node = expression;
  while (
    ts.isCallExpression(callee) ||
    ts.isPropertyAccessExpression(callee) ||
    ts.isTaggedTemplateExpression(callee)
  )
    callee = ts.isTaggedTemplateExpression(callee) ? callee.tag : callee.expression;
  const [title] = given;
  if (!ts.isIdentifier(callee) || !['it', 'test', 'describe'].includes(callee.text)) return undefined;
  if (given.length < 2 || title === undefined) return undefined;
  const isGroup = callee.text === 'describe';
  if (ts.isStringLiteralLike(title)) return { title: title.text, isGroup };
  return ts.isTemplateExpression(title) ? { title: title.getText(), isGroup } : undefined;
}
