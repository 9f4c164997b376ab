/** The one of `known` that `given` is most likely a misspelling of, if any is near enough. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(given.length / 3));
  let best: { word: string; distance: number } | undefined;
  for (const word of known) {
    const distance = editDistance(given.toLowerCase(), word.toLowerCase());
    if (distance <= most && (best === undefined || distance < best.distance)) best = { word, distance };
  }
  return best?.word;
}

/** `Did you mean "pesapal"?`, or the known names. */
export function suggestion(given: string, known: readonly string[]): string {
  const word = nearest(given, known);
  return word === undefined ? `${knownNames(known)}.` : `Did you mean "${word}"?`;
}

/** An error with more names than this is hard to read. */
const MOST_NAMES = 20;

/** `Known: a, b`, or the command that lists the names where there are many. */
export function knownNames(known: readonly string[]): string {
  return known.length > MOST_NAMES
    ? 'Run npx --no nestjs-payments-auth providers to list them'
    : `Known: ${known.join(', ')}`;
}

/** Levenshtein's distance, one row at a time; two neighbours that have changed places count once. */
function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swapped = isSwap ? (before[j - 2] as number) + 1 : Infinity;
      next.push(Math.min(replaced, swapped, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    before = row;
    row = next;
  }
  return row[to.length] as number;
}
