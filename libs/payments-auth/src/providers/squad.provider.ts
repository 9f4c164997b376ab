import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Squad's static credentials. */
export interface SquadCredentials {
  /** `sandbox_sk_…` or `sk_…`. It signs the webhooks too. */
  readonly secretKey: string;
}

/**
 * Squad: a secret key as a bearer token.
 *
 * The body of a 401 is not documented, so it never counts against the key. A reading call that is refused is sent once
 * more with another key of the list; a function or a file of credentials is asked again after it.
 *
 * @see https://squadinc.gitbook.io/squad-api-documentation
 */
export const squad = builtInProvider<SquadCredentials, 'squad', 'sandbox' | 'live'>('squad', () => ({
  title: 'Squad',
  docs: 'https://squadinc.gitbook.io/squad-api-documentation',
  region: 'Africa',
  basedOn: '2026-08',
  credentialsPage: 'dashboard, Profile > API & Webhook',
  environments: { sandbox: 'https://sandbox-api-d.squadco.com', live: 'https://api-d.squadco.com' },
  environmentVariable: 'SQUAD_ENVIRONMENT',
  baseUrlVariable: 'SQUAD_BASE_URL',
  credentials: {
    secretKey: { variable: 'SQUAD_SECRET_KEY', belongsTo: { sandbox: /^sandbox_sk_/, live: /^sk_/ } },
  },
  headers: ({ credentials }) => ({ Authorization: bearer(credentials.secretKey) }),
  webhooks: {
    // The hex is in upper case in some integrations, and in lower case in others.
    signature: hmacWebhook({ key: 'secretKey', hash: 'sha512', header: 'x-squad-encrypted-body' }),
  },
  advice: [
    {
      on: 'call',
      status: 401,
      cause: 'the secret key is wrong, or belongs to the other environment',
      fix: 'compare SQUAD_SECRET_KEY with the dashboard; check SQUAD_ENVIRONMENT',
    },
  ],
}));
