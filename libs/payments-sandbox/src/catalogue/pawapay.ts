import { createHash, sign } from 'node:crypto';
import { json } from '../core/reply.js';
import type { AcceptedCall } from '../core/provider-behaviour.js';
import type { ReceivedRequest } from '../core/received-request.js';
import { key } from './machinery/calls.js';
import { inAuthorization } from './machinery/claims.js';
import { counterpart, header, publicKeys } from './machinery/counterpart.js';
import {
  coveredBy,
  digestHolds,
  ecdsaHolds,
  partsOf,
  signatureBase,
  signatureBytes,
} from './machinery/http-signature.js';
import { hidden, known, secret } from './machinery/invented.js';
import { ecKey } from './machinery/key-pairs.js';
import { scheme, type Signed } from './machinery/webhook-scheme.js';
import type { SeededRandom } from '../core/seeded-random.js';

const failure = (failureCode: string, failureMessage: string) => ({
  failureReason: { failureCode, failureMessage },
});
const COMPONENTS = [
  '@method',
  '@authority',
  '@path',
  'signature-date',
  'content-digest',
  'content-type',
  'content-length',
];
const event = (random: SeededRandom) => ({
  depositId: random.hex(32),
  status: 'COMPLETED',
  amount: '100',
  currency: 'ZMW',
});

/** A signature is optional. One that is sent has to be right for the bytes that arrived. */
function signatureHolds(request: ReceivedRequest, privateKey: string): boolean {
  const covered = coveredBy(header(request, 'signature-input'), 'sig-pp');
  if (covered === undefined) return header(request, 'signature') === '';
  const base = signatureBase(covered, partsOf(request));
  if (base === undefined || !COMPONENTS.every((name) => covered.components.includes(name))) return false;
  return (
    digestHolds(request) &&
    ecdsaHolds('sha256', base, privateKey, signatureBytes(header(request, 'signature'), 'sig-pp'))
  );
}

function callbackParts({ body, atMs, url }: Pick<Signed<Record<string, string>>, 'body' | 'atMs' | 'url'>) {
  const { host, pathname } = new URL(url);
  const values: Readonly<Record<string, string>> = {
    '@method': 'POST',
    '@authority': host,
    '@path': pathname,
    'signature-date': new Date(atMs).toISOString(),
    'content-digest': `sha-512=:${createHash('sha512').update(body).digest('base64')}:`,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
  };
  const list = COMPONENTS.map((name) => `"${name}"`).join(' ');
  const created = Math.floor(atMs / 1_000);
  const input = `(${list});created=${created};expires=${created + 60};keyid="HTTP_EC_P256_KEY:1";alg="ecdsa-p256-sha256"`;
  return { values, input };
}

/** pawaPay: a token, and signatures of RFC 9421 for merchants that want them. */
export const pawapay = counterpart(
  'pawapay',
  {
    apiToken: secret('sandbox-token-'),
    keyId: known('sandbox-kid-', 8),
    privateKey: ecKey('P-256'),
    callbackKey: hidden(ecKey('P-256')),
  },
  {
    variables: { apiToken: 'PAWAPAY_API_TOKEN', callbackKey: 'PAWAPAY_CALLBACK_PUBLIC_KEY' },
    carries: key(inAuthorization()),
    refusal: json(401, failure('AUTHENTICATION_ERROR', 'The API token is invalid')),
    lacks: ({ request, bearer }) =>
      signatureHolds(request, bearer.account.credentials.privateKey)
        ? undefined
        : json(403, failure('HTTP_SIGNATURE_ERROR', 'The signature does not hold')),
    forbidden: json(403, failure('AUTHORISATION_ERROR', 'This token may not call this endpoint')),
    error: (_status, message) => failure('UNKNOWN_ERROR', message),
    paymentKeys: ['depositId', 'payoutId', 'refundId'],
    reads: { '/v2/active-conf': { companyName: 'Sandbox', countries: [] } },
    writes: {
      '/v2/deposits': ({ body }: AcceptedCall<Record<string, string>>) => ({
        depositId: body?.['depositId'] ?? null,
        status: 'ACCEPTED',
      }),
    },
    others: [
      publicKeys('/public-key/http', 'callbackKey', (pem) => [{ id: 'HTTP_EC_P256_KEY:1', key: pem }]),
    ],
    webhooks: {
      unsigned: scheme({ event }),
      signature: scheme({
        event,
        header: 'signature',
        sign: (signed) => {
          const { values, input } = callbackParts(signed);
          const base = signatureBase({ components: COMPONENTS, input }, (name) => values[name]) ?? '';
          return sign('sha256', Buffer.from(base), {
            key: signed.keys.callbackKey,
            dsaEncoding: 'ieee-p1363',
          }).toString('base64');
        },
        wrap: (signature) => `sig-pp=:${signature}:`,
        headers: (signed) => {
          const { values, input } = callbackParts(signed);
          return {
            'signature-date': values['signature-date'] ?? '',
            'content-digest': values['content-digest'] ?? '',
            'signature-input': `sig-pp=${input}`,
          };
        },
      }),
    },
  },
);
