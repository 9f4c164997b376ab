import { hasCode } from './answers-in-words.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { sharedToken } from './webhooks/sender-webhooks.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Wave's static credentials: those of one wallet. */
export interface WaveCredentials {
  /** `wave_<country>_prod_…` */
  readonly apiKey: string;
  readonly webhookSecret?: string | readonly string[];
}

const BAD_KEY = [
  'missing-auth-header',
  'invalid-auth',
  'api-key-not-provided',
  'no-matching-api-key',
  'api-key-revoked',
];

/**
 * Wave: an API key as a bearer token, one key for each wallet. Live only.
 *
 * @see https://docs.wave.com/business
 */
export const wave = builtInProvider<WaveCredentials, 'wave', 'live'>('wave', () => ({
  title: 'Wave',
  docs: 'https://docs.wave.com/business',
  region: 'Africa',
  basedOn: '2026-08',
  credentialsPage: 'business portal, Developers',
  environments: { live: 'https://api.wave.com' },
  baseUrlVariable: 'WAVE_BASE_URL',
  credentials: {
    apiKey: { variable: 'WAVE_API_KEY' },
    webhookSecret: { variable: 'WAVE_WEBHOOK_SECRET', optional: true },
  },
  headers: ({ credentials }) => ({ Authorization: bearer(credentials.apiKey) }),
  refusal: {
    refused: (answer) => answer.status === 401 && hasCode(answer, 'code', ...BAD_KEY),
    incurable: (answer) =>
      answer.status === 403 && hasCode(answer, 'code', 'invalid-wallet', 'disabled-wallet'),
  },
  // This call also answers for a disabled wallet.
  probe: { path: '/v1/balance' },
  webhooks: {
    /** @see https://docs.wave.com/webhook */
    signature: hmacWebhook({
      key: 'webhookSecret',
      header: 'wave-signature',
      list: { signature: 'v1', timestamp: 't' },
      // There is nothing between time and body.
      signed: '{timestamp}{body}',
    }),
    token: sharedToken({
      key: 'webhookSecret',
      header: 'authorization',
      prefix: 'Bearer ',
      confirmWith: 'GET /v1/checkout/sessions/{id}',
      onlyWhenNamed: true,
    }),
  },
  advice: [
    {
      on: 'call',
      says: 'wallet',
      status: 403,
      cause: 'the wallet of this key is disabled, or this call cannot use it',
      fix: 'ask Wave about the wallet; use the key of another one',
    },
    {
      on: 'call',
      status: 401,
      cause: 'the API key is wrong or revoked',
      fix: 'make a new key in the portal, and set WAVE_API_KEY',
    },
  ],
}));
