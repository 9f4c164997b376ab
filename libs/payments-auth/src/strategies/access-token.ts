import { isHeaderText } from './header-text.js';

/** A longer text is not used as a token, because servers refuse headers of that size. */
const MOST_CHARACTERS = 8 * 1_024;

/**
 * Whether a value can be sent as a token. A token may contain spaces: some providers return the whole header, `Bearer
 * eyJ…`.
 */
export function isUsableToken(value: unknown): value is string {
  return isHeaderText(value) && value.length <= MOST_CHARACTERS;
}
