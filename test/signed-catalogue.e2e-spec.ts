import {
  createHash,
  createPublicKey,
  createVerify,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AxiosRequestConfig } from 'axios';
import { BUILT_IN_PROVIDERS, hmac } from 'nestjs-payments-auth';
import { ManualClock, signAttempt, type SignedCall } from 'nestjs-payments-auth/testing';
import { type CatalogueName, type SandboxProvider, startSandbox } from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { VECTOR_KEYS } from '../libs/payments-sandbox/src/testing/catalogue/vector-keys.js';
import { startApplication } from './support/application.js';
import { createCertificate } from './support/certificate.js';
import { json, startLoopbackServer } from './support/loopback-server.js';
import { outsideOfTest } from './support/sandbox-bed.js';
import { startTlsFront, type TlsFront } from './support/tls.js';
import { failure, outwaited } from './support/waiting.js';

// The providers that sign each request: the vectors of their formulas, what their counterparts verify of the bytes that
// arrive, and how a replay is signed.

type Keys = Readonly<Record<string, string>>;

const definitionOf = (name: string) => {
  const found = BUILT_IN_PROVIDERS.find((definition) => definition.name === name);
  if (found === undefined) throw new Error(`there is no provider ${name}`);
  return found;
};

const AT_MS = 1_700_000_000_000;
const EVENT = '{"id":"evt_1","type":"payment.succeeded","amount":100}';

let ends: (() => Promise<unknown>)[];

beforeEach(() => {
  ends = [];
});

afterEach(async () => {
  for (const end of ends.toReversed()) await end();
});

/** One request with a published signature. */
interface RequestVector {
  readonly provider: string;
  readonly keys: Keys;
  readonly call: Omit<Parameters<typeof signAttempt>[1], 'credentials' | 'nowMs'> & {
    readonly nowMs?: number;
  };
  /** Headers that are exactly these, because the algorithm gives one result. */
  readonly exact?: Keys;
  /** What is true of the other headers, where the signature is different each time. */
  readonly holds?: (signed: SignedCall) => boolean;
}

const signed = ({ provider, keys, call }: RequestVector) =>
  signAttempt(definitionOf(provider), { nowMs: AT_MS, ...call, credentials: keys });

/** Random bytes that come out as `text` in base64url. */
const asBase64url = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'));

/** Random bytes that come out as the number `text`. */
function asNumber(text: string): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(text));
  return new Uint8Array(bytes);
}

/** An Ed25519 key as Coinbase hands it out: the seed and the public half, 32 bytes each. */
const ED25519 = Buffer.concat(
  [VECTOR_KEYS.ed.priv, VECTOR_KEYS.ed.pub].map((pem) =>
    Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64').subarray(-32),
  ),
).toString('base64');

const GOCARDLESS_BASE = [
  '"@method": POST',
  '"@authority": api-sandbox.gocardless.com',
  '"@request-target": /outbound_payments',
  '"content-digest": sha256=:c6Wie9ZQ8b6chPPtmgw6/WkY4uZq5txeF04d1OQ7e7w=:',
  '"content-type": application/json',
  '"content-length": 54',
  '"@signature-params": ("@method" "@authority" "@request-target" "content-digest" "content-type" "content-length");keyid="key-1";created=1700000000;nonce="nonce-1"',
].join('\n');

/** Verifies a signature over the base of the vector, in which only the nonce is that of this library. */
function holdsOverGocardlessBase({ headers }: SignedCall): boolean {
  const [, nonce = ''] = /;nonce="([^"]+)"$/.exec(headers['gc-signature-input'] ?? '') ?? [];
  const base = GOCARDLESS_BASE.replace('nonce-1', nonce);
  const [, signature = ''] = /^sig-1=:([^:]+):$/.exec(headers['gc-signature'] ?? '') ?? [];
  const [, parameters = ''] = base.split('"@signature-params": ');
  return (
    headers['gc-signature-input'] === `sig-1=${parameters}` &&
    createVerify('sha512').update(base).verify(VECTOR_KEYS.p521.pub, Buffer.from(signature, 'base64'))
  );
}

const TRUELAYER_PAYLOAD = 'POST /payouts\nIdempotency-Key: idem-1\n{"currency":"GBP","amount_in_minor":100}';
const TRUELAYER_HEADER = '{"alg":"ES512","kid":"kid-1","tl_version":"2","tl_headers":"Idempotency-Key"}';

function holdsOverTruelayerPayload({ headers }: SignedCall): boolean {
  const [head = '', none, signature = ''] = (headers['tl-signature'] ?? '').split('.');
  const bytes = Buffer.from(`${head}.${Buffer.from(TRUELAYER_PAYLOAD).toString('base64url')}`);
  const key = { key: createPublicKey(VECTOR_KEYS.p521.pub), dsaEncoding: 'ieee-p1363' } as const;
  return (
    none === '' &&
    Buffer.from(head, 'base64url').toString() === TRUELAYER_HEADER &&
    verify('sha512', bytes, key, Buffer.from(signature, 'base64url'))
  );
}

