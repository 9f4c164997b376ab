/**
 * Runs before `npm pack`, and copies the repository's README and change log into the library. The package has no other
 * documents, so links to these lead to the repository that package.json names.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const library = new URL('libs/payments-auth/', root);

/** @type {{ repository?: string | { url: string } }} */
const { repository } = JSON.parse(readFileSync(new URL('package.json', library), 'utf8'));
const url = typeof repository === 'string' ? repository : repository?.url;
const base = url?.replace(/^git\+/, '').replace(/\.git$/, '');

for (const file of ['README.md', 'CHANGELOG.md']) {
  const text = readFileSync(new URL(file, root), 'utf8');
  const linked = base === undefined ? text : text.replaceAll(/\]\((?![a-z]+:|#)/g, `](${base}/blob/main/`);
  writeFileSync(new URL(file, library), linked);
}
