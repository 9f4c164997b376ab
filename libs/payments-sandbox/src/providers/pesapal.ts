import type { Exchange } from '../core/exchange.js';
import type { AcceptedCall, ProviderBehaviour } from '../core/provider-behaviour.js';
import type { ProviderContext } from '../core/provider-context.js';
import { headerOf, isJson, jsonObjectOf, textOf } from '../core/received-request.js';
import { html, json, type Reply } from '../core/reply.js';
import { bearerToken } from './bearer-token.js';
import { pesapalNotification } from '../signing/pesapal-notification.js';

export type PesapalCredentials = { readonly consumerKey: string; readonly consumerSecret: string };

/** PesaPal API 3.0: a login whose failures come with status 200. */
export const pesapal: ProviderBehaviour<PesapalCredentials, 'pesapal'> = {
  name: 'pesapal',
  hosts: ['api'],
  basePath: '/pesapalv3',
  lifetimeMs: 300_000,
  refusalStatus: 401,
  limits: [],
  tokenFields: { token: 'token', expiry: 'expiryDate' },
  paymentKeys: ['id'],
  webhooks: { notification: pesapalNotification },
  credentials: (random) => ({
    invent: () => ({
      consumerKey: `sandbox-ck-${random.text(24)}`,
      consumerSecret: `sandbox-cs-${random.text(24)}`,
    }),
    identityOf: ({ consumerKey }) => consumerKey,
    secretOf: ({ consumerSecret }) => consumerSecret,
    oldKeyWorksForMs: 0,
  }),
  environment: ({ consumerKey, consumerSecret }, { api = '' }) => ({
    PESAPAL_CONSUMER_KEY: consumerKey,
    PESAPAL_CONSUMER_SECRET: consumerSecret,
    PESAPAL_BASE_URL: api,
  }),
  tokenEndpoint: { path: '/api/Auth/RequestToken', answer: requestToken },
  claims: (request) => textOf(jsonObjectOf(request), 'consumer_key'),
  bearerOf: bearerToken,
  refusal: (status) =>
    json(status, {
      error: {
        error_type: 'authentication_error',
        code: 'invalid_api_credentials_provided',
        message: 'Invalid Access Token',
      },
      status: String(status),
    }),
  error: (status, message) => apiError('internal_error', message, status),
  rateLimited: (retryAfter) => ({
    ...apiError('too_many_requests', 'Too many requests', 429),
    headers: { 'content-type': 'application/json; charset=utf-8', 'retry-after': retryAfter },
  }),
  missedBase: () => html(404, '404 - File or directory not found.'),
  resources: [
    { method: 'POST', path: '/api/URLSetup/RegisterIPN', answer: registerIpn },
    { method: 'GET', path: '/api/URLSetup/GetIpnList', answer: () => json(200, []) },
    { method: 'POST', path: '/api/Transactions/SubmitOrderRequest', answer: submitOrder },
    { method: 'GET', path: '/api/Transactions/GetTransactionStatus', answer: transactionStatus },
  ],
};

function requestToken(exchange: Exchange, context: ProviderContext<PesapalCredentials>): Reply {
  const { request } = exchange;
  const body = jsonObjectOf(request);
  const consumerKey = textOf(body, 'consumer_key');
  const consumerSecret = textOf(body, 'consumer_secret');
  const accepts = /application\/json/i.test(headerOf(request, 'accept') ?? '');
  if (!accepts || !isJson(request) || consumerKey === undefined || consumerSecret === undefined)
    return apiError('invalid_api_request_parameters');
  const proven = context.accounts.proven(consumerKey, consumerSecret);
  if (proven === undefined) return apiError('invalid_consumer_key_or_secret_provided');
  const token = context.mint(proven.account, [], exchange);
  return json(200, {
    token: token.value,
    expiryDate: sevenDigits(token.expiresAtMs, context.random.integer(10_000)),
    error: null,
    status: '200',
    message: 'Request processed successfully',
  });
}

/** A time as .NET writes it: `2021-08-26T12:29:30.5177702Z`. */
function sevenDigits(atMs: number, digits: number): string {
  return new Date(atMs).toISOString().replace('Z', `${String(digits).padStart(4, '0')}Z`);
}

/** An error in PesaPal's envelope. The default status is 200, with which its token endpoint rejects a login. */
function apiError(code: string, message = '', status = 200): Reply {
  return json(status, {
    error: { error_type: 'api_error', code, message },
    status: status === 200 ? '500' : String(status),
  });
}

function registerIpn({ body, context }: AcceptedCall<PesapalCredentials>): Reply {
  const url = textOf(body, 'url');
  if (url === undefined) return apiError('invalid_api_request_parameters', 'url is required', 400);
  return json(200, {
    url,
    created_date: new Date(context.providerNowMs).toISOString(),
    ipn_id: context.random.hex(32),
    notification_type: body?.['ipn_notification_type'] === 'POST' ? 1 : 0,
    ipn_notification_type_description: body?.['ipn_notification_type'] === 'POST' ? 'POST' : 'GET',
    ipn_status: 1,
    ipn_status_description: 'Active',
    error: null,
    status: '200',
  });
}

function submitOrder({ body, context }: AcceptedCall<PesapalCredentials>): Reply {
  const tracking = context.random.hex(32);
  return json(200, {
    order_tracking_id: tracking,
    merchant_reference: textOf(body, 'id') ?? '',
    redirect_url: `https://cybqa.pesapal.test/pesapaliframe/PesapalIframe3/Index?OrderTrackingId=${tracking}`,
    // A success can carry an error object of nulls.
    error: { error_type: null, code: null, message: null },
    status: '200',
  });
}

/** A tracking id that ends in `-completed` is paid; every other one is pending, and PesaPal then answers with an error. */
function transactionStatus({ request }: AcceptedCall<PesapalCredentials>): Reply {
  const tracking = request.query.get('orderTrackingId') ?? '';
  if (tracking.endsWith('-completed'))
    return json(200, {
      payment_method: 'Visa',
      amount: 100,
      payment_status_description: 'Completed',
      status_code: 1,
      currency: 'KES',
      order_tracking_id: tracking,
      error: { error_type: null, code: null, message: null },
      status: '200',
    });
  return json(200, {
    payment_method: '',
    amount: 0,
    payment_status_description: 'INVALID',
    status_code: 0,
    order_tracking_id: tracking,
    error: { error_type: 'api_error', code: 'payment_details_not_found', message: 'Pending Payment' },
    status: '500',
  });
}
