import type { Attributes } from '@opentelemetry/api';
import type { CredentialStatus } from '../index.js';

/** The statuses with which providers refuse a credential. */
export const REFUSAL_STATUSES = [401, 403] as const;

/** The values of the label `payments_auth.state`. */
export const CREDENTIAL_STATES: readonly CredentialStatus['state'][] = [
  'idle',
  'acquiring',
  'fresh',
  'due',
  'degraded',
  'unavailable',
  'rejected',
];

const REASONS = ['first', 'expired', 'early', 'refused', 'requested', 'rotated'] as const;

/** The usual statuses of a rejected login. */
const REJECTIONS = ['400', '401', '403'] as const;
const OUTAGES = ['429', '500', '502', '503', '504', 'timeout', 'ECONNREFUSED', 'ECONNRESET'] as const;

/** The labels of token requests that are known in advance. A request that the application itself asks for has only `issued`. */
export const KNOWN_REQUESTS: readonly Attributes[] = REASONS.flatMap((reason) => {
  const labels = { 'payments_auth.reason': reason };
  const failed = (outcome: string, types: readonly string[]) =>
    types.map((type) => ({ ...labels, 'payments_auth.outcome': outcome, 'error.type': type }));
  return [
    { ...labels, 'payments_auth.outcome': 'issued' },
    ...(reason === 'requested' || reason === 'rotated'
      ? []
      : [...failed('rejected', REJECTIONS), ...failed('unavailable', OUTAGES)]),
  ];
});
