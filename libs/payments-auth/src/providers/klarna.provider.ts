import { builtInProvider } from './define-provider.js';

/** Klarna's static credentials. */
export interface KlarnaCredentials {
  /** `klarna_test_api_…` or `klarna_live_api_…` */
  readonly apiKey: string;
}

/**
 * Klarna: the scheme `Basic` with the API key itself, not with a base64 of a pair. Each region has a host: a request
 * names the others by `host: 'na'` or `host: 'oc'`.
 *
 * A 401 is documented, and mostly comes without a body. So it never counts against the key. A reading call that is
 * refused is sent once more with another key of the list; a function or a file of credentials is asked again after it.
 *
 * @see https://docs.klarna.com/api/authentication
 */
export const klarna = builtInProvider<KlarnaCredentials, 'klarna', 'test' | 'live'>('klarna', () => ({
  title: 'Klarna',
  docs: 'https://docs.klarna.com/api/authentication',
  region: 'Worldwide',
  basedOn: '2026-08',
  credentialsPage: 'merchant portal, Settings > API credentials',
  environments: {
    test: {
      eu: 'https://api.playground.klarna.com',
      na: 'https://api-na.playground.klarna.com',
      oc: 'https://api-oc.playground.klarna.com',
    },
    live: {
      eu: 'https://api.klarna.com',
      na: 'https://api-na.klarna.com',
      oc: 'https://api-oc.klarna.com',
    },
  },
  environmentVariable: 'KLARNA_ENV',
  baseUrlVariable: { eu: 'KLARNA_BASE_URL', na: 'KLARNA_NA_BASE_URL', oc: 'KLARNA_OC_BASE_URL' },
  credentials: {
    apiKey: {
      variable: 'KLARNA_API_KEY',
      belongsTo: { test: /^klarna_test_/, live: /^klarna_live_/ },
    },
  },
  headers: ({ credentials }) => ({ Authorization: `Basic ${credentials.apiKey}` }),
  advice: [
    {
      on: 'call',
      status: 401,
      cause:
        'the API key is wrong or was disabled (Klarna disables unused keys after two months), or belongs to the other environment or region',
      fix: 'make a new key in the portal, set KLARNA_API_KEY, and check KLARNA_ENV and the host of the call',
    },
  ],
}));