const PAWAPAY_KEYS = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** Checks that the base has the hash of the vector, and verifies the signature, which is different each time. */
function holdsOverPawapayBase(dsaEncoding: 'ieee-p1363' | 'der'): (signed: SignedCall) => boolean {
  return ({ headers }) => {
    const [, list = '', parameters = ''] =
      /^sig-pp=\((.*)\)(;.*)$/.exec(headers['signature-input'] ?? '') ?? [];
    const parts: Keys = {
      '@method': 'POST',
      '@authority': 'api.sandbox.pawapay.io',
      '@path': '/v2/deposits',
      'content-length': '7',
      ...headers,
    };
    const lines = list.split(' ').map((name) => `${name}: ${parts[name.slice(1, -1)]}`);
    const base = Buffer.from([...lines, `"@signature-params": (${list})${parameters}`].join('\n'));
    const [, signature = ''] = /^sig-pp=:([^:]+):$/.exec(headers.signature ?? '') ?? [];
    return (
      createHash('sha256').update(base).digest('hex') ===
        '4f8af64d5821ae2bebf12a75ddb1f8700add5c16cd9a9f654a63044aa6f8f1c0' &&
      verify('sha256', base, { key: PAWAPAY_KEYS.publicKey, dsaEncoding }, Buffer.from(signature, 'base64'))
    );
  };
}

const pawapayRequest = (signatureFormat: 'rs' | 'der'): RequestVector => ({
  provider: 'pawapay',
  keys: {
    apiToken: 'invented',
    keyId: 'invented-key',
    signatureFormat,
    privateKey: PAWAPAY_KEYS.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  },
  call: {
    method: 'POST',
    url: 'https://api.sandbox.pawapay.io/v2/deposits',
    headers: { 'Content-Type': 'application/json' },
    body: '{"a":1}',
    nowMs: Date.parse('2026-01-01T00:00:00.000Z'),
  },
  exact: {
    authorization: 'Bearer invented',
    'signature-date': '2026-01-01T00:00:00.000Z',
    'content-digest':
      'sha-512=:77eoKY+QWudD2+IVLhYkFfYqFtLVrFx4gW3NVxFOeldHKbgTmI8dCYTPbzjE/Mmjfqn+w9o1GYNTb3J4XXq3Bw==:',
  },
  holds: holdsOverPawapayBase(signatureFormat === 'der' ? 'der' : 'ieee-p1363'),
});

const WISE_SCA =
  'W7T58Xzm25v6RD/0XpmpPvBJiXDWDx2wZzXFV5C3jr8KuzoUYsT1cFbquXtwazqiwzdHNB71ITSyMj6MYmXV2vju/xyMCkTvm5p5h6BzknzJTPjQmHU83Epp31DyDYu+tG3myW9rjCigotYLyj8CfSaHoT68/HbFN+PW2KzFyLpHzA8VmQBND8k62Eqd86ClO6k7FOYc3bwt8nB0YYfJL0yewgPN4Krs1UfIXlgow3AY4uwqLRYU7UHSdxkCqxr9scZSulr6KV6WZ6SMJVcVOOwAwrNemmkZnGz4oC8DnLZEBM4R5HvuP1joqwY3HLlvGthSevOLUaaaIQqoG3T7HA==';
const wiseSca = (provider: string, keys: Keys): RequestVector => ({
  provider,
  keys: { ...keys, privateKey: VECTOR_KEYS.rsa.priv },
  call: {
    method: 'POST',
    url: 'https://api.wise-sandbox.com/v3/profiles/1/transfers/1/payments',
    body: '{}',
    previous: {
      status: 403,
      headers: { 'x-2fa-approval': 'ott-1', 'x-2fa-approval-result': 'REJECTED' },
    },
  },
  exact: { 'x-2fa-approval': 'ott-1', 'x-signature': WISE_SCA },
});

