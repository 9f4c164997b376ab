import { sign as signatureOf } from 'node:crypto';
import { privateKeyOf } from '../building-blocks/jws.js';
import type { ApiAnswer } from '../strategies/strategy.js';
import { hasCode } from './answers-in-words.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import type { Attempt, ProviderDefinition, SignedAttempt } from './provider-definition.js';
import { publicKeyWebhook } from './webhooks/signature-webhooks.js';

/** What both kinds of credentials may have. */
interface WiseKeys {
  /** An RSA key, as a PEM: it signs the answer when Wise asks for strong customer authentication. */
  readonly privateKey?: string;
  /** A key for webhooks, as a PEM, besides those that Wise publishes. */
  readonly webhookPublicKey?: string;
}

/** Wise's static credentials, with a personal token. */
export interface WiseCredentials extends WiseKeys {
  readonly apiToken: string;
}

/** Wise's static credentials, for partners. */
export interface WiseOauthCredentials extends WiseKeys {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The client certificate that Wise requires of its partners, as a PEM. Logins and calls show it. */
  readonly certificate?: string;
  /** The private key of `certificate`, as a PEM. */
  readonly certificateKey?: string;
}

const WEBHOOK_PUBLIC_KEY = {
  variable: 'WISE_WEBHOOK_PUBLIC_KEY',
  optional: true,
  secret: false,
  format: 'pem',
} as const;

/**
 * Wise's own keys for webhooks, one for each environment and the same for every account.
 *
 * @see https://docs.wise.com/guides/developer/webhooks/event-handling
 */
const PUBLISHED_KEYS = {
  sandbox: `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwpb91cEYuyJNQepZAVfP
ZIlPZfNUefH+n6w9SW3fykqKu938cR7WadQv87oF2VuT+fDt7kqeRziTmPSUhqPU
ys/V2Q1rlfJuXbE+Gga37t7zwd0egQ+KyOEHQOpcTwKmtZ81ieGHynAQzsn1We3j
wt760MsCPJ7GMT141ByQM+yW1Bx+4SG3IGjXWyqOWrcXsxAvIXkpUD/jK/L958Cg
nZEgz0BSEh0QxYLITnW1lLokSx/dTianWPFEhMC9BgijempgNXHNfcVirg1lPSyg
z7KqoKUN0oHqWLr2U1A+7kqrl6O2nx3CKs1bj1hToT1+p4kcMoHXA7kA+VBLUpEs
VwIDAQAB
-----END PUBLIC KEY-----`,
  live: `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvO8vXV+JksBzZAY6GhSO
XdoTCfhXaaiZ+qAbtaDBiu2AGkGVpmEygFmWP4Li9m5+Ni85BhVvZOodM9epgW3F
bA5Q1SexvAF1PPjX4JpMstak/QhAgl1qMSqEevL8cmUeTgcMuVWCJmlge9h7B1CS
D4rtlimGZozG39rUBDg6Qt2K+P4wBfLblL0k4C4YUdLnpGYEDIth+i8XsRpFlogx
CAFyH9+knYsDbR43UJ9shtc42Ybd40Afihj8KnYKXzchyQ42aC8aZ/h5hyZ28yVy
Oj3Vos0VdBIs/gAyJ/4yyQFCXYte64I7ssrlbGRaco4nKF3HmaNhxwyKyJafz19e
HwIDAQAB
-----END PUBLIC KEY-----`,
};

const inCommon = () =>
  ({
    docs: 'https://docs.wise.com/guides/developer/auth-and-security',
    region: 'Worldwide',
    basedOn: '2026-08',
    environments: { sandbox: 'https://api.wise-sandbox.com', live: 'https://api.wise.com' },
    environmentVariable: 'WISE_ENVIRONMENT',
    refusal: {
      // The body is not documented. These are the codes that integrations show.
      refused: (answer: ApiAnswer) =>
        answer.status === 401 && hasCode(answer, 'error', 'invalid_token', 'unauthorized'),
      challenged: ({ status, headers }: ApiAnswer) =>
        status === 403 &&
        headers['x-2fa-approval'] !== undefined &&
        headers['x-2fa-approval-result'] === 'REJECTED',
    },
    probe: { path: '/v2/profiles' },
    webhooks: {
      // The application has configured a key of its own, for example one that Wise has replaced, or that of a sandbox.
      signature: publicKeyWebhook({
        algorithm: 'rsa-sha256',
        key: { credential: 'webhookPublicKey' },
        header: 'x-signature-sha256',
        encoding: 'base64',
      }),
      published: publicKeyWebhook({
        algorithm: 'rsa-sha256',
        key: { environments: PUBLISHED_KEYS },
        header: 'x-signature-sha256',
        encoding: 'base64',
      }),
    },
  }) as const satisfies Partial<ProviderDefinition<WiseKeys>>;

