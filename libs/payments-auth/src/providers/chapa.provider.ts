import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Chapa's static credentials. */
export interface ChapaCredentials {
  /** `CHASECK_TEST-…` or `CHASECK-…`: the key says the mode. */
  readonly secretKey: string;
  /** The secret hash of the dashboard. */
  readonly webhookSecret?: string | readonly string[];
}

/**
 * Chapa: a secret key as a bearer token. One host for both modes.
 *
 * The answer to a wrong key is not documented, so it never counts against the key. A reading call that is refused is
 * sent once more with another key of the list; a function or a file of credentials is asked again after it.
 *
 * @see https://developer.chapa.co
 */
export const chapa = builtInProvider<ChapaCredentials, 'chapa', 'live'>('chapa', () => ({
  title: 'Chapa',
  docs: 'https://developer.chapa.co',
  region: 'Africa',
  basedOn: '2026-08',
  credentialsPage: 'dashboard, Settings > API',
  environments: { live: 'https://api.chapa.co/v1' },
  baseUrlVariable: 'CHAPA_BASE_URL',
  credentials: {
    secretKey: { variable: 'CHAPA_SECRET_KEY' },
    webhookSecret: { variable: 'CHAPA_WEBHOOK_SECRET', optional: true },
  },
  headers: ({ credentials }) => ({ Authorization: bearer(credentials.secretKey) }),
  webhooks: {
    signature: hmacWebhook({ key: 'webhookSecret', header: 'x-chapa-signature' }),
    // The HMAC covers the secret itself, so it is the same in every message.
    constant: hmacWebhook({
      key: 'webhookSecret',
      header: 'chapa-signature',
      signed: '{credential:webhookSecret}',
      confirmWith: 'GET /transaction/verify/{tx_ref}',
      onlyWhenNamed: true,
    }),
  },
  advice: [
    {
      on: 'call',
      status: [401, 403],
      cause: 'the secret key is wrong, or this address is not on the allow-list',
      fix: 'compare CHAPA_SECRET_KEY with the dashboard; check the IP allow-list',
    },
  ],
}));