/** Every vector of a request in the documents of the providers. */
const REQUESTS: Readonly<Record<string, RequestVector>> = {
  'dlocal.request': {
    provider: 'dlocal',
    keys: { login: 'LOGIN1', transKey: 'TRANS1', secretKey: 'dlsecret' },
    call: {
      method: 'POST',
      url: 'https://sandbox.dlocal.com/payments',
      body: '{"amount":100}',
      nowMs: Date.parse('2023-11-14T22:13:20.123Z'),
    },
    exact: {
      'x-login': 'LOGIN1',
      'x-trans-key': 'TRANS1',
      'x-version': '2.1',
      'x-date': '2023-11-14T22:13:20.123Z',
      authorization:
        'V2-HMAC-SHA256, Signature: 1dcae680ec79e2948dc7a9c67560ffdf267a41228cb5954d55581151c4c835cd',
    },
  },
  'rapyd.request': {
    provider: 'rapyd',
    keys: { accessKey: 'AK1', secretKey: 'SK1' },
    call: {
      method: 'POST',
      url: 'https://sandboxapi.rapyd.net/v1/payments',
      body: '{"amount":10}',
      random: asBase64url('salt1234'),
    },
    exact: {
      access_key: 'AK1',
      salt: 'salt1234',
      timestamp: '1700000000',
      'content-type': 'application/json',
      signature: 'MDAxNDUxOGNhMjZmOGMzYjFiMDNiOGVhNGRmNTg1MDhmYjFhYTZmMWM0NTE4NWU3ODUyZTFlNTI1NDY2NzczMg==',
    },
  },
  'iyzico.request': {
    provider: 'iyzico',
    keys: { apiKey: 'izkey', secretKey: 'izsecret' },
    call: {
      method: 'POST',
      url: 'https://sandbox-api.iyzipay.com/payment/test',
      body: '{"locale":"tr"}',
      random: asNumber('123456789'),
    },
    exact: {
      'x-iyzi-rnd': '123456789',
      authorization:
        'IYZWSv2 YXBpS2V5Oml6a2V5JnJhbmRvbUtleToxMjM0NTY3ODkmc2lnbmF0dXJlOjA5MzJhMzY1ZjlkY2Q1YTBkZTc5YmJiMTA4YmRmYjExNjc1MmFlMmJkZDZmOWRkNzZlMGZlYzk4MzVjYWU0NjE=',
    },
  },
  'worldline.get': {
    provider: 'worldline',
    keys: { apiKeyId: 'KEYID1', secretApiKey: 'wlsecret' },
    call: {
      method: 'GET',
      url: 'https://payment.preprod.direct.worldline-solutions.com/v2/1234/services/testconnection',
    },
    exact: {
      date: 'Tue, 14 Nov 2023 22:13:20 GMT',
      authorization: 'GCS v1HMAC:KEYID1:sY4eNBXSDCo90VOGLeR3rhEcMSnceWZana5+FED4gHk=',
    },
  },
  'worldline.post': {
    provider: 'worldline',
    keys: { apiKeyId: 'KEYID1', secretApiKey: 'wlsecret' },
    call: {
      method: 'POST',
      url: 'https://payment.preprod.direct.worldline-solutions.com/v2/1234/payments',
      headers: {
        'Content-Type': 'application/json; charset=utf-8',
        'X-GCS-Idempotence-Key': ' idem-1 ',
      },
      body: '{}',
    },
    exact: { authorization: 'GCS v1HMAC:KEYID1:Zjussmjg7Aoya951zrBDWGv4Vt7MkiKBjVRgoFbd0Us=' },
  },
  'coinbase.cdp': {
    provider: 'coinbase-cdp',
    keys: { apiKeyId: 'key-1', apiKeySecret: ED25519 },
    call: {
      method: 'GET',
      url: 'https://api.cdp.coinbase.com/platform/v2/evm/accounts?pageSize=2',
      random: new Uint8Array(Buffer.from('0123456789abcdef', 'hex')),
    },
    exact: {
      authorization:
        'Bearer eyJhbGciOiJFZERTQSIsImtpZCI6ImtleS0xIiwidHlwIjoiSldUIiwibm9uY2UiOiIwMTIzNDU2Nzg5YWJjZGVmIn0.eyJzdWIiOiJrZXktMSIsImlzcyI6ImNkcCIsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwMTIwLCJ1cmlzIjpbIkdFVCBhcGkuY2RwLmNvaW5iYXNlLmNvbS9wbGF0Zm9ybS92Mi9ldm0vYWNjb3VudHMiXX0.k615-f5lLoT37yJIHM_mtRX0Wb293ZNs7WDTefnLUEp3dMT2rSBPfW3FF6u3dnxe3i-bDZr3DSC1dP0uY68YAA',
    },
  },
  'gocardless.request': {
    provider: 'gocardless',
    keys: { accessToken: 'sandbox_invented', keyId: 'key-1', privateKey: VECTOR_KEYS.p521.priv },
    call: {
      method: 'POST',
      url: 'https://api-sandbox.gocardless.com/outbound_payments',
      headers: { 'Content-Type': 'application/json' },
      body: EVENT,
    },
    exact: {
      authorization: 'Bearer sandbox_invented',
      'gocardless-version': '2015-07-06',
      'content-digest': 'sha256=:c6Wie9ZQ8b6chPPtmgw6/WkY4uZq5txeF04d1OQ7e7w=:',
    },
    holds: holdsOverGocardlessBase,
  },
  'truelayer.request': {
    provider: 'truelayer',
    keys: { clientId: 'c', clientSecret: 's', keyId: 'kid-1', privateKey: VECTOR_KEYS.p521.priv },
    call: {
      method: 'POST',
      url: 'https://api.truelayer-sandbox.com/payouts',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'idem-1' },
      body: '{"currency":"GBP","amount_in_minor":100}',
      token: 'invented',
    },
    exact: { authorization: 'Bearer invented' },
    holds: holdsOverTruelayerPayload,
  },
  'pawapay.request': pawapayRequest('rs'),
  'pawapay.request as DER': pawapayRequest('der'),
  'selcom.request': {
    provider: 'selcom',
    keys: { apiKey: 'invented-key', apiSecret: 'invented-secret' },
    call: {
      method: 'POST',
      url: 'https://apigwtest.selcommobile.com/v1/checkout/create-order',
      headers: { 'Content-Type': 'application/json' },
      body: '{"transid":"T1","amount":100}',
      nowMs: Date.parse('2026-01-01T00:00:00+03:00'),
    },
    exact: {
      authorization: 'SELCOM aW52ZW50ZWQta2V5',
      'digest-method': 'HS256',
      timestamp: '2026-01-01T00:00:00+03:00',
      'signed-fields': 'transid,amount',
      digest: '2WPrsiPeqDhkCcpqpCBChExGx44rgLkgk8hRe3+SAgY=',
    },
  },
  'wise.sca': wiseSca('wise', { apiToken: 'invented' }),
  'wise.sca of partners': wiseSca('wise-oauth', { clientId: 'c', clientSecret: 's' }),
};

