import { generateKeyPairSync } from 'node:crypto';
import type { CatalogueName } from '../providers/index.js';
import type { SandboxProvider } from '../sandbox-provider.js';
import { type Sandbox, startSandbox } from '../sandbox.js';
import { AFRICA } from '../testing/catalogue/africa.rows.js';
import { asForm, asJson, basic, bearer, type Keys, type Row, type Sent } from '../testing/catalogue/row.js';
import { jws, SIGNING } from '../testing/catalogue/signing.rows.js';
import { WORLD } from '../testing/catalogue/world.rows.js';
import { textBelow } from './machinery/webhook-scheme.js';

const ROWS: Readonly<Record<string, Row>> = { ...AFRICA, ...WORLD, ...SIGNING };
const NOW_MS = 1_700_000_000_000;

let sandbox: Sandbox;
let provider: SandboxProvider;
let row: Row;

async function start(name: CatalogueName): Promise<void> {
  sandbox = await startSandbox({ providers: [name], clock: { now: () => NOW_MS } });
  provider = sandbox.running[0] as SandboxProvider;
  row = ROWS[name] as Row;
}

afterEach(() => sandbox.close());

const own = () => provider.credentials as Keys;

function send({ method, host, path, headers = {}, body }: Sent): Promise<Response> {
  const base = host === undefined ? provider.baseUrl : provider.baseUrls[host];
  return fetch(`${base}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
}

async function tokenOf(keys = own()): Promise<string> {
  const { login } = row;
  if (login === undefined) return '';
  return textBelow(await (await send(login.sent(keys))).json(), login.token);
}

async function call(
  method: string,
  path: string,
  more: Readonly<Record<string, string>> = {},
  token?: string,
) {
  const { headers, body } = method === 'GET' ? { headers: {}, body: '' } : asJson({ amount: '1' });
  const url = new URL(`${provider.baseUrl}${path}`);
  const carried = row.carries({
    keys: own(),
    token: token ?? (await tokenOf()),
    method,
    url,
    body,
    nowMs: NOW_MS,
  });
  const all = Object.fromEntries(
    Object.entries({ ...headers, ...carried, ...more }).filter(([, value]) => value !== 'left out'),
  );
  return send({ method, path, headers: all, ...(body === '' ? {} : { body }) });
}

it.each([
  ['adyen', 401, '"errorCode":"000"'],
  ['rapyd', 401, 'UNAUTHORIZED_API_CALL'],
  ['stripe', 404, 'invalid_request_error'],
] as const)('%s answers %i to an unknown path, and counts no refusal', async (name, status, words) => {
  await start(name);
  const answer = await call('GET', '/nothing/here');

  expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(words)]);
  expect(provider.counts).toMatchObject({ refusals: 0, accepted: 0 });
});

it.each([
  ['paypal', 'paypal-request-id'],
  ['checkout', 'cko-idempotency-key'],
  ['mercadopago', 'x-idempotency-key'],
  ['klarna', 'klarna-idempotency-key'],
  ['rapyd', 'idempotency'],
  ['stripe', 'idempotency-key'],
] as const)('%s recognises the same payment by the header %s', async (name, header) => {
  await start(name);
  const pay = () => call('POST', '/sandbox/payments', { [header]: 'once12345678' });

  await pay();
  await pay();
  expect(provider.executions.get('once12345678')).toBe(2);
  expect(provider.counts).toMatchObject({ executions: 2, executedTwice: 1 });
});

it.each([
  ['momo-collection', { 'Ocp-Apim-Subscription-Key': 'wrong' }, 401, 'invalid subscription key'],
  ['momo-collection', { 'X-Target-Environment': 'mtnuganda' }, 400, 'target environment'],
  ['vipps-mobilepay', { 'Ocp-Apim-Subscription-Key': 'wrong' }, 401, 'invalid subscription key'],
  ['airtel-money', { 'x-country': 'left out' }, 400, 'X-Country'],
  ['nomba', { accountId: 'other' }, 400, 'accountId'],
  ['gocardless', { 'gocardless-version': 'left out' }, 400, 'missing_version_header'],
  ['cashfree', { 'x-api-version': 'left out' }, 400, 'x-api-version'],
  ['flutterwave-v4', { 'x-idempotency-key': '7a7bb9cc-3c5b-4c1e' }, 400, 'X-Idempotency-Key'],
] as const)('%s requires more than a good credential: %j', async (name, headers, status, words) => {
  await start(name);
  const answer = await call('GET', '/sandbox/echo', headers);

  expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(words)]);
  expect(provider.counts.refusals).toBe(0);
  expect((await call('GET', '/sandbox/echo')).status).toBe(200);
});

it.each([
  ['basic', 'razorpay', 401],
  ['BASIC', 'razorpay', 401],
  ['basic', 'stripe', 401],
  ['bearer', 'paystack', 401],
] as const)('a scheme spelt "%s" is refused by %s', async (spelling, name, status) => {
  await start(name);
  const { authorization = '' } = row.carries({
    keys: own(),
    token: '',
    method: 'GET',
    body: '',
    nowMs: NOW_MS,
    url: new URL(provider.baseUrl),
  });
  const respelt = authorization.replace(/^\w+/, spelling);

  expect((await call('GET', '/sandbox/echo', { authorization: respelt })).status).toBe(status);
});

it('stripe takes its key as a bearer token too, and Basic only without a password', async () => {
  await start('stripe');
  const { secretKey = '' } = own();
  const schemes = [`Bearer ${secretKey}`, basic(secretKey, 'password')];
  const answers = await Promise.all(
    schemes.map((authorization) => call('GET', '/v1/balance', { authorization })),
  );

  expect(answers.map(({ status }) => status)).toEqual([200, 401]);
});

it('daraja ends the earlier token at each login, and refuses with the code of each API', async () => {
  await start('daraja');
  const first = await tokenOf();
  const second = await tokenOf();
  const codeOf = async (path: string) => {
    const answer = await call('POST', path, {}, first);
    return [answer.status, ((await answer.json()) as Keys)['errorCode']];
  };

  expect((await call('POST', '/sandbox/echo', {}, second)).status).toBe(200);
  expect(await codeOf('/mpesa/stkpush/v1/processrequest')).toEqual([404, '404.001.03']);
  expect(await codeOf('/mpesa/accountbalance/v1/query')).toEqual([401, '401.002.01']);
  expect(await codeOf('/mpesa/c2b/v1/registerurl')).toEqual([400, '400.003.01']);
});

it('daraja has a code of its own for a wrong grant type, and answers limits with 500', async () => {
  await start('daraja');
  const { consumerKey = '', consumerSecret = '' } = own();
  const headers = { authorization: basic(consumerKey, consumerSecret) };
  const wrong = await send({ method: 'GET', path: '/oauth/v1/generate', headers });
  provider.misbehave({ fault: 'rate-limit', on: 'call', times: 1 });
  const limited = await call('POST', '/sandbox/echo');

  expect([wrong.status, await wrong.json()]).toEqual([
    400,
    expect.objectContaining({ errorCode: '400.008.02' }),
  ]);
  expect([limited.status, await limited.json()]).toEqual([
    500,
    expect.objectContaining({ errorCode: '500.003.02' }),
  ]);
});

it.each(['momo-collection', 'momo-disbursement', 'momo-remittance'] as const)(
  '%s ends its tokens when the key is rotated, and requires a reference on a payment',
  async (name) => {
    await start(name);
    const token = await tokenOf();
    const { write } = provider.examplesOf();
    const path = write?.path ?? '';

    expect((await call('POST', path, { 'X-Reference-Id': 'left out' }, token)).status).toBe(400);
    expect((await call('POST', path, {}, token)).status).toBe(202);
    provider.rotate();
    expect((await call('POST', path, {}, token)).status).toBe(401);
  },
);

const REVOCATIONS: Readonly<Record<string, (keys: Keys, token: string) => Sent>> = {
  kopokopo: ({ clientId, clientSecret }, token) => ({
    method: 'POST',
    path: '/oauth/revoke',
    ...asJson({ client_id: clientId, client_secret: clientSecret, token }),
  }),
  nomba: ({ clientId, clientSecret }, token) => ({
    method: 'POST',
    path: '/v1/auth/token/revoke',
    ...asJson({ client_id: clientId, client_secret: clientSecret, access_token: token }),
  }),
  'square-oauth': ({ clientId, clientSecret }, token) => {
    const { headers, body } = asJson({ client_id: clientId, access_token: token });
    const authorization = `Client ${clientSecret}`;
    return { method: 'POST', path: '/oauth2/revoke', headers: { ...headers, authorization }, body };
  },
  'mollie-oauth': ({ clientId = '', clientSecret = '' }, token) => ({
    method: 'DELETE',
    path: '/oauth2/tokens',
    ...asForm({ token_type_hint: 'access_token', token }, basic(clientId, clientSecret)),
  }),
};

it.each(Object.keys(REVOCATIONS))('%s takes a token back, from its own client alone', async (name) => {
  await start(name as CatalogueName);
  const token = await tokenOf();
  const revoke = REVOCATIONS[name] as (keys: Keys, token: string) => Sent;

  const foreign = await send(revoke(provider.wrongCredentialsOf() as Keys, token));
  expect(foreign.status).toBe(row.refused[0]);
  expect(provider.tokens[0]?.state).toBe('alive');
  expect((await send(revoke(own(), token))).status).toBeLessThan(300);
  expect(provider.tokens[0]?.state).toBe('revoked');
});

it('nomba takes a token back from any caller that holds it and names its client and account', async () => {
  await start('nomba');
  const token = await tokenOf();
  const { clientId = '', accountId = '' } = own();
  const revoke = (id: string, account: string, carried: string) => {
    const { headers, body } = asJson({ clientId: id, access_token: token });
    const more = { accountId: account, authorization: `Bearer ${carried}` };
    return send({ method: 'POST', path: '/v1/auth/token/revoke', headers: { ...headers, ...more }, body });
  };

  expect((await revoke('another-client', accountId, token)).status).toBe(401);
  expect((await revoke(clientId, 'another-account', token)).status).toBe(401);
  expect((await revoke(clientId, accountId, 'another-token')).status).toBe(401);
  expect(provider.tokens[0]?.state).toBe('alive');
  expect((await revoke(clientId, accountId, token)).status).toBe(200);
  expect(provider.tokens[0]?.state).toBe('revoked');
});

it('cashfree reports its limit with the seconds that are left', async () => {
  await start('cashfree');
  const answer = await call('GET', '/sandbox/echo');

  expect(answer.headers.get('x-ratelimit-limit')).toBe('200');
  // At 1 700 000 000 the current minute has 40 s left.
  expect(answer.headers.get('x-ratelimit-reset')).toBe('40');
});

it('coinbase-cdp accepts a key on P-256 in PEM too', async () => {
  await start('coinbase-cdp');
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  provider.addAccount('shop-2', {
    apiKeyId: 'key-2',
    apiKeySecret: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  });
  const statusOf = async (uri: string) => {
    const header = { alg: 'ES256', kid: 'key-2', typ: 'JWT', nonce: 'n' };
    const claims = { sub: 'key-2', iss: 'cdp', nbf: NOW_MS / 1_000, exp: NOW_MS / 1_000 + 120, uris: [uri] };
    const token = jws(header, JSON.stringify(claims), ['sha256', { key, dsaEncoding: 'ieee-p1363' }]);
    return (await fetch(`${provider.baseUrl}/sandbox/echo`, { headers: bearer({ token }) })).status;
  };

  const { host } = new URL(provider.baseUrl);
  expect(await statusOf(`GET ${host}/sandbox/echo`)).toBe(200);
  expect(await statusOf(`POST ${host}/sandbox/echo`)).toBe(401);
});

it('paypal refuses young tokens when the setting says so, in the words that its users report', async () => {
  await start('paypal');
  provider.configure({ tokensRefusedForMs: 1_000 });
  const answer = await call('GET', '/v1/notifications/webhooks');

  expect([answer.status, await answer.json()]).toEqual([
    401,
    { error: 'invalid_token', error_description: 'Access Token not found in cache' },
  ]);
});
