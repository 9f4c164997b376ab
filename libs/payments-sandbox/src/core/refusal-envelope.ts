import { html, type Reply } from './reply.js';

/** The form of a refusal. */
export type Envelope =
  /** The provider's own refusal, body and status. */
  | 'own'
  /** 401 with an empty body, as from a gateway in front of the provider. */
  | 'bare'
  /** The HTML page of a firewall, with status 403. */
  | 'html';

export const ENVELOPES: readonly Envelope[] = ['own', 'bare', 'html'];

export function inEnvelope(envelope: Envelope, own: () => Reply): Reply {
  if (envelope === 'own') return own();
  return envelope === 'bare' ? { status: 401 } : html(403, '403 Forbidden');
}
