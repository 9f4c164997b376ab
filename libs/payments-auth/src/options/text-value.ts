/** What is wrong with the text of a credential, said without the text; `undefined` when nothing is (R16). */
export function textProblem(value: unknown): string | undefined {
  if (value === undefined || value === null) return 'missing';
  if (typeof value !== 'string') return `must be a string, and is ${kindOf(value)}`;
  if (value === '') return 'empty';
  if (/[\r\n]/.test(value)) return 'has a line break in it; a secret read from a file often ends in one';
  if (value.trim() !== value) return 'has a space at its beginning or end';
  if (/[^\u0020-\u007e\u00a0-\u00ff]/.test(value))
    return 'has a character in it that no header can carry; copy it from the provider again';
  return undefined;
}

/** The kind of a value, for messages that must not show it. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`;
}

export function isPlainRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
