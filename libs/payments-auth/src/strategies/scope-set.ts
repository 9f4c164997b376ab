/** Scopes as a set: sorted and without duplicates. They are a part of the key of a credential (R1). */
export function scopeSet(scopes: readonly string[]): readonly string[] {
  return [...new Set(scopes)].toSorted();
}

/** The scopes in a text that separates them by spaces (RFC 6749, section 3.3). */
export function scopesIn(text: string): readonly string[] {
  return scopeSet(text.split(/\s+/).filter(Boolean));
}

/** The reason why a value is not a list of scope tokens (RFC 6749, section 3.3); `undefined` when it is one. */
export function scopeListProblem(value: unknown): string | undefined {
  return Array.isArray(value) && value.every((each) => typeof each === 'string' && /^[!#-[\]-~]+$/.test(each))
    ? undefined
    : 'must be a list of scopes, each without spaces, such as ["read", "write"]';
}