describe.each(Object.entries(REQUESTS))('the vector %s', (_, vector) => {
  it('is met by the definition', async () => {
    const made = await signed(vector);
    expect(made.headers).toMatchObject(vector.exact ?? {});
    expect(vector.holds?.(made) ?? true).toBe(true);
  });

  it('is not met with another key', async () => {
    const { call, keys, exact = {}, holds } = vector;
    const [name = '', value = ''] = Object.entries(keys).at(-1) ?? [];
    const other = value.includes('-----BEGIN')
      ? OTHER_KEYS[vector.provider.startsWith('wise') ? 'rsa' : 'p521']
      : vector.provider === 'coinbase-cdp'
        ? OTHER_ED25519
        : `${value}-another`;
    const { headers } = await signed({ ...vector, keys: { ...keys, [name]: other } });
    const isStillMet =
      Object.entries(exact).every(([header, text]) => headers[header] === text) &&
      (holds?.({ url: call.url, headers }) ?? true);
    expect(isStillMet).toBe(false);
  });
});

const pemOf = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const OTHER_KEYS = {
  rsa: pemOf(generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey),
  p521: pemOf(generateKeyPairSync('ec', { namedCurve: 'secp521r1' }).privateKey),
};
const OTHER_ED25519 = (() => {
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return Buffer.concat([Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')]).toString('base64');
})();

describe('pawaPay', () => {
  it.each(['privateKey', 'keyId'])(
    'is sent no payment where %s is missing beside the other',
    async (field) => {
      const { provider, send } = await startBed('pawapay', {
        credentials: { ...pawapayRequest('rs').keys, [field]: undefined } as unknown as Keys,
      });
      const error = await failure(send(pay('/v2/deposits')));
      expect(error).toMatchObject({ code: 'SIGNING_FAILED' });
      expect(error.message).toContain('privateKey and keyId belong together');
      expect(provider.counts.calls).toBe(0);
    },
  );
});

describe('a key that stands in a KMS', () => {
  it.each(['gocardless.request', 'truelayer.request'])(
    'signs %s, in the DER that it answers with',
    async (name) => {
      const { provider, keys, call, exact = {}, holds } = REQUESTS[name] as RequestVector;
      const { privateKey = '', ...others } = keys;
      const made = await signed({
        provider,
        keys: others,
        call: { ...call, signer: async (bytes: Uint8Array) => sign('sha512', bytes, privateKey) },
      });
      expect(made.headers).toMatchObject(exact);
      expect(holds?.(made)).toBe(true);
    },
  );

  it.each(['gocardless.request', 'truelayer.request'])('is asked of the signer of %s', async (name) => {
    const vector = REQUESTS[name] as RequestVector;
    const { privateKey: _, ...others } = vector.keys;
    await expect(signed({ ...vector, keys: others })).rejects.toThrow('or the provider option signer');
  });
});

describe('the published signature', () => {
  it('of GoCardless holds over the base that the definition builds', () => {
    const der =
      'MIGHAkIB7xtxCKJM6J6ZKSacufZOlOhNvPoPqaF2S1th8vWDiCN3if3fb3CUrECn0kDwACf3RX7KBqAOjjVjfRNwdUfueG8CQROp4COdm3Kp/kFv9BEQGYoiscd3eKpQdQv+pQqCLTCfaP3y6bnvuezoe5UKHO1+zcJUYv8kTMuRifkxFgUyrDqC';
    const check = createVerify('sha512').update(GOCARDLESS_BASE);
    expect(check.verify(VECTOR_KEYS.p521.pub, Buffer.from(der, 'base64'))).toBe(true);
  });

  it('of TrueLayer holds over the payload that the definition builds', () => {
    const text =
      'eyJhbGciOiJFUzUxMiIsImtpZCI6ImtpZC0xIiwidGxfdmVyc2lvbiI6IjIiLCJ0bF9oZWFkZXJzIjoiSWRlbXBvdGVuY3ktS2V5In0..ACv-rWIPE60pUxh64Scln9F_YHaSVMH7SrMVclOsKK0V74yfXfHYJn2KITCbOaL3byzqbU9TU1mUQy0ViwYRuYlRAf1yiYG_ZiA1sa7o3XZyH9vK8JGH5ubGnGnneQZhbig0_T5uZJ1x40ca8-2RQlqsWLyk2QaPLLrX3Ez0szv2Ax0g';
    expect(holdsOverTruelayerPayload({ url: '', headers: { 'tl-signature': text } })).toBe(true);
  });
});

describe('the vector revolut.assertion', () => {
  it('is what a login of Revolut Business sends, byte for byte', async () => {
    const server = await startLoopbackServer((_, response) =>
      json(response, 200, { access_token: 'invented-token', token_type: 'bearer', expires_in: 2_399 }),
    );
    ends.push(() => server.close());
    const application = await startApplication(
      {
        providers: {
          'revolut-business': {
            baseUrl: server.url,
            credentials: {
              clientId: 'client-1',
              issuer: 'example.com',
              privateKey: VECTOR_KEYS.rsa.priv,
              refreshToken: 'oa_invented',
            },
          },
        },
      },
      { clock: new ManualClock(AT_MS) },
    );
    ends.push(() => application.close());
    await application.paymentsAuth.credentials('revolut-business').get();
    expect(Object.fromEntries(new URLSearchParams(server.requests[0]?.body.toString()))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'oa_invented',
      client_id: 'client-1',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion:
        'eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJleGFtcGxlLmNvbSIsInN1YiI6ImNsaWVudC0xIiwiYXVkIjoiaHR0cHM6Ly9yZXZvbHV0LmNvbSIsImV4cCI6MTcwMDAwMzYwMH0.P4PGs8qNAldlIUwyrOaSKQ2X1lLWXP6nJudbfNarYuBi_3KJ_D65alMtlCbRCSjV1bNdOe2pE5LbpSSRy2g0n6Edjou4VpdE5676gvQ1P0zMpzsN1ceG516qvWKFMZ_AYsYzAHofzlY74c-iPDeNuwXckNiEsjuJa_HhFhE_q3HVXEvwB6rk4dCiurgd0YXxiIFJlBhiSkww92yLnMCl3WQmamTzMtg_McFpb5nMB_smu-RjtvQGEVJX-7ySGFp3jU-DSuoAeJWpgDllnLoDV_SpBXxuDf0xrNiY6cLwtgdUrz05joYVeCWIwhPiilYONqkRJvjNY0BZnn2ZKB-NyA',
    });
  });
});

describe('the vector iyzico.response', () => {
  it('is met by hmac() over the fields of an answer', () => {
    const fields = ['123', 'TRY', 'B1', 'conv-1', '1', '1'];
    expect(hmac('sha256', 'izsecret', fields.join(':'))).toBe(
      'b3eca289ca064fd4b20fa78bb46a7fafd8e8cc3adc8c8b2a7d6c5f2310f93b76',
    );
  });
});

// --- The counterparts ---------------------------------------------------------------------------------------------

/** A request that a provider signs, and the changes on its way that the signature shows. */
interface SignedCallOf {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Keys;
  readonly body?: string;
  /** The changes that the signature shows, by the documents of the provider. No other part is signed. */
  readonly covers: readonly Change[];
}

type Change = 'body' | 'query' | 'path' | 'method' | 'header';
const JSON_TYPE = { 'Content-Type': 'application/json' };

const SIGNED_CALLS: Partial<Record<CatalogueName, SignedCallOf & { readonly signedHeader?: string }>> = {
  dlocal: { path: '/payments', headers: JSON_TYPE, body: EVENT, covers: ['body'] },
  rapyd: {
    path: '/v1/payments?a=b%20c',
    headers: JSON_TYPE,
    body: EVENT,
    covers: ['body', 'query', 'path', 'method'],
  },
  iyzico: { path: '/payment/auth', headers: JSON_TYPE, body: EVENT, covers: ['body', 'path'] },
  worldline: {
    path: '/v2/{merchantId}/payments?a=b%20c',
    headers: { ...JSON_TYPE, 'X-GCS-Idempotence-Key': 'idem-1' },
    body: EVENT,
    signedHeader: 'x-gcs-idempotence-key',
    covers: ['query', 'path', 'method', 'header'],
  },
  'coinbase-cdp': {
    path: '/platform/v2/evm/accounts',
    headers: JSON_TYPE,
    body: '{"name":"one","address":{"b":1,"a":2}}',
    covers: ['body', 'path', 'method'],
  },
  gocardless: {
    path: '/outbound_payments?a=b%20c',
    headers: { ...JSON_TYPE, 'Idempotency-Key': 'idem-1' },
    body: EVENT,
    signedHeader: 'content-type',
    covers: ['body', 'query', 'path', 'method', 'header'],
  },
  truelayer: {
    path: '/payouts',
    headers: { ...JSON_TYPE, 'Idempotency-Key': 'idem-1' },
    body: EVENT,
    signedHeader: 'idempotency-key',
    covers: ['body', 'path', 'method', 'header'],
  },
};

interface Message {
  readonly method: string;
  readonly url: string;
  readonly headers: Keys;
  readonly body?: string;
}

/** How a proxy or a forger changes a request. */
const CHANGES: Readonly<Record<Change, (message: Message, header: string) => Message>> = {
  body: (message) => ({ ...message, body: (message.body ?? '').replace(/\d/, '7') }),
  query: (message) => ({ ...message, url: `${message.url}${message.url.includes('?') ? '&' : '?'}b=1` }),
  path: (message) => ({ ...message, url: message.url.replace(/(\/[^/?]+)(\?|$)/, '$1/other$2') }),
  method: (message) => ({ ...message, method: 'PUT' }),
  header: (message, header) => ({ ...message, headers: { ...message.headers, [header]: 'text/another' } }),
};

/** Sends exactly these bytes. fetch would choose some of them by itself. */
function sendAsIs({ method, url, headers, body = '' }: Message): Promise<number> {
  return new Promise((resolve, reject) => {
    const length = { 'content-length': String(Buffer.byteLength(body)) };
    httpRequest(url, { method, headers: { ...headers, ...length }, agent: false }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    })
      .on('error', reject)
      .end(body);
  });
}

