import { createHash, createPublicKey, sign, verify, X509Certificate } from 'node:crypto';
import { request } from 'node:http';
import type { CatalogueName } from '../providers/index.js';
import type { SandboxProvider } from '../sandbox-provider.js';
import { type Sandbox, startSandbox } from '../sandbox.js';
import { coveredBy, signatureBase } from './machinery/http-signature.js';
import { readJwt, verifiedJwt } from './machinery/jwt.js';
import { asForm, asJson, basic, bearer, type Keys, type Sent } from '../testing/catalogue/row.js';
import { SIGNING, revolutAssertion } from '../testing/catalogue/signing.rows.js';
import { VECTOR_KEYS } from '../testing/catalogue/vector-keys.js';

/** A request with a published signature: the names of its keys, and every byte that is signed. */
interface Vector {
  readonly keys: Keys;
  readonly sent: Sent;
  readonly atMs?: number;
  /** What is not signed: a change of it does not matter. */
  readonly unsigned?: 'body';
}

const JSON_BODY = '{"id":"evt_1","type":"payment.succeeded","amount":100}';
const DATE = 'Tue, 14 Nov 2023 22:13:20 GMT';
const json = { 'content-type': 'application/json' };

const VECTORS: Readonly<Record<string, Vector>> = {
  selcom: {
    keys: { apiKey: 'invented-key', apiSecret: 'invented-secret' },
    sent: {
      method: 'POST',
      path: '/checkout/create-order',
      headers: {
        ...json,
        authorization: 'SELCOM aW52ZW50ZWQta2V5',
        'digest-method': 'HS256',
        timestamp: '2026-01-01T00:00:00+03:00',
        'signed-fields': 'transid,amount',
        digest: '2WPrsiPeqDhkCcpqpCBChExGx44rgLkgk8hRe3+SAgY=',
      },
      body: '{"transid":"T1","amount":100}',
    },
  },
  dlocal: {
    keys: { login: 'LOGIN1', transKey: 'TRANS1', secretKey: 'dlsecret' },
    sent: {
      method: 'POST',
      path: '/payments',
      headers: {
        ...json,
        'x-date': '2023-11-14T22:13:20.123Z',
        'x-login': 'LOGIN1',
        'x-trans-key': 'TRANS1',
        'x-version': '2.1',
        authorization:
          'V2-HMAC-SHA256, Signature: 1dcae680ec79e2948dc7a9c67560ffdf267a41228cb5954d55581151c4c835cd',
      },
      body: '{"amount":100}',
    },
  },
  rapyd: {
    keys: { accessKey: 'AK1', secretKey: 'SK1' },
    sent: {
      method: 'POST',
      path: '/v1/payments',
      headers: {
        ...json,
        access_key: 'AK1',
        salt: 'salt1234',
        timestamp: '1700000000',
        signature: 'MDAxNDUxOGNhMjZmOGMzYjFiMDNiOGVhNGRmNTg1MDhmYjFhYTZmMWM0NTE4NWU3ODUyZTFlNTI1NDY2NzczMg==',
      },
      body: '{"amount":10}',
    },
  },
  iyzico: {
    keys: { apiKey: 'izkey', secretKey: 'izsecret' },
    sent: {
      method: 'POST',
      path: '/payment/test',
      headers: {
        ...json,
        'x-iyzi-rnd': '123456789',
        authorization:
          'IYZWSv2 YXBpS2V5Oml6a2V5JnJhbmRvbUtleToxMjM0NTY3ODkmc2lnbmF0dXJlOjA5MzJhMzY1ZjlkY2Q1YTBkZTc5YmJiMTA4YmRmYjExNjc1MmFlMmJkZDZmOWRkNzZlMGZlYzk4MzVjYWU0NjE=',
      },
      body: '{"locale":"tr"}',
    },
  },
  worldline: {
    keys: { apiKeyId: 'KEYID1', secretApiKey: 'wlsecret', merchantId: '1234' },
    unsigned: 'body',
    sent: {
      method: 'POST',
      path: '/v2/1234/payments',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        date: DATE,
        'x-gcs-idempotence-key': 'idem-1',
        authorization: 'GCS v1HMAC:KEYID1:Zjussmjg7Aoya951zrBDWGv4Vt7MkiKBjVRgoFbd0Us=',
      },
      body: '{}',
    },
  },
  'coinbase-cdp': {
    keys: { apiKeyId: 'key-1', apiKeySecret: ed25519Secret() },
    unsigned: 'body',
    sent: {
      method: 'GET',
      path: '/platform/v2/evm/accounts',
      headers: {
        host: 'api.cdp.coinbase.com',
        authorization:
          'Bearer eyJhbGciOiJFZERTQSIsImtpZCI6ImtleS0xIiwidHlwIjoiSldUIiwibm9uY2UiOiIwMTIzNDU2Nzg5YWJjZGVmIn0.eyJzdWIiOiJrZXktMSIsImlzcyI6ImNkcCIsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwMTIwLCJ1cmlzIjpbIkdFVCBhcGkuY2RwLmNvaW5iYXNlLmNvbS9wbGF0Zm9ybS92Mi9ldm0vYWNjb3VudHMiXX0.k615-f5lLoT37yJIHM_mtRX0Wb293ZNs7WDTefnLUEp3dMT2rSBPfW3FF6u3dnxe3i-bDZr3DSC1dP0uY68YAA',
      },
    },
  },
  gocardless: {
    keys: { accessToken: 'sandbox_invented', keyId: 'key-1', privateKey: VECTOR_KEYS.p521.priv },
    sent: {
      method: 'POST',
      path: '/outbound_payments',
      headers: {
        ...json,
        host: 'api-sandbox.gocardless.com',
        authorization: 'Bearer sandbox_invented',
        'gocardless-version': '2015-07-06',
        'content-digest': 'sha256=:c6Wie9ZQ8b6chPPtmgw6/WkY4uZq5txeF04d1OQ7e7w=:',
        'gc-signature-input':
          'sig-1=("@method" "@authority" "@request-target" "content-digest" "content-type" "content-length");keyid="key-1";created=1700000000;nonce="nonce-1"',
        'gc-signature':
          'sig-1=:MIGHAkIB7xtxCKJM6J6ZKSacufZOlOhNvPoPqaF2S1th8vWDiCN3if3fb3CUrECn0kDwACf3RX7KBqAOjjVjfRNwdUfueG8CQROp4COdm3Kp/kFv9BEQGYoiscd3eKpQdQv+pQqCLTCfaP3y6bnvuezoe5UKHO1+zcJUYv8kTMuRifkxFgUyrDqC:',
      },
      body: JSON_BODY,
    },
  },
};

