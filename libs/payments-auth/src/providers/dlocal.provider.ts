import { hmac } from '../building-blocks/digests.js';
import { hasCode } from './answers-in-words.js';
import { builtInProvider } from './define-provider.js';
import { customWebhook } from './webhooks/custom-webhook.js';
import { sameText } from '../building-blocks/same-text.js';

/** dLocal's static credentials. */
export interface DlocalCredentials {
  readonly login: string;
  readonly transKey: string;
  readonly secretKey: string;
}

const SCHEME = 'V2-HMAC-SHA256, Signature: ';

/**
 * dLocal, payins: every call is signed over the login, the date and the body. Payouts sign in another way.
 *
 * @see https://docs.dlocal.com/docs/payins-security
 */
export const dlocal = builtInProvider<DlocalCredentials, 'dlocal', 'sandbox' | 'live'>('dlocal', () => ({
  title: 'dLocal',
  docs: 'https://docs.dlocal.com/docs/payins-security',
  region: 'Americas',
  basedOn: '2026-08',
  credentialsPage: 'merchant dashboard, Integration',
  environments: { sandbox: 'https://sandbox.dlocal.com', live: 'https://api.dlocal.com' },
  environmentVariable: 'DLOCAL_ENVIRONMENT',
  baseUrlVariable: 'DLOCAL_BASE_URL',
  credentials: {
    login: { variable: 'DLOCAL_LOGIN' },
    transKey: { variable: 'DLOCAL_TRANS_KEY' },
    secretKey: { variable: 'DLOCAL_SECRET_KEY' },
  },
  headers: ({ credentials: { login, transKey } }) => ({ 'X-Login': login, 'X-Trans-Key': transKey }),
  defaultHeaders: () => ({ 'X-Version': '2.1' }),
  /** @see https://docs.dlocal.com/docs/generate-signature */
  sign({ credentials: { login, secretKey }, body = '', nowMs }) {
    const date = new Date(nowMs).toISOString();
    const text = Buffer.concat([
      Buffer.from(login), // X-Login
      Buffer.from(date), // X-Date
      Buffer.from(body), // the body
    ]);
    return { headers: { 'X-Date': date, Authorization: SCHEME + hmac('sha256', secretKey, text) } };
  },
  refusal: {
    // {"code":3001,"message":"Invalid Credentials"}: dLocal also says this to an address that is not on the allow-list.
    refused: (answer) => [400, 401, 403].includes(answer.status) && hasCode(answer, 'code', '3001'),
    // The account lacks a permission.
    incurable: (answer) => hasCode(answer, 'code', '3002', '3003'),
  },
  webhooks: {
    // The documents say only "the same formula". The date is read from X-Date, as in a call.
    signature: customWebhook({
      keys: ['login', 'secretKey'],
      header: 'authorization',
      proves: 'payload',
      verify({ message, credentials: { login, secretKey }, nowMs }) {
        const { authorization = '', 'x-date': date = '' } = message.headers;
        const text = Buffer.concat([Buffer.from(login + date), message.rawBody]);
        if (!sameText(authorization, SCHEME + hmac('sha256', secretKey, text))) return undefined;
        const signedAtMs = Date.parse(date);
        if (!(Math.abs(nowMs - signedAtMs) <= 300_000)) return undefined;
        return { payload: message.body, signedAtMs };
      },
      sign({ payload, credentials: { login, secretKey }, nowMs }) {
        const body = JSON.stringify(payload);
        const date = new Date(nowMs).toISOString();
        return {
          body,
          headers: {
            'X-Date': date,
            Authorization: SCHEME + hmac('sha256', secretKey, login + date + body),
          },
        };
      },
    }),
  },
  advice: [
    {
      on: 'call',
      says: '3001',
      cause:
        'one of the three keys is wrong, or this address is not on the allow-list: dLocal gives the same answer for both',
      fix: 'compare DLOCAL_LOGIN, DLOCAL_TRANS_KEY and DLOCAL_SECRET_KEY with the dashboard; check the allow-list',
    },
    {
      on: 'call',
      says: '300',
      cause: 'the account may not make this call',
      fix: 'ask dLocal for the permission',
    },
  ],
}));