interface Bed {
  readonly provider: SandboxProvider;
  readonly clock: ManualClock;
  readonly send: (config: AxiosRequestConfig) => ReturnType<typeof firstValueFrom<any>>;
  readonly authenticate: (message: Message) => Promise<Message>;
}

async function startBed(name: CatalogueName, options: object = {}): Promise<Bed> {
  const clock = new ManualClock();
  const sandbox = await startSandbox({ providers: [name], seed: `signed ${name}`, clock });
  ends.push(() => sandbox.close());
  const provider = sandbox.provider(name) as unknown as SandboxProvider;
  const application = await startApplication(
    { providers: { [name]: { keepWarm: 'when-used', ...options } } },
    { clock, variables: provider.environment },
  );
  ends.push(() => application.close());
  const http = application.paymentsAuth.http(name);
  return {
    provider,
    clock,
    send: (config) => outsideOfTest(() => outwaited(clock, firstValueFrom(http.request(config)))),
    authenticate: async (message) => {
      const { url, headers, body } = await application.paymentsAuth.credentials(name).authenticate(message);
      return { ...message, url, headers, ...(body === undefined ? {} : { body: String(body) }) };
    },
  };
}

describe.each(Object.entries(SIGNED_CALLS))('the counterpart of %s', (name, call) => {
  it('verifies the signature over the bytes that arrive, and over nothing else', async () => {
    const { provider, authenticate } = await startBed(name as CatalogueName);
    const { method = 'POST', headers = {}, body, covers, signedHeader = '' } = call;
    const path = call.path.replace('{merchantId}', String((provider.credentials as Keys)['merchantId']));
    // A nonce may be used once, so each request is signed separately.
    const genuine = () =>
      authenticate({ method, url: path, headers, ...(body === undefined ? {} : { body }) });
    const judged = async (message: Message) => {
      const before = provider.counts;
      await sendAsIs(message);
      const { refusals, calls } = provider.counts;
      const outcome = provider.requests.at(-1)?.outcome;
      expect(calls).toBe(before.calls + 1);
      return refusals === before.refusals && outcome !== 'declined' ? 'holds' : 'does not hold';
    };

    expect(await judged(await genuine())).toBe('holds');
    for (const change of covers) {
      const message = CHANGES[change](await genuine(), signedHeader);
      expect([change, await judged(message)]).toEqual([change, 'does not hold']);
    }
    const uncovered = (['body', 'query'] as const).filter((change) => !covers.includes(change));
    for (const change of uncovered) {
      const message = CHANGES[change](await genuine(), signedHeader);
      expect([change, await judged(message)]).toEqual([change, 'holds']);
    }
    expect(provider.counts.executions).toBe(uncovered.length + 1);
  });
});

