import { textAt, valueAt } from '../building-blocks/json-value.js';
import type { ApiAnswer } from '../strategies/strategy.js';

/** Whether a field of the answer's JSON contains one of these words, in upper or lower case. */
export function says(answer: ApiAnswer, path: string, ...words: readonly string[]): boolean {
  const said = textAt(answer.body, path)?.toLowerCase();
  return said !== undefined && words.some((each) => said.includes(each.toLowerCase()));
}

/** Whether a field of the answer's JSON is exactly one of these codes. Some providers write a code as a number. */
export function hasCode(answer: ApiAnswer, path: string, ...codes: readonly string[]): boolean {
  const said = valueAt(answer.body, path);
  return codes.includes(typeof said === 'number' ? String(said) : typeof said === 'string' ? said : '');
}
