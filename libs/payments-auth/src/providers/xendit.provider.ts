import { basic } from '../building-blocks/basic.js';
import { hasCode } from './answers-in-words.js';
import { builtInProvider } from './define-provider.js';
import { sharedToken } from './webhooks/sender-webhooks.js';

/** Xendit's static credentials. */
export interface XenditCredentials {
  /** `xnd_development_…` or `xnd_production_…`: the key says the mode. */
  readonly secretKey: string;
  /** The verification token of the account, for webhooks. */
  readonly callbackToken?: string | readonly string[];
}

/**
 * Xendit: HTTP Basic with the secret key as the user and an empty password. A request names a sub-account in
 * `for-user-id`.
 *
 * @see https://docs.xendit.co/apidocs
 */
export const xendit = builtInProvider<XenditCredentials, 'xendit', 'live'>('xendit', () => ({
  title: 'Xendit',
  docs: 'https://docs.xendit.co/apidocs',
  region: 'Asia',
  basedOn: '2026-08',
  credentialsPage: 'dashboard, Settings > API Keys; the verification token under Settings > Webhooks',
  environments: { live: 'https://api.xendit.co' },
  baseUrlVariable: 'XENDIT_BASE_URL',
  credentials: {
    secretKey: { variable: 'XENDIT_SECRET_KEY' },
    callbackToken: { variable: 'XENDIT_CALLBACK_TOKEN', optional: true },
  },
  headers: ({ credentials }) => ({ Authorization: basic(credentials.secretKey) }),
  refusal: {
    refused: (answer) => answer.status === 401 && hasCode(answer, 'error_code', 'INVALID_API_KEY'),
    // The key lacks the permission, or this address is not on the allow-list.
    incurable: (answer) => answer.status === 403 && hasCode(answer, 'error_code', 'REQUEST_FORBIDDEN_ERROR'),
  },
  probe: { path: '/balance' },
  webhooks: {
    token: sharedToken({
      key: 'callbackToken',
      header: 'x-callback-token',
      id: '{header:webhook-id}',
      confirmWith: 'GET /v2/invoices/{id}',
    }),
  },
  advice: [
    {
      on: 'call',
      says: 'invalid_api_key',
      cause: 'the secret key is wrong or deleted',
      fix: 'copy XENDIT_SECRET_KEY from the dashboard again',
    },
    {
      on: 'call',
      status: 403,
      cause: 'the key lacks the permission, or this address is not on the allow-list',
      fix: 'check the permissions of the key and the allow-list in the dashboard',
    },
  ],
}));
