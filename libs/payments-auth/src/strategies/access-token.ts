/** Longer ones are no tokens: servers refuse headers of that size. */
const MOST_CHARACTERS = 8 * 1_024;

/**
 * Whether a value can be sent as a token: text of printable ASCII, without a space at either end. A space within is
 * fine: some providers hand out the whole header, `Bearer eyJ…`.
 */
export function isUsableToken(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= MOST_CHARACTERS &&
    /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)
  );
}