let sandbox: Sandbox;
let provider: SandboxProvider;

afterEach(() => sandbox.close());

async function start(name: string, atMs = 1_700_000_000_000): Promise<void> {
  sandbox = await startSandbox({ providers: [name as CatalogueName], clock: { now: () => atMs } });
  provider = sandbox.running[0] as SandboxProvider;
}

/** Like `fetch`, but with a Host header of the caller's choice. */
function send({ method, path, headers = {}, body = '' }: Sent): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    request(
      `${provider.baseUrl}${path}`,
      { method, headers: { ...headers, ...length }, agent: false },
      (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }));
      },
    )
      .on('error', reject)
      .end(body);
  });
}

const outcome = () => provider.requests.at(-1)?.outcome;

describe.each(Object.entries(VECTORS))('the signature of %s', (name, { keys, sent, atMs, unsigned }) => {
  beforeEach(async () => {
    await start(name, atMs);
    provider.addAccount('vector', keys);
  });

  it('is accepted for the request of the vector, byte for byte', async () => {
    await send(sent);

    expect(provider.requests.at(-1)).toMatchObject({ account: 'vector' });
    expect(outcome()).not.toBe('refused');
    expect(provider.counts.refusals).toBe(0);
  });

  it('is refused when one signed byte is different', async () => {
    const changed =
      unsigned === 'body'
        ? { ...sent, path: `${sent.path}?changed=1`, headers: { ...sent.headers, host: 'other.example' } }
        : { ...sent, body: (sent.body ?? '').replace(/(\d|r)(\D*)$/, '7$2') };

    expect(JSON.stringify(changed)).not.toBe(JSON.stringify(sent));
    await send(changed);
    // An outbound payment of GoCardless carries a good token beside the bad signature.
    expect(outcome()).toBe(name === 'gocardless' ? 'declined' : 'refused');
    expect(provider.counts).toMatchObject({ accepted: 0, executions: 0 });
  });
});

