import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced TypeScript block. */
export interface CodeBlock {
  /** The path, relative to the root of the repository. */
  readonly file: string;
  /** The number of its first line of code. */
  readonly line: number;
  readonly code: string;
  /** The reason why it cannot be run here: `<!-- not run: … -->` on the line before the block. */
  readonly notRun: string | undefined;
}

/** `[text](target)`, or the target of a reference. */
export interface Link {
  readonly file: string;
  readonly line: number;
  readonly target: string;
}

/** The documents for users. The API reference and the copy of the README in the package are made from other files. */
export function markdownFiles(): string[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('api'))
    .map((name) => `docs/${name}`);
  const others = readdirSync(root).filter((name) => name.endsWith('.md'));
  return [...others, 'libs/payments-sandbox/README.md', ...docs].toSorted();
}

export function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** The blocks marked `ts`. */
export function typescriptBlocks(file: string): CodeBlock[] {
  const lines = textOf(file).split('\n');
  const blocks: CodeBlock[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    if (!/^```(ts|typescript)$/.test(lines[index] ?? '')) continue;
    const end = lines.indexOf('```', index + 1);
    const before = lines.slice(0, index).findLast((line) => line.trim() !== '');
    blocks.push({
      file,
      line: index + 2,
      code: lines.slice(index + 1, end).join('\n'),
      notRun: /^<!-- not run: (.+) -->$/.exec(before ?? '')?.[1],
    });
    index = end;
  }
  return blocks;
}

export function linksOf(file: string): Link[] {
  return proseOf(file).flatMap((text, index) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ file, line: index + 1, target })),
  );
}

/** The fragments (after `#`) of a link to a file, as GitHub makes them from the headings. */
export function anchorsOf(file: string): Set<string> {
  const headings = proseOf(file, { keepCode: true }).flatMap(
    (line) => /^#{1,6} (.+)$/.exec(line)?.slice(1) ?? [],
  );
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** The rows of the table whose first column is headed `heading`, each as its cells. */
export function tableOf(file: string, heading: string): string[][] {
  const [table] = tablesOf(file, heading);
  if (table === undefined) throw new Error(`${file} has no table with the heading "${heading}".`);
  return table;
}

/** The rows of each table whose first column is headed `heading`. */
export function tablesOf(file: string, heading: string): string[][][] {
  const lines = textOf(file).split('\n');
  return lines.flatMap((line, start) => {
    if (!line.startsWith('|') || cellsOf(line)[0] !== heading) return [];
    const length = lines.slice(start).findIndex((each) => !each.startsWith('|'));
    return [lines.slice(start + 2, start + length).map(cellsOf)];
  });
}

function cellsOf(row: string): string[] {
  return row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** The lines of a file; those of code blocks are empty, and so is code between backticks. */
function proseOf(file: string, { keepCode = false } = {}): string[] {
  let fenced = false;
  return textOf(file)
    .split('\n')
    .map((line) => {
      const isFence = line.trimStart().startsWith('```');
      if (isFence) fenced = !fenced;
      if (isFence || fenced) return '';
      return keepCode ? line : line.replaceAll(/`[^`]*`/g, '');
    });
}
