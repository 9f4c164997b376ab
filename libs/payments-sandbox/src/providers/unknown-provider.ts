import { CATALOGUE_NAMES, PROVIDER_NAMES } from './index.js';

/** `Did you mean "paystack"?`, or an empty text where no name is near. */
export function similarProvider(name: string): string {
  const most = Math.max(1, Math.floor(name.length / 3));
  const [near] = [...PROVIDER_NAMES, ...CATALOGUE_NAMES]
    .map((known) => ({ known, edits: editsBetween(name.toLowerCase(), known) }))
    .filter(({ edits }) => edits <= most)
    .toSorted((a, b) => a.edits - b.edits);
  return near === undefined ? '' : ` Did you mean "${near.known}"?`;
}

/** How many letters have to be added, left out or replaced to make the one text of the other. */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 0; i < from.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j += 1) {
      const replaced = (row[j] as number) + (from[i] === to[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
