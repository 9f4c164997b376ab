import { textAt, valueAt } from '../building-blocks/json-value.js';
import type { ApiAnswer } from '../strategies/strategy.js';

/** Whether a field of the answer's JSON says one of these words, in any case, whatever stands around them. */
export function says(answer: ApiAnswer, path: string, ...words: readonly string[]): boolean {
  const said = textAt(answer.body, path)?.toLowerCase();
  return said !== undefined && words.some((each) => said.includes(each.toLowerCase()));
}

/** Whether a field of the answer's JSON is one of these codes, letter by letter. Some providers write theirs as a number. */
export function hasCode(answer: ApiAnswer, path: string, ...codes: readonly string[]): boolean {
  const said = valueAt(answer.body, path);
  return codes.includes(typeof said === 'number' ? String(said) : typeof said === 'string' ? said : '');
}
