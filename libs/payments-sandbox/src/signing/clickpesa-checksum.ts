import { hmacSha256 } from './hmac.js';

/** `canonical` is the rule since January 2026, and `legacy` the rule before. */
export type ChecksumRule = 'canonical' | 'legacy';

/** ClickPesa's `checksum` over a body, without its two fields for the checksum. */
export function clickpesaChecksum(
  body: Readonly<Record<string, unknown>>,
  key: string,
  rule: ChecksumRule,
): string {
  const { checksum: _checksum, checksumMethod: _method, ...signed } = body;
  return hmacSha256(key, rule === 'canonical' ? JSON.stringify(sorted(signed)) : joined(signed));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, sorted(inner)] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function joined(fields: Readonly<Record<string, unknown>>): string {
  return Object.keys(fields)
    .toSorted()
    .map((name) => textOf(fields[name]))
    .join('');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
