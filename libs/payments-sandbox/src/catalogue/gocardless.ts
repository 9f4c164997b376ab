import { json } from '../core/reply.js';
import type { ReceivedRequest } from '../core/received-request.js';
import { payment } from '../providers/payment.js';
import { key } from './machinery/calls.js';
import { inAuthorization } from './machinery/claims.js';
import { counterpart, header } from './machinery/counterpart.js';
import {
  coveredBy,
  digestHolds,
  ecdsaHolds,
  parameterOf,
  partsOf,
  signatureBase,
  signatureBytes,
} from './machinery/http-signature.js';
import { known, secret } from './machinery/invented.js';
import { ecKey } from './machinery/key-pairs.js';
import { hmacScheme } from './machinery/webhook-scheme.js';

const failure = (code: number, reason: string, message: string) => ({
  error: { type: 'invalid_api_usage', code, message, errors: [{ reason, message }], request_id: 'sandbox' },
});
const ALWAYS = ['@method', '@authority', '@request-target'];
const WITH_BODY = ['content-digest', 'content-type', 'content-length'];

/** The signature base of RFC 9421, with GoCardless' own header names and without an algorithm. It is signed with ECDSA on P-521. */
function signatureHolds(request: ReceivedRequest, keyId: string, privateKey: string): boolean {
  const covered = coveredBy(header(request, 'gc-signature-input'), 'sig-1');
  const base = covered && signatureBase(covered, partsOf(request));
  if (covered === undefined || base === undefined) return false;
  const hasBody = request.body.length > 0;
  return (
    [...ALWAYS, ...(hasBody ? WITH_BODY : [])].join() === covered.components.join() &&
    parameterOf(covered, 'keyid') === keyId &&
    /^\d+$/.test(parameterOf(covered, 'created') ?? '') &&
    parameterOf(covered, 'nonce') !== undefined &&
    (!hasBody || digestHolds(request)) &&
    ecdsaHolds('sha512', base, privateKey, signatureBytes(header(request, 'gc-signature'), 'sig-1'))
  );
}

/** GoCardless: a token and the version of the API; outbound payments are signed. */
export const gocardless = counterpart(
  'gocardless',
  {
    accessToken: secret('sandbox_'),
    webhookSecret: known('sandbox-webhook-'),
    keyId: known('sandbox-kid-', 8),
    privateKey: ecKey('P-521'),
  },
  {
    carries: key(inAuthorization()),
    refusal: json(401, failure(401, 'access_token_not_found', 'The access token you used is not recognised')),
    lacks: ({ request, bearer: { account } }) => {
      if (header(request, 'gocardless-version') === '')
        return json(
          400,
          failure(400, 'missing_version_header', 'Missing required GoCardless-Version header'),
        );
      const isSigned = request.path?.startsWith('/outbound_payments') === true && request.method !== 'GET';
      const { keyId, privateKey } = account.credentials;
      return !isSigned || signatureHolds(request, keyId, privateKey)
        ? undefined
        : json(403, failure(403, 'invalid_request_signature', 'The request signature does not hold'));
    },
    forbidden: json(403, failure(403, 'forbidden', 'You do not have permission to do this')),
    error: (status, message) => failure(status, 'resource_not_found', message),
    reads: { '/creditors': { creditors: [] } },
    writes: {
      '/payments': (call) => json(201, { payments: payment(call) }),
      '/outbound_payments': (call) => json(201, { outbound_payments: payment(call) }),
    },
    webhooks: {
      signature: hmacScheme({
        event: (random) => ({
          events: [{ id: `EV${random.text(8)}`, resource_type: 'payments', action: 'confirmed' }],
        }),
        header: 'webhook-signature',
        key: 'webhookSecret',
      }),
    },
  },
);