// --- Replays ------------------------------------------------------------------------------------------------------

interface ReplayOf {
  readonly call: AxiosRequestConfig;
  /** The header or field that identifies the payment. It must stay the same. */
  readonly payment: (sent: Sent) => unknown;
  /** The time of the signature, where the provider wants one. */
  readonly time?: (sent: Sent) => unknown;
  /** The nonce of the signature, where the provider wants one. */
  readonly nonce?: (sent: Sent) => unknown;
  readonly signature: (sent: Sent) => unknown;
}

type Sent = SandboxProvider['requests'][number];

const inHeader = (name: string) => (sent: Sent) => sent.headers[name];
const inBody = (name: string) => (sent: Sent) => (JSON.parse(sent.body) as Keys)[name];
const inInput = (pattern: RegExp) => (sent: Sent) =>
  pattern.exec(String(sent.headers['gc-signature-input']))?.[1];
const inJwt = (part: 0 | 1, name: string) => (sent: Sent) => {
  const text = String(sent.headers.authorization).slice('Bearer '.length).split('.')[part] ?? '';
  return (JSON.parse(Buffer.from(text, 'base64url').toString()) as Keys)[name];
};
const pay = (url: string, headers: Keys = {}, data: object = {}): AxiosRequestConfig => ({
  method: 'POST',
  url,
  headers,
  data: { amount: 100, currency: 'EUR', ...data },
});
const withAuthorization = { signature: inHeader('authorization') };