describe('other signatures', () => {
  it('truelayer verifies a detached signature over the bytes that arrive', async () => {
    await start('truelayer');
    provider.addAccount('vector', {
      keyId: 'kid-1',
      privateKey: VECTOR_KEYS.p521.priv,
      clientId: 'c',
      clientSecret: 's',
    });
    const form = asForm({ grant_type: 'client_credentials', client_id: 'c', client_secret: 's' });
    const answer = await fetch(`${provider.baseUrls['auth']}/connect/token`, { method: 'POST', ...form });
    const { access_token: token = '' } = (await answer.json()) as Keys;
    const call = (body: string) =>
      send({
        method: 'POST',
        path: '/payouts',
        headers: {
          ...json,
          ...bearer({ token }),
          'idempotency-key': 'idem-1',
          'tl-signature':
            'eyJhbGciOiJFUzUxMiIsImtpZCI6ImtpZC0xIiwidGxfdmVyc2lvbiI6IjIiLCJ0bF9oZWFkZXJzIjoiSWRlbXBvdGVuY3ktS2V5In0..ACv-rWIPE60pUxh64Scln9F_YHaSVMH7SrMVclOsKK0V74yfXfHYJn2KITCbOaL3byzqbU9TU1mUQy0ViwYRuYlRAf1yiYG_ZiA1sa7o3XZyH9vK8JGH5ubGnGnneQZhbig0_T5uZJ1x40ca8-2RQlqsWLyk2QaPLLrX3Ez0szv2Ax0g',
        },
        body,
      });

    expect((await call('{"currency":"GBP","amount_in_minor":100}')).status).toBe(202);
    expect(await call('{"currency":"GBP","amount_in_minor":900}')).toMatchObject({
      status: 401,
      body: expect.stringContaining('Invalid request signature'),
    });
  });

  it('truelayer publishes the key of its webhooks as a JWK, by its id', async () => {
    await start('truelayer');
    const url = 'https://shop.example/hooks/truelayer';
    const message = provider.webhook({ url, event: { id: 'evt_1' } });
    const { keys = [] } = (await (
      await fetch(`${provider.baseUrls['webhooks']}/.well-known/jwks`)
    ).json()) as { keys?: JsonWebKey[] };
    const text = String(message.headers['tl-signature']);
    const header = readJwt(text)?.header ?? {};
    const jwk = keys.find((each) => (each as { kid?: string }).kid === header['kid']) as JsonWebKey;
    const payload = `POST /hooks/truelayer\nX-TL-Webhook-Timestamp: ${String(message.headers['x-tl-webhook-timestamp'])}\n${message.body}`;

    expect(header).toMatchObject({
      alg: 'ES512',
      jku: 'https://webhooks.truelayer-sandbox.com/.well-known/jwks',
    });
    const key = createPublicKey({ key: jwk as never, format: 'jwk' });
    expect(verifiedJwt(text, key, 'ES512', payload)).toBeDefined();
    expect(verifiedJwt(text, key, 'ES512', `${payload} `)).toBeUndefined();
  });

  it('revolut accepts the assertion of the vector, and none with another audience or too old', async () => {
    await start('revolut-business');
    const merchant = {
      clientId: 'client-1',
      privateKey: VECTOR_KEYS.rsa.priv,
      refreshToken: 'oa_sand_invented',
    };
    provider.addAccount('vector', merchant);
    const keys = provider.credentialsOf('vector') as Keys;
    const statusOf = async (client_assertion: string) =>
      (
        await fetch(`${provider.baseUrl}/auth/token`, {
          method: 'POST',
          ...asForm({
            grant_type: 'refresh_token',
            refresh_token: 'oa_sand_invented',
            client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
            client_assertion,
          }),
        })
      ).status;

    expect(revolutAssertion(keys)).toBe(REVOLUT_ASSERTION);
    expect(await statusOf(REVOLUT_ASSERTION)).toBe(200);
    expect(await statusOf(revolutAssertion(keys, { aud: `${provider.baseUrl}/auth/token` }))).toBe(401);
    expect(await statusOf(revolutAssertion(keys, { exp: 1_700_000_000 }))).toBe(401);
    expect(await statusOf(`${REVOLUT_ASSERTION.slice(0, -4)}AAAA`)).toBe(401);
    expect(provider.refreshTokens).toMatchObject([{ account: 'vector', spends: 1, state: 'alive' }]);
  });

  it('wise asks for a signature of a one-time token, and accepts it once', async () => {
    await start('wise');
    const { apiToken = '', privateKey = '' } = provider.credentials as Keys;
    const pay = async (headers: Readonly<Record<string, string>> = {}) => {
      const url = `${provider.baseUrl}/v3/profiles/1/transfers/1/payments`;
      const { headers: type, body } = asJson({ type: 'BALANCE' });
      const carried = { ...type, ...bearer({ token: apiToken }), ...headers };
      return fetch(url, { method: 'POST', headers: carried, body });
    };
    const challenge = await pay();
    const approval = challenge.headers.get('x-2fa-approval') ?? '';
    const signed = sign('sha256', Buffer.from(approval), privateKey).toString('base64');

    expect([challenge.status, challenge.headers.get('x-2fa-approval-result')]).toEqual([403, 'REJECTED']);
    expect((await pay({ 'x-2fa-approval': approval, 'x-signature': signed })).status).toBe(201);
    expect((await pay({ 'x-2fa-approval': approval, 'x-signature': signed })).status).toBe(403);
    expect(provider.counts).toMatchObject({ refusals: 0, executions: 1 });
  });

  it('pawapay builds the base of the vector, and verifies a signature where one is sent', async () => {
    const list =
      '"@method" "@authority" "@path" "signature-date" "content-digest" "content-type" "content-length"';
    const input = `(${list});created=1767225600;keyid="invented-key";alg="ecdsa-p256-sha256"`;
    const values: Readonly<Record<string, string>> = {
      '@method': 'POST',
      '@authority': 'api.sandbox.pawapay.io',
      '@path': '/v2/deposits',
      'signature-date': '2026-01-01T00:00:00.000Z',
      'content-digest': `sha-512=:${createHash('sha512').update('{"a":1}').digest('base64')}:`,
      'content-type': 'application/json',
      'content-length': '7',
    };
    const covered = coveredBy(`sig-pp=${input}`, 'sig-pp');
    const base = covered && signatureBase(covered, (name) => values[name]);
    expect(
      createHash('sha256')
        .update(base ?? '')
        .digest('hex'),
    ).toBe('4f8af64d5821ae2bebf12a75ddb1f8700add5c16cd9a9f654a63044aa6f8f1c0');

    await start('pawapay');
    const { apiToken = '', privateKey = '' } = provider.credentials as Keys;
    const call = (dsaEncoding: 'der' | 'ieee-p1363', body: string) => {
      const signature = sign('sha256', Buffer.from(base ?? ''), { key: privateKey, dsaEncoding }).toString(
        'base64',
      );
      const { '@method': _method, '@authority': host = '', '@path': path = '', ...headers } = values;
      const own = { host, 'signature-input': `sig-pp=${input}`, signature: `sig-pp=:${signature}:` };
      return send({
        method: 'POST',
        path,
        headers: { ...headers, ...bearer({ token: apiToken }), ...own },
        body,
      });
    };
    expect((await call('der', '{"a":1}')).status).toBe(200);
    expect((await call('ieee-p1363', '{"a":1}')).status).toBe(200);
    expect((await call('der', '{"a":2}')).status).toBe(403);
  });

  it('rapyd tells missing headers, a wrong signature and an old one', async () => {
    await start('rapyd', 1_700_000_061_000);
    const { sent, keys } = VECTORS['rapyd'] as Vector;
    provider.addAccount('vector', keys);

    expect((await send({ ...sent, headers: {} })).body).toContain('MISSING_AUTHENTICATION_HEADERS');
    expect(await send(sent)).toMatchObject({
      status: 401,
      body: expect.stringContaining('UNAUTHENTICATED_API_CALL'),
    });
  });

  it('paypal proves its webhooks by a certificate with a chain, and by its own API', async () => {
    await start('paypal');
    const message = provider.webhook({ event: { id: 'evt_1' } });
    const header = (name: string) => String(message.headers[`paypal-${name}`]);
    const certUrl = new URL(header('cert-url'));
    const pem = await (await fetch(`${provider.baseUrl}${certUrl.pathname}`)).text();
    const [leaf, root] = pem
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .filter(Boolean)
      .map((each) => new X509Certificate(each));

    expect(certUrl.hostname).toMatch(/\.paypal\.com$/);
    expect([leaf?.checkHost('messageverificationcerts.paypal.com'), root?.ca, leaf?.ca]).toEqual([
      'messageverificationcerts.paypal.com',
      true,
      false,
    ]);
    expect(leaf?.checkIssued(root as X509Certificate)).toBe(true);
    expect(leaf?.verify((root as X509Certificate).publicKey)).toBe(true);
    const crc = crc32Of(message.body ?? '');
    const webhookId = (provider.credentials as Keys)['webhookId'] ?? '';
    const text = `${header('transmission-id')}|${header('transmission-time')}|${webhookId}|${crc}`;
    const signature = Buffer.from(header('transmission-sig'), 'base64');
    expect(verify('sha256', Buffer.from(text), (leaf as X509Certificate).publicKey, signature)).toBe(true);

    const { clientId = '', clientSecret = '' } = provider.credentials as Keys;
    const form = asForm({ grant_type: 'client_credentials' }, basic(clientId, clientSecret));
    const login = await fetch(`${provider.baseUrl}/v1/oauth2/token`, { method: 'POST', ...form });
    const { access_token: token = '' } = (await login.json()) as Keys;
    const ask = async (webhook_event: object) => {
      const { headers, body } = asJson({
        auth_algo: header('auth-algo'),
        cert_url: header('cert-url'),
        transmission_id: header('transmission-id'),
        transmission_sig: header('transmission-sig'),
        transmission_time: header('transmission-time'),
        webhook_id: webhookId,
        webhook_event,
      });
      const url = `${provider.baseUrl}/v1/notifications/verify-webhook-signature`;
      const answer = await fetch(url, {
        method: 'POST',
        headers: { ...headers, ...bearer({ token }) },
        body,
      });
      return [answer.status, await answer.json()];
    };
    expect(await ask({ id: 'evt_1' })).toEqual([200, { verification_status: 'SUCCESS' }]);
    expect(await ask({ id: 'evt_2' })).toEqual([200, { verification_status: 'FAILURE' }]);
  });

  it.each(['pawapay', 'azampay'])('%s publishes the key that its callbacks are signed with', async (name) => {
    await start(name);
    const path = name === 'pawapay' ? '/public-key/http' : '/PublicKey';
    const page = await (await fetch(`${provider.baseUrl}${path}`)).text();
    const { callbackKey = '' } = provider.publicKeysOf();

    expect(JSON.parse(page)).toEqual(
      name === 'pawapay' ? [{ id: 'HTTP_EC_P256_KEY:1', key: callbackKey }] : { publicKey: callbackKey },
    );
    expect(Object.keys(provider.credentials)).not.toContain('callbackKey');
    expect(JSON.stringify(provider.environment)).not.toContain('CALLBACK_KEY');
  });
});