/**
 * Wise: a personal token as a bearer token. When Wise asks a call for strong customer authentication, the call is sent
 * once more, with a signature.
 *
 * @see https://docs.wise.com/guides/developer/auth-and-security
 */
export const wise = builtInProvider<WiseCredentials, 'wise', 'sandbox' | 'live'>('wise', () => ({
  ...inCommon(),
  title: 'Wise',
  credentialsPage: 'Settings > Integrations and tools > API tokens',
  baseUrlVariable: 'WISE_BASE_URL',
  credentials: {
    apiToken: { variable: 'WISE_API_TOKEN' },
    privateKey: { variable: 'WISE_PRIVATE_KEY', optional: true, format: 'pem' },
    webhookPublicKey: WEBHOOK_PUBLIC_KEY,
  },
  headers: ({ credentials }) => ({ Authorization: bearer(credentials.apiToken) }),
  sign: (attempt) => (isAsked(attempt) ? approval(attempt) : {}),
  advice: [
    {
      on: 'call',
      status: 401,
      cause: 'the token is wrong or revoked, or belongs to the other environment',
      fix: 'make a new token, set WISE_API_TOKEN, and check WISE_ENVIRONMENT',
    },
  ],
}));

/**
 * Wise for partners: the OAuth 2.0 client credentials grant, over connections with the client certificate that Wise
 * requires of its partners. The hosts for it are not documented openly.
 *
 * @see https://docs.wise.com/api-docs/api-reference/oauth-token
 */
export const wiseOauth = builtInProvider<WiseOauthCredentials, 'wise-oauth', 'sandbox' | 'live'>(
  'wise-oauth',
  (by) => ({
    ...inCommon(),
    title: 'Wise (partners)',
    credentialsPage: 'issued by Wise for each partner',
    baseUrlVariable: 'WISE_OAUTH_BASE_URL',
    credentials: {
      clientId: { variable: 'WISE_CLIENT_ID', secret: false },
      clientSecret: { variable: 'WISE_CLIENT_SECRET' },
      certificate: { variable: 'WISE_OAUTH_CERTIFICATE', optional: true, secret: false, format: 'pem' },
      certificateKey: { variable: 'WISE_OAUTH_CERTIFICATE_KEY', optional: true, format: 'pem' },
      privateKey: { variable: 'WISE_OAUTH_PRIVATE_KEY', optional: true, format: 'pem' },
      webhookPublicKey: WEBHOOK_PUBLIC_KEY,
    },
    token: by.clientCredentials<WiseOauthCredentials>({
      path: '/oauth/token',
      client: ({ credentials: { clientId, clientSecret } }) => ({ id: clientId, secret: clientSecret }),
      authentication: ['client_secret_basic'],
      documentedLifetimeMs: 12 * 3_600_000,
      // A new token ends the one before it.
      endsEarlierToken: true,
    }),
    tls: ({ credentials: { certificate: cert, certificateKey: key } }) => {
      if (cert === undefined && key === undefined) return undefined;
      if (cert !== undefined && key !== undefined) return { cert, key };
      throw new TypeError('certificate and certificateKey belong together. Configure both.');
    },
    headers: ({ token }) => ({ Authorization: bearer(token) }),
    sign: (attempt) => (isAsked(attempt) ? approval(attempt) : {}),
    advice: [
      {
        on: 'login',
        says: 'client',
        cause: 'the client id or the client secret is wrong, or belongs to the other environment',
        fix: 'compare WISE_CLIENT_ID and WISE_CLIENT_SECRET with what Wise issued; check WISE_ENVIRONMENT',
      },
    ],
  }),
);

type Asked = Pick<Attempt<WiseKeys>, 'credentials' | 'previous' | 'signWith'>;

const ONE_TIME_TOKEN = 'x-2fa-approval';

function isAsked({ previous }: Asked): boolean {
  return previous?.headers[ONE_TIME_TOKEN] !== undefined;
}

/**
 * Strong customer authentication: a 403 brings a one-time token, and the call is sent again with its signature. The key
 * may be in a KMS.
 *
 * @see https://docs.wise.com/guides/developer/auth-and-security/sca-and-2fa
 */
async function approval({ credentials, previous, signWith }: Asked): Promise<SignedAttempt> {
  const { privateKey } = credentials;
  if (signWith === undefined && privateKey === undefined)
    throw new TypeError(
      'Wise asks for a signature (SCA). Configure privateKey, or the provider option signer.',
    );
  const oneTimeToken = previous?.headers[ONE_TIME_TOKEN] ?? '';
  const bytes = Buffer.from(oneTimeToken);
  // RSA with SHA-256.
  const made = (await signWith?.(bytes)) ?? signatureOf('sha256', bytes, privateKeyOf(privateKey ?? ''));
  return {
    headers: {
      'x-2fa-approval': oneTimeToken,
      'X-Signature': Buffer.from(made).toString('base64'),
    },
  };
}
