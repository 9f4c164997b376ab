/** Before `npm pack`: the repository's README and change log are the library's too, kept once. */
import { copyFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
for (const file of ['README.md', 'CHANGELOG.md']) {
  copyFileSync(new URL(file, root), new URL(`libs/payments-auth/${file}`, root));
}
