import { readFileSync } from 'node:fs';

// The build replaces this module by the contents of the files, because a bundled package has no files beside it.
const read = (name: string): string => readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8');

export const PAGE_HTML = read('page.html');
export const PAGE_STYLE = read('page.css');
export const PAGE_SCRIPT = read('page.js');