const REPLAYS: Partial<Record<CatalogueName, ReplayOf>> = {
  dlocal: {
    call: pay('/payments', { 'X-Idempotency-Key': 'payment-1' }),
    payment: inHeader('x-idempotency-key'),
    time: inHeader('x-date'),
    ...withAuthorization,
  },
  rapyd: {
    call: pay('/v1/payments', { idempotency: 'payment-1' }),
    payment: inHeader('idempotency'),
    time: inHeader('timestamp'),
    nonce: inHeader('salt'),
    signature: inHeader('signature'),
  },
  iyzico: {
    call: pay('/payment/auth', {}, { conversationId: 'payment-1' }),
    payment: inBody('conversationId'),
    nonce: inHeader('x-iyzi-rnd'),
    ...withAuthorization,
  },
  worldline: {
    call: pay('/v2/1/payments', { 'X-GCS-Idempotence-Key': 'payment-1' }),
    payment: inHeader('x-gcs-idempotence-key'),
    time: inHeader('date'),
    ...withAuthorization,
  },
  gocardless: {
    call: pay('/outbound_payments', { 'Idempotency-Key': 'payment-1' }),
    payment: inHeader('idempotency-key'),
    time: inInput(/created=(\d+)/),
    nonce: inInput(/nonce="([^"]+)"/),
    signature: inHeader('gc-signature'),
  },
  // The words of a refusal are not documented, so only reading calls are sent again.
  'coinbase-cdp': {
    call: { url: '/platform/v2/evm/accounts', headers: { 'X-Idempotency-Key': 'payment-1' } },
    payment: inHeader('x-idempotency-key'),
    time: inJwt(1, 'nbf'),
    nonce: inJwt(0, 'nonce'),
    ...withAuthorization,
  },
};

describe.each(Object.entries(REPLAYS))(
  'a replay to %s',
  (name, { call, payment, time, nonce, signature }) => {
    it('is signed anew, with a new time and nonce, for the same payment', async () => {
      let betweenMs = 0;
      const bed: Bed = await startBed(name as CatalogueName, {
        // Between the refusal and the replay, time passes.
        credentials: async () => {
          if (betweenMs > 0) await bed.clock.advance(betweenMs);
          return bed.provider.credentials;
        },
      });
      await bed.send({ ...call, method: 'GET', data: undefined, url: '/sandbox/echo' });
      bed.provider.rotate({ oldWorksForMs: 0 });
      betweenMs = 2_000;
      const response = await bed.send(call);

      expect(response.paymentsAuth).toMatchObject({ attempts: 2, replayed: true });
      const [first, second] = bed.provider.requests.slice(-2) as [Sent, Sent];
      expect([first.outcome, second.outcome]).toEqual(['refused', 'accepted']);
      expect([payment(first), payment(second)]).toEqual(['payment-1', 'payment-1']);
      expect(second.bodySha256).toBe(first.bodySha256);
      for (const part of [time, nonce, signature].filter((each) => each !== undefined)) {
        expect([part(first), part(second)]).not.toContain(undefined);
        expect(part(second)).not.toEqual(part(first));
      }
      const isPayment = call.method === 'POST' ? 1 : 0;
      expect(bed.provider.counts).toMatchObject({ refusals: 1, executions: isPayment, executedTwice: 0 });
    });
  },
);

describe('a refused payment at TrueLayer', () => {
  it('is left to its caller, who sends it once more, newly signed, with the same key', async () => {
    const { provider, send, clock } = await startBed('truelayer');
    const payout = () =>
      send({ ...pay('/payouts', { 'Idempotency-Key': 'payment-1' }), validateStatus: () => true });
    await send({ url: '/v3/merchant-accounts' });
    await clock.advance(5_000);
    provider.revokeTokens();
    expect((await payout()).status).toBe(401);
    expect(provider.counts).toMatchObject({ executions: 0, refusals: 1 });
    expect((await payout()).status).toBe(202);
    const [first, second] = provider.requests.filter(
      ({ method, url }) => method === 'POST' && url === '/payouts',
    );
    expect(second?.headers['tl-signature']).not.toBe(first?.headers['tl-signature']);
    expect(second?.headers['idempotency-key']).toBe('payment-1');
    expect(provider.counts).toMatchObject({ executions: 1, executedTwice: 0 });
  });

  it('is not sent where only one half of the signing key is configured', async () => {
    const { provider, send } = await startBed('truelayer', {
      credentials: { clientId: 'c', clientSecret: 's', privateKey: VECTOR_KEYS.p521.priv },
    });
    provider.addAccount('half', { clientId: 'c', clientSecret: 's' });
    const error = await failure(send(pay('/payouts')));
    expect(error).toMatchObject({ code: 'SIGNING_FAILED' });
    expect(error.message).toContain('Configure keyId');
    expect(provider.counts.calls).toBe(0);
  });
});

// --- Wise: a signature on demand ------------------------------------------------------------------------------------

const FUNDING = '/v3/profiles/1/transfers/1/payments';

