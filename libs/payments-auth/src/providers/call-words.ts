import { textAt } from '../building-blocks/json-value.js';

/** The paths at which payment APIs say what is wrong: a code, and a sentence. */
const CODES = ['error.code', 'error.cause', 'code', 'error'];
const SENTENCES = ['error.message', 'error_description', 'message', 'messages.en'];

/** The provider's own words in the answer to a call: code and sentence, where there are any. */
export function wordsOf(body: unknown): string | undefined {
  const first = (paths: readonly string[]) =>
    paths.map((path) => textAt(body, path)).find((text) => text !== undefined);
  const words = [first(CODES), first(SENTENCES)].filter((text) => text !== undefined);
  return words.length === 0 ? undefined : [...new Set(words)].join(': ');
}
