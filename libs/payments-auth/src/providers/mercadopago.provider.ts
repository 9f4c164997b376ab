import { hmac } from '../building-blocks/digests.js';
import { textAt } from '../building-blocks/json-value.js';
import { sameText } from '../building-blocks/same-text.js';
import type { ApiAnswer } from '../strategies/strategy.js';
import { hasCode, says } from './answers-in-words.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import type { ProviderDefinition } from './provider-definition.js';
import { customWebhook } from './webhooks/custom-webhook.js';

/** Mercado Pago's static credentials. */
export interface MercadopagoCredentials {
  /** `APP_USR-…` or `TEST-…`: the token says the mode. */
  readonly accessToken: string;
  readonly webhookSecret?: string | readonly string[];
}

/** What a platform holds for one seller. */
export interface MercadopagoOauthCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  readonly webhookSecret?: string | readonly string[];
}

const inCommon = () =>
  ({
    region: 'Americas',
    basedOn: '2026-08',
    environments: { live: 'https://api.mercadopago.com' },
    refusal: {
      // The body is not documented. These are the words that integrations show.
      refused: (answer) =>
        answer.status === 401 && says(answer, 'message', 'invalid access token', 'unauthorized'),
    },
    probe: { path: '/users/me' },
    webhooks: {
      /**
       * A pair without a value is left out of the signed text. An id with letters is signed in lower case, or as it
       * stands: sources differ, so both are tried.
       *
       * @see https://www.mercadopago.com/developers/en/docs/your-integrations/notifications/webhooks
       */
      signature: customWebhook({
        keys: ['webhookSecret'],
        header: 'x-signature',
        proves: 'values',
        confirmWith: 'GET /v1/payments/{id}',
        verify({ message, credentials, nowMs }) {
          const { ts = '', v1 = '' } = listOf(message.headers['x-signature']);
          const id = message.query['data.id'];
          const text = [id?.toLowerCase(), id]
            .map((written) => signedText(written, message.headers['x-request-id'], ts))
            .find((each) => sameText(hmac('sha256', credentials.webhookSecret, each), v1.toLowerCase()));
          if (text === undefined) return undefined;
          // The SDK writes seconds, newer samples write milliseconds.
          const signedAtMs = Number(ts) * (ts.length > 11 ? 1 : 1_000);
          if (!(Math.abs(nowMs - signedAtMs) <= 300_000)) return undefined;
          return { payload: id === undefined ? {} : { 'data.id': id }, id: text, signedAtMs };
        },
        sign({ payload, credentials, nowMs }) {
          const id = textAt(payload, 'data.id') ?? '1';
          const ts = String(Math.floor(nowMs / 1_000));
          const v1 = hmac(
            'sha256',
            credentials.webhookSecret,
            signedText(id.toLowerCase(), 'test-request', ts),
          );
          return {
            query: { 'data.id': id },
            headers: { 'x-request-id': 'test-request', 'x-signature': `ts=${ts},v1=${v1}` },
          };
        },
      }),
    },
  }) as const satisfies Partial<ProviderDefinition<{ readonly webhookSecret?: string | readonly string[] }>>;

/**
 * Mercado Pago: an access token as a bearer token. One host for both modes. Every request other than a GET needs an
 * `X-Idempotency-Key`, which the application sends.
 *
 * @see https://www.mercadopago.com/developers/en/reference
 */
export const mercadopago = builtInProvider<MercadopagoCredentials, 'mercadopago', 'live'>(
  'mercadopago',
  () => ({
    ...inCommon(),
    baseUrlVariable: 'MERCADOPAGO_BASE_URL',
    title: 'Mercado Pago',
    docs: 'https://www.mercadopago.com/developers/en/reference',
    credentialsPage: 'Your integrations, the application, Credentials',
    credentials: {
      accessToken: { variable: 'MERCADOPAGO_ACCESS_TOKEN' },
      webhookSecret: { variable: 'MP_WEBHOOK_SECRET', optional: true },
    },
    headers: ({ credentials }) => ({ Authorization: bearer(credentials.accessToken) }),
    advice: [
      {
        on: 'call',
        status: 401,
        cause: 'the access token is wrong, or was replaced',
        fix: 'copy MERCADOPAGO_ACCESS_TOKEN from the application again',
      },
    ],
  }),
);

/**
 * Mercado Pago, for platforms: a refresh token for each seller. Each use replaces it, so the application has to save
 * the new one.
 *
 * @see https://www.mercadopago.com/developers/en/docs/security/oauth/renewal
 */
export const mercadopagoOauth = builtInProvider<MercadopagoOauthCredentials, 'mercadopago-oauth', 'live'>(
  'mercadopago-oauth',
  (by) => ({
    ...inCommon(),
    baseUrlVariable: 'MERCADOPAGO_OAUTH_BASE_URL',
    title: 'Mercado Pago (OAuth)',
    docs: 'https://www.mercadopago.com/developers/en/docs/security/oauth/renewal',
    credentialsPage: 'Your integrations, the application; the refresh token comes from the consent',
    credentials: {
      clientId: { variable: 'MERCADOPAGO_OAUTH_CLIENT_ID', secret: false },
      clientSecret: { variable: 'MERCADOPAGO_OAUTH_CLIENT_SECRET' },
      refreshToken: { variable: 'MERCADOPAGO_OAUTH_REFRESH_TOKEN' },
      webhookSecret: { variable: 'MP_WEBHOOK_SECRET', optional: true },
    },
    token: by.refreshToken<MercadopagoOauthCredentials>({
      path: '/oauth/token',
      encoding: 'json',
      client: ({ credentials: { clientId, clientSecret } }) => ({ id: clientId, secret: clientSecret }),
      authentication: ['client_secret_post'],
      refreshToken: ({ credentials }) => credentials.refreshToken,
      rotates: true,
      rejected: (answer) =>
        hasCode(answer, 'error', 'invalid_grant', 'invalid_client', 'unauthorized_client') ||
        saysWrongClient(answer),
      // unauthorized_client means here that this seller has not given the application a permission.
      wrongClient: (answer) => hasCode(answer, 'error', 'invalid_client') || saysWrongClient(answer),
      reason: ({ body }) => textAt(body, 'error') ?? textAt(body, 'message'),
      documentedLifetimeMs: 180 * 24 * 3_600_000,
    }),
    headers: ({ token }) => ({ Authorization: bearer(token) }),
    advice: [
      {
        on: 'login',
        says: 'invalid_grant',
        cause: 'the refresh token is used up or revoked',
        fix: 'ask the seller to connect again',
      },
      {
        on: 'login',
        says: 'client',
        cause: 'the client id or the client secret of the application is wrong',
        fix: 'compare MERCADOPAGO_OAUTH_CLIENT_ID and MERCADOPAGO_OAUTH_CLIENT_SECRET with the application',
      },
    ],
  }),
);

/** Older answers have no code, and name the two fields in a sentence. */
function saysWrongClient(answer: ApiAnswer): boolean {
  return [400, 401].includes(answer.status) && says(answer, 'message', 'client_id', 'client_secret');
}

/** `ts=…,v1=…` */
function listOf(header = ''): Partial<Record<'ts' | 'v1', string>> {
  return Object.fromEntries(header.split(',').map((pair) => pair.trim().split('=', 2)));
}

function signedText(id: string | undefined, requestId: string | undefined, ts: string): string {
  const pairs = { id, 'request-id': requestId, ts };
  return Object.entries(pairs)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}:${value};`)
    .join('');
}
