import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { signature } from './machinery/calls.js';
import { inAuthorization } from './machinery/claims.js';
import { counterpart, header } from './machinery/counterpart.js';
import { made, uuid } from './machinery/invented.js';
import { readJwt, verifiedJwt } from './machinery/jwt.js';
import { ecKey, ed25519Base64, ed25519Of } from './machinery/key-pairs.js';
import type { ReceivedRequest } from '../core/received-request.js';

const failure = (errorType: string, errorMessage: string) => ({
  errorType,
  errorMessage,
  correlationId: 'sandbox',
});
/** A P-256 key in base64, without the lines of a PEM. */
const walletKey = made((random, shared) =>
  ecKey('P-256')
    .invent(random, shared)
    .replace(/-----[^-]+-----|\s/g, ''),
);
const uriOf = (request: ReceivedRequest) =>
  `${request.method} ${header(request, 'host')}${request.url.split('?')[0]}`;

/** Compact JSON, with the keys of every object in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const pairs = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(pairs.map(([name, each]) => [name, sorted(each)]));
}

/** A second token over the body, by the key of the wallet. */
function walletTokenHolds(request: ReceivedRequest, walletSecret: string, nowMs: number): boolean {
  const der = { key: Buffer.from(walletSecret, 'base64'), format: 'der', type: 'pkcs8' } as const;
  const key = createPublicKey(createPrivateKey(der));
  const { uris, nbf, jti, reqHash } =
    verifiedJwt(header(request, 'x-wallet-auth'), key, 'ES256')?.claims ?? {};
  const body = request.body.length === 0 ? undefined : sorted(JSON.parse(request.body.toString('utf8')));
  return (
    Array.isArray(uris) &&
    uris.includes(uriOf(request)) &&
    Number(nbf) * 1_000 <= nowMs + 5_000 &&
    typeof jti === 'string' &&
    (body === undefined || reqHash === createHash('sha256').update(JSON.stringify(body)).digest('hex'))
  );
}

const jwtOf = (request: ReceivedRequest) => inAuthorization()(request)?.[0] ?? '';

/** Coinbase CDP: a JSON Web Token per request, signed with an Ed25519 key, for one method and one path. */
export const coinbaseCdp = counterpart(
  'coinbase-cdp',
  { apiKeyId: uuid, apiKeySecret: ed25519Base64, walletSecret: walletKey },
  {
    variables: {
      apiKeyId: 'CDP_API_KEY_ID',
      apiKeySecret: 'CDP_API_KEY_SECRET',
      walletSecret: 'CDP_WALLET_SECRET',
    },
    carries: signature(
      (request) => readJwt(jwtOf(request))?.claims['sub'] as string | undefined,
      ({ request, credentials: { apiKeyId, apiKeySecret, walletSecret }, nowMs }) => {
        // Older keys are on the curve P-256, and in PEM.
        const jwt = apiKeySecret.includes('BEGIN')
          ? verifiedJwt(jwtOf(request), createPublicKey(apiKeySecret), 'ES256')
          : verifiedJwt(
              jwtOf(request),
              createPublicKey(ed25519Of(Buffer.from(apiKeySecret, 'base64'))),
              'EdDSA',
            );
        const { iss, nbf, exp, uris } = jwt?.claims ?? {};
        return (
          jwt?.header['kid'] === apiKeyId &&
          typeof jwt.header['nonce'] === 'string' &&
          iss === 'cdp' &&
          Number(nbf) * 1_000 <= nowMs + 5_000 &&
          nowMs < Number(exp) * 1_000 &&
          Number(exp) - Number(nbf) <= 120 &&
          Array.isArray(uris) &&
          uris.includes(uriOf(request)) &&
          (header(request, 'x-wallet-auth') === '' || walletTokenHolds(request, walletSecret, nowMs))
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
