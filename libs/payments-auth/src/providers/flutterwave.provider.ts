import { says } from './answers-in-words.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { sharedToken } from './webhooks/sender-webhooks.js';

/** Flutterwave v3's static credentials. */
export interface FlutterwaveCredentials {
  /** `FLWSECK_TEST-…` or `FLWSECK-…`: the key says the mode. */
  readonly secretKey: string;
  /** The text that the merchant typed in for webhooks. */
  readonly secretHash?: string | readonly string[];
  /** For card payloads, which the application encrypts. It is not sent, and kept out of everything that is printed. */
  readonly encryptionKey?: string;
}

/**
 * Flutterwave v3: a secret key as a bearer token. One base URL for both modes.
 *
 * @see https://developer.flutterwave.com/v3.0/docs/authentication
 */
export const flutterwave = builtInProvider<FlutterwaveCredentials, 'flutterwave', 'live'>(
  'flutterwave',
  () => ({
    title: 'Flutterwave v3',
    docs: 'https://developer.flutterwave.com/v3.0/docs/authentication',
    region: 'Africa',
    basedOn: '2026-08',
    credentialsPage: 'dashboard, Settings > API keys',
    environments: { live: 'https://api.flutterwave.com/v3' },
    baseUrlVariable: 'FLUTTERWAVE_BASE_URL',
    credentials: {
      secretKey: { variable: 'FLW_SECRET_KEY' },
      secretHash: { variable: 'FLW_SECRET_HASH', optional: true },
      encryptionKey: { variable: 'FLW_ENCRYPTION_KEY', optional: true },
    },
    headers: ({ credentials }) => ({ Authorization: bearer(credentials.secretKey) }),
    // {"status":"error","message":"Invalid authorization key"}
    refusal: { refused: (answer) => answer.status === 401 && says(answer, 'message', 'authorization key') },
    probe: { path: '/banks/NG' },
    webhooks: {
      /** @see https://developer.flutterwave.com/v3.0/docs/webhooks */
      token: sharedToken({
        key: 'secretHash',
        header: 'verif-hash',
        confirmWith: 'GET /transactions/{id}/verify',
      }),
    },
    advice: [
      {
        on: 'call',
        status: 401,
        cause: 'the secret key is wrong, or is one of version 4',
        fix: 'copy FLW_SECRET_KEY again: it begins with FLWSECK; for a client id and secret use flutterwave-v4',
      },
    ],
  }),
);
