/** Scopes as the set that they are: sorted and without duplicates. They are part of what a credential is kept under (R1). */
export function scopeSet(scopes: readonly string[]): readonly string[] {
  return [...new Set(scopes)].toSorted();
}

/** The scopes in a text that separates them by spaces (RFC 6749, section 3.3). */
export function scopesIn(text: string): readonly string[] {
  return scopeSet(text.split(/\s+/).filter(Boolean));
}