describe.each(['wise', 'wise-oauth'] as const)('strong customer authentication at %s', (name) => {
  it('is answered once, without another login or key', async () => {
    const { provider, send } = await startBed(name);
    const response = await send(pay(FUNDING));
    expect([response.status, response.paymentsAuth]).toMatchObject([
      201,
      { attempts: 2, replayed: true, firstStatus: 403 },
    ]);
    const [, second] = provider.requests.slice(-2) as [Sent, Sent];
    expect(second.headers['x-2fa-approval']).toMatch(/^sandbox-ott-/);
    expect(provider.counts.executions).toBe(1);
    expect(provider.counts.tokenRequests).toBe(name === 'wise' ? 0 : 1);
  });

  it('is answered with a key that stands in a KMS', async () => {
    const asked: string[] = [];
    const { credentials, provider, send } = await startWithSigner(name, (bytes, key) => {
      asked.push(Buffer.from(bytes).toString());
      return sign('sha256', bytes, key);
    });
    expect(credentials).not.toHaveProperty('privateKey');
    expect((await send(pay(FUNDING))).status).toBe(201);
    expect(asked).toEqual([provider.requests.at(-1)?.headers['x-2fa-approval']]);
  });

  it('is passed on when the signature is not accepted, and not answered again', async () => {
    const { provider, send } = await startWithSigner(name, (bytes) => sign('sha256', bytes, OTHER_KEYS.rsa));
    const response = await send({ ...pay(FUNDING), validateStatus: () => true });
    expect(response.status).toBe(403);
    expect(response.paymentsAuth).toMatchObject({ attempts: 2, firstStatus: 403 });
    expect(provider.requests.filter(({ url }) => url === FUNDING)).toHaveLength(2);
    expect(provider.counts.executions).toBe(0);
  });

  it('without any key ends the call with SIGNING_FAILED', async () => {
    const { provider, send } = await startWithSigner(name, undefined);
    const error = await failure(send(pay(FUNDING)));
    expect(error).toMatchObject({ code: 'SIGNING_FAILED', provider: name });
    expect(error.message).toContain('Configure privateKey, or the provider option signer');
    expect(provider.requests.filter(({ url }) => url === FUNDING)).toHaveLength(1);
  });
});

/** An application whose private key is in a KMS, or missing. */
async function startWithSigner(
  name: 'wise' | 'wise-oauth',
  signer: ((bytes: Uint8Array, key: string) => Uint8Array) | undefined,
) {
  let key = '';
  let credentials: Keys = {};
  const bed = await startBed(name, {
    credentials: () => credentials,
    ...(signer === undefined ? {} : { signer: async (bytes: Uint8Array) => signer(bytes, key) }),
  });
  const { privateKey = '', ...others } = bed.provider.credentials as Keys;
  key = privateKey;
  credentials = others;
  return { ...bed, credentials };
}

describe('the client certificate of wise-oauth', () => {
  it('is shown by logins and calls', async () => {
    const { front, client, provider } = await startCertified();
    const application = await startApplication({
      providers: { 'wise-oauth': throughFront(front, { ...provider.credentials, ...client }) },
    });
    ends.push(() => application.close());
    const response = await application.paymentsAuth.http('wise-oauth').axiosRef.get('/v2/profiles');
    expect(response.status).toBe(200);
    expect(provider.counts).toMatchObject({ tokenRequests: 1, accepted: 1 });
    expect(new Set(front.shown)).toEqual(new Set([client.certificate]));
  });

  it('is required by Wise, which refuses calls when it is not configured', async () => {
    const { front, provider } = await startCertified();
    const clock = new ManualClock();
    const application = await startApplication(
      { providers: { 'wise-oauth': throughFront(front, provider.credentials) } },
      { clock },
    );
    ends.push(() => application.close());
    const error = await outwaited(clock, failure(application.paymentsAuth.credentials('wise-oauth').get()));
    expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
    expect(provider.counts.tokenRequests).toBe(0);
  });

  it('is a mistake in the options when its key is missing', async () => {
    const { front, client, provider } = await startCertified();
    const { certificate } = client;
    const application = await startApplication({
      providers: { 'wise-oauth': throughFront(front, { ...provider.credentials, certificate }) },
    });
    ends.push(() => application.close());
    const error = await failure(application.paymentsAuth.credentials('wise-oauth').get());
    expect(error).toMatchObject({ code: 'DEFINITION_FAULT' });
    expect(JSON.stringify(error)).toContain('belong together');
  });
});

async function startCertified() {
  const sandbox = await startSandbox({ providers: ['wise-oauth'], seed: 'certified wise-oauth' });
  ends.push(() => sandbox.close());
  const provider = sandbox.provider('wise-oauth') as unknown as SandboxProvider;
  const { cert, key } = createCertificate();
  const front = await startTlsFront(provider.baseUrl, cert);
  ends.push(() => front.close());
  return { provider, front, client: { certificate: cert, certificateKey: key } };
}

function throughFront({ url, ca }: TlsFront, credentials: object): { readonly baseUrl: string } {
  return { baseUrl: url, credentials, http: { ca }, keepWarm: 'when-used' } as { readonly baseUrl: string };
}
