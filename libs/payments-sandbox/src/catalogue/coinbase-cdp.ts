import { createPublicKey } from 'node:crypto';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { signature } from './machinery/calls.js';
import { inAuthorization } from './machinery/claims.js';
import { counterpart, header } from './machinery/counterpart.js';
import { uuid } from './machinery/invented.js';
import { readJwt, verifiedJwt } from './machinery/jwt.js';
import { ed25519Base64, ed25519Of } from './machinery/key-pairs.js';
import type { ReceivedRequest } from '../core/received-request.js';

const failure = (errorType: string, errorMessage: string) => ({
  errorType,
  errorMessage,
  correlationId: 'sandbox',
});
const jwtOf = (request: ReceivedRequest) => inAuthorization()(request)?.[0] ?? '';

/** Coinbase CDP: a JSON Web Token per request, signed with an Ed25519 key, for one method and one path. */
export const coinbaseCdp = counterpart(
  'coinbase-cdp',
  { apiKeyId: uuid, apiKeySecret: ed25519Base64 },
  {
    variables: { apiKeyId: 'CDP_API_KEY_ID', apiKeySecret: 'CDP_API_KEY_SECRET' },
    carries: signature(
      (request) => readJwt(jwtOf(request))?.claims['sub'] as string | undefined,
      ({ request, credentials: { apiKeyId, apiKeySecret }, nowMs }) => {
        // Older keys are on P-256, and in PEM.
        const jwt = apiKeySecret.includes('BEGIN')
          ? verifiedJwt(jwtOf(request), createPublicKey(apiKeySecret), 'ES256')
          : verifiedJwt(
              jwtOf(request),
              createPublicKey(ed25519Of(Buffer.from(apiKeySecret, 'base64'))),
              'EdDSA',
            );
        const { iss, nbf, exp, uris } = jwt?.claims ?? {};
        const [path = ''] = request.url.split('?');
        return (
          jwt?.header['kid'] === apiKeyId &&
          typeof jwt.header['nonce'] === 'string' &&
          iss === 'cdp' &&
          Number(nbf) * 1_000 <= nowMs + 5_000 &&
          nowMs < Number(exp) * 1_000 &&
          Number(exp) - Number(nbf) <= 120 &&
          Array.isArray(uris) &&
          uris.includes(`${request.method} ${header(request, 'host')}${path}`)
        );
      },
    ),
    refusal: json(401, failure('unauthorized', 'Unauthorized')),
    forbidden: json(403, failure('forbidden', 'The API key lacks the permission')),
    error: (_status, message) => failure('not_found', message),
    reads: { '/platform/v2/evm/accounts': { accounts: [] } },
    writes: { '/platform/v2/evm/accounts': (call) => json(201, payment(call)) },
  },
);
