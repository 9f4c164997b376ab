import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './markdown.js';

/** Folders with installed or generated files, by name or by path. */
const NOT_OURS = new Set(['node_modules', 'dist', '.build', '.artifacts', '.git', 'coverage', 'docs/api']);

/** The files of this repository whose path matches, relative to its root. Does not use git, which a bare machine may lack. */
export function repositoryFiles(wanted: RegExp, folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (NOT_OURS.has(entry.name) || NOT_OURS.has(path)) return [];
    if (entry.isDirectory()) return repositoryFiles(wanted, path);
    return wanted.test(path) ? [path] : [];
  });
}