it('every row that signs its calls has a vector', async () => {
  await start('dlocal');
  expect(
    Object.keys(SIGNING)
      .filter((name) => !(name in VECTORS))
      .toSorted(),
  ).toEqual(['paypal', 'revolut-business', 'truelayer', 'wise', 'wise-oauth']);
});

const REVOLUT_ASSERTION =
  'eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJleGFtcGxlLmNvbSIsInN1YiI6ImNsaWVudC0xIiwiYXVkIjoiaHR0cHM6Ly9yZXZvbHV0LmNvbSIsImV4cCI6MTcwMDAwMzYwMH0.P4PGs8qNAldlIUwyrOaSKQ2X1lLWXP6nJudbfNarYuBi_3KJ_D65alMtlCbRCSjV1bNdOe2pE5LbpSSRy2g0n6Edjou4VpdE5676gvQ1P0zMpzsN1ceG516qvWKFMZ_AYsYzAHofzlY74c-iPDeNuwXckNiEsjuJa_HhFhE_q3HVXEvwB6rk4dCiurgd0YXxiIFJlBhiSkww92yLnMCl3WQmamTzMtg_McFpb5nMB_smu-RjtvQGEVJX-7ySGFp3jU-DSuoAeJWpgDllnLoDV_SpBXxuDf0xrNiY6cLwtgdUrz05joYVeCWIwhPiilYONqkRJvjNY0BZnn2ZKB-NyA';

/** The key of the vector as Coinbase hands it out: seed and public key in base64. */
function ed25519Secret(): string {
  return Buffer.concat([rawOf(VECTOR_KEYS.ed.priv), rawOf(VECTOR_KEYS.ed.pub)]).toString('base64');
}

/** The last 32 bytes of a key in PEM: the key itself. */
function rawOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64').subarray(-32);
}

/** CRC-32, computed bit by bit. */
function crc32Of(text: string): number {
  let crc = 0xff_ff_ff_ff;
  for (const byte of Buffer.from(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xed_b8_83_20 : 0);
  }
  return (crc ^ 0xff_ff_ff_ff) >>> 0;
}
