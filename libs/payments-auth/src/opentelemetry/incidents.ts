import type { PaymentsAuthEvent } from '../index.js';

/** The events that are counted as incidents, and the values of the label `payments_auth.incident`. */
export const INCIDENTS: readonly PaymentsAuthEvent['type'][] = [
  'credentials-rejected',
  'grant-rejected',
  'definition-fault',
  'signing-failed',
  'call-unsent',
  'refresh-token-unsaved',
  'refresh-token-in-doubt',
  'credential-unavailable',
  'renewals-paused',
  'credential-contested',
  'certificate-ends',
  'webhook-keys-unavailable',
  'webhook-keys-outdated',
  'rate-limited',
  'store-lost',
  'store-back',
];
