/** What a fault of a definition, of a value or of a signer says: who failed, on which credential, and what to do. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type AnyProviderDefinition,
  type Attempt,
  clientCredentials,
  clientSecretJwt,
  defineProvider,
  hmac,
  jws,
  login,
  privateKeyJwt,
  refreshToken,
  type TokenSource,
} from 'nestjs-payments-auth';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { LogLines, startApplication, type TestApplication } from './support/application.js';
import { json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';
import { failure, outwaited } from './support/waiting.js';

interface Keys {
  readonly user: string;
  readonly password: string;
  readonly extra?: string;
}
type Given = { readonly credentials: Keys };

const SECRET = 'real-but-invented-password';
const isReal = ({ credentials }: Given) => credentials.password.startsWith('real');
/** Accepts the invented values of `defineProvider()`, and throws for those of the application. */
const fails = (given: Given): string => {
  const { password } = given.credentials;
  if (password.startsWith('real')) throw new RangeError(`cannot use ${password}.`);
  return password;
};
/** Makes a function that returns `made` for the values of the application, and `otherwise` for invented ones. */
const atUse =
  (made: unknown, otherwise?: unknown) =>
  (given: Given): never =>
    (isReal(given) ? made : otherwise) as never;

const bearer = ({ token }: { token: string }) => ({ Authorization: `Bearer ${token}` });
const named = ({ credentials }: Given) => ({ 'X-User': credentials.user });
const hour = { documentedLifetimeMs: 3_600_000 };
const logsIn = (more: object): TokenSource<Keys> =>
  login<Keys>({
    path: '/login',
    body: () => ({ json: {} }),
    answer: { token: 'token' },
    rejected: () => false,
    ...hour,
    ...more,
  });
const asksFor = (more: object): TokenSource<Keys> =>
  clientCredentials<Keys>({
    path: '/login',
    client: ({ credentials }) => ({ id: credentials.user, secret: credentials.password }),
    answer: { token: 'token' },
    revoke: { path: '/revoke' },
    ...hour,
    ...more,
  });
const spends = (more: object): TokenSource<Keys> =>
  refreshToken<Keys>({
    path: '/login',
    client: ({ credentials }) => ({ id: credentials.user, secret: 'invented' }),
    refreshToken: ({ credentials }) => credentials.password,
    rotates: false,
    answer: { token: 'token' },
    ...hour,
    ...more,
  });
const throughSigner = async ({ signWith }: Attempt<Keys>) => ({
  headers: { 'X-Signature': Buffer.from((await signWith?.(Buffer.from('x'))) as Uint8Array).toString('hex') },
});
const kmsIsAway = async (): Promise<never> => {
  throw new Error('the KMS is away');
};

let server: LoopbackServer;
let application: TestApplication;
let logger: LogLines;
let clock: ManualClock;

beforeEach(async () => {
  logger = new LogLines();
  clock = new ManualClock();
  server = await startLoopbackServer((request, response) =>
    json(response, request.url === '/down' ? 500 : 200, {
      token: 't',
      token_type: request.url === '/mac' ? 'mac' : 'bearer',
    }),
  );
});
afterEach(async () => {
  await application.close();
  await server.close();
});

const accounts = (user: string): Keys => ({ user, password: SECRET });

async function start(parts: object, options: object = {}): Promise<void> {
  const definition: AnyProviderDefinition = defineProvider<Keys, 'acme'>({
    name: 'acme',
    title: 'Acme',
    docs: 'https://docs.acme.test',
    environments: { live: 'https://api.acme.test' },
    credentials: { user: { secret: false }, password: {}, extra: { optional: true } },
    headers: 'token' in parts ? bearer : named,
    ...parts,
  });
  application = await startApplication(
    { providers: { acme: { provider: definition, baseUrl: server.url, accounts, ...options } } },
    { logger, clock },
  );
}

const call = () => application.paymentsAuth.http('acme', 'shop').axiosRef.get('/pay');
const sent = () => server.requests.map(({ url }) => url);

function expectNoSecret(error: Error): void {
  expect(`${error.message} ${String(error.cause)}`).not.toContain('invented-password');
  expect(logger.lines.map(({ message }) => message).join('\n')).not.toContain('invented-password');
  expect(error.message).not.toContain('..');
  expect(error.message).not.toContain('Try again later');
}

type Sign = (attempt: Attempt<Keys>) => unknown;
const SIGNING: [how: string, sign: Sign, said: string, options?: object][] = [
  [
    'throws on a value',
    (attempt) => ({ headers: { 'X-S': fails(attempt) } }),
    'sign threw RangeError after it read credentials.password: cannot use [hidden]. Correct or give that value in providers.acme.accounts, or correct sign in the definition.',
  ],
  [
    'throws on a value after a while',
    async (attempt) => {
      const { user } = attempt.credentials;
      await Promise.resolve();
      return { headers: { [user]: fails(attempt) } };
    },
    'sign threw RangeError after it read credentials.user and credentials.password: cannot use [hidden]. Correct or give that value in providers.acme.accounts, or correct sign in the definition.',
  ],
  [
    'takes a text for a key',
    ({ credentials }) => ({
      headers: { 'X-S': jws({ algorithm: 'ES256', key: credentials.password, payload: '' }) },
    }),
    'sign threw TypeError after it read credentials.password: jws: the key is not a private key. Give a PEM (PKCS#8, PKCS#1 or SEC1, not encrypted) or a JWK. Correct or give that value in providers.acme.accounts',
  ],
  [
    'needs what is optional and not given',
    ({ credentials }) => ({ headers: { 'X-S': hmac('sha256', credentials.extra as string, 'x') } }),
    'sign threw TypeError (credentials.extra is not given): ',
  ],
  [
    'fills a template with what is not given',
    ({ credentials }) => ({ headers: { 'X-S': `Key ${credentials.extra}` } }),
    'sign returned a value for the header "X-S" that ends in "undefined" or the like, as if a value were missing (credentials.extra is not given). Correct sign in the definition.',
  ],
  [
    'throws whatever it gets',
    () => {
      throw new Error('no');
    },
    'sign threw Error: no. Correct sign in the definition.',
  ],
  [
    'throws a text',
    () => {
      // JavaScript allows a program to throw a text.
      throw 'no' as unknown as Error;
    },
    'sign threw a string: no. Correct sign in the definition.',
  ],
  [
    'returns an empty header',
    () => ({ headers: { 'X-S': '' } }),
    'sign returned a value for the header "X-S" that is empty. Correct sign in the definition.',
  ],
  [
    'returns a Headers',
    () => ({ headers: new Headers({ 'X-S': 'a' }) }),
    'sign returned headers that are a collection (Headers); expected a plain object',
  ],
  [
    'looks for a signer that nobody gave',
    (attempt) => throughSigner(attempt),
    'Give the option providers.acme.signer, which sign looks for, or correct sign in the definition.',
  ],
  [
    'asks a signer that throws',
    (attempt) => throughSigner(attempt),
    'the option providers.acme.signer threw Error: the KMS is away. Correct the signer, or what it asks.',
    { signer: kmsIsAway },
  ],
  [
    'asks a signer that returns a text',
    (attempt) => throughSigner(attempt),
    'the option providers.acme.signer returned a string; expected bytes, as a Uint8Array or a Buffer. Correct the signer, or what it asks.',
    { signer: () => 'signature' },
  ],
  [
    'asks a signer that does not answer',
    (attempt) => throughSigner(attempt),
    'the option providers.acme.signer did not answer within 30 s. Correct the signer, or what it asks.',
    { signer: () => new Promise(() => undefined), http: { timeout: 0 } },
  ],
];

describe('A call whose sign', () => {
  it.each(SIGNING)('%s says so, on which credential, and what to do', async (_, sign, said, options = {}) => {
    await start({ sign: sign as never }, options);
    const error = await outwaited(clock, failure(call()));
    expect(error).toMatchObject({ code: 'SIGNING_FAILED', provider: 'acme', account: 'shop' });
    expect(error.message).toContain(
      'A call to provider "acme", account "shop", could not be signed, and was not sent: ',
    );
    expect(error.message).toContain(said);
    expectNoSecret(error);
    expect(sent()).toEqual([]);
  });
});

const AFTER = 'threw RangeError after it read credentials.password: cannot use [hidden].';
const jwtBy = (spec: object) => privateKeyJwt<Keys>({ algorithm: 'ES256', ...spec });
const signs = async () => new Uint8Array(64);

const FAULTS: [path: string, parts: () => object, said: string, logins?: number, options?: object][] = [
  ['headers', () => ({ headers: (given: Given) => ({ 'X-K': fails(given) }) }), `headers ${AFTER}`],
  [
    'headers, a number,',
    () => ({ headers: (given: Given) => ({ 'X-K': atUse(7, 'a')(given) }) }),
    'headers returned a value for the header "X-K" that is a number; expected a text.',
  ],
  [
    'headers, a template that nobody filled,',
    () => ({
      headers: (given: Given) => ({ 'X-K': isReal(given) ? `Key ${given.credentials.extra}` : 'a' }),
    }),
    'that ends in "undefined" or the like, as if a value were missing (credentials.extra is not given).',
  ],
  [
    'headers, null,',
    () => ({ headers: atUse(null, { A: 'b' }) }),
    'headers returned null; expected an object',
  ],
  [
    'headers, a text,',
    () => ({ headers: atUse('X', { A: 'b' }) }),
    'headers returned a string; expected an object',
  ],
  [
    'headers, the host,',
    () => ({ headers: atUse({ Host: 'evil.test' }, { A: 'b' }) }),
    'headers returned "Host": this header is made by the HTTP client.',
  ],
  [
    'headers of a token',
    () => ({
      token: logsIn({}),
      headers: (given: Given & { token: string }) => ({
        ...bearer(given),
        'X-K': atUse('a\nb', 'a')(given),
      }),
    }),
    'headers returned a value for the header "X-K" that cannot be sent: it has a line break',
    1,
  ],
  [
    'headers, a field that is none,',
    () => ({
      headers: (given: Given) => ({
        'X-K': isReal(given) ? (given.credentials as never as { pasword: string }).pasword : 'a',
      }),
    }),
    'headers reads credentials.pasword, which is not a field. Did you mean "password"?',
  ],
  [
    'defaultHeaders',
    () => ({ defaultHeaders: (given: Given) => ({ 'X-D': fails(given) }) }),
    `defaultHeaders ${AFTER}`,
  ],
  [
    'defaultHeaders, a number,',
    () => ({ defaultHeaders: atUse(7, { A: 'b' }) }),
    'defaultHeaders returned a number; expected an object',
  ],
  ['tls', () => ({ tls: (given: Given) => ({ cert: `${fails(given)}\n`, key: 'k' }) }), `tls ${AFTER}`],
  ['token.body', () => ({ token: logsIn({ body: (given: Given) => ({ json: fails(given) }) }) }), AFTER],
  [
    'token.body, a promise,',
    () => ({ token: logsIn({ body: atUse(Promise.resolve({ json: {} }), { json: {} }) }) }),
    'token.body returned a promise; it must return its result directly.',
  ],
  [
    'token.headers',
    () => ({ token: logsIn({ headers: (given: Given) => ({ 'X-K': fails(given) }) }) }),
    `token.headers ${AFTER}`,
  ],
  [
    'token.answer.token',
    () => ({ token: logsIn({ answer: { token: 'data.token' } }) }),
    'token.answer.token: HTTP 200 with no token at "data.token".',
    1,
  ],
  [
    'token.tokenType',
    () => ({ token: asksFor({ tokenType: 'O-Bearer', path: '/mac' }) }),
    'token.tokenType: the answer holds a token of the type "mac", and the definition allows for Bearer and O-Bearer.',
    1,
  ],
  [
    'token.client',
    () => ({ token: asksFor({ client: (given: Given) => ({ id: fails(given), secret: 'x' }) }) }),
    `token.client ${AFTER}`,
  ],
  [
    'token.client, null,',
    () => ({ token: asksFor({ client: atUse(null, { id: 'a', secret: 'b' }) }) }),
    'token.client returned null; expected { id, secret }.',
  ],
  [
    'token.client, an id that is a number,',
    () => ({ token: asksFor({ client: atUse({ id: 7, secret: 'b' }, { id: 'a', secret: 'b' }) }) }),
    'token.client returned a number for id after it read credentials.password; expected a text.',
  ],
  [
    'token.client, no secret,',
    () => ({
      token: asksFor({ client: ({ credentials: { user, extra } }: Given) => ({ id: user, secret: extra }) }),
    }),
    'token.client returned no secret (credentials.extra is not given).',
  ],
  [
    'token.client of clientSecretJwt',
    () => ({
      token: asksFor({
        client: ({ credentials: { user, extra } }: Given) => ({ id: user, secret: extra }),
        authentication: clientSecretJwt(),
      }),
    }),
    'token.client returned no secret (credentials.extra is not given).',
  ],
  [
    'token.parameters',
    () => ({ token: asksFor({ parameters: (given: Given) => ({ a: fails(given) }) }) }),
    `token.parameters ${AFTER}`,
  ],
  [
    'token.parameters, a text,',
    () => ({ token: asksFor({ parameters: atUse('a=b', {}) }) }),
    'token.parameters returned a string; expected an object',
  ],
  [
    'token.authentication.key',
    () => ({ token: asksFor({ authentication: jwtBy({ key: fails }) }) }),
    `token.authentication.key ${AFTER}`,
  ],
  [
    'token.authentication.keyId',
    () => ({ token: asksFor({ authentication: jwtBy({ keyId: atUse(7) }) }) }),
    'token.authentication.keyId returned a number after it read credentials.password; expected a text.',
    0,
    { signer: signs },
  ],
  [
    'token.authentication.claims',
    () => ({ token: asksFor({ authentication: jwtBy({ claims: atUse({ a: 7n }, {}) }) }) }),
    'token.authentication.claims threw TypeError: ',
    0,
    { signer: signs },
  ],
  [
    'signer, no bytes,',
    () => ({ token: asksFor({ authentication: jwtBy({}) }) }),
    'the option providers.acme.signer returned a string; expected bytes, as a Uint8Array or a Buffer.',
    0,
    { signer: async () => 'signature' },
  ],
  [
    'signer, no signature,',
    () => ({ token: asksFor({ authentication: jwtBy({}) }) }),
    'the option providers.acme.signer returned no usable signature: the signer returned 3 bytes; expected a signature of',
    0,
    { signer: async () => new Uint8Array(3) },
  ],
  ['token.refreshToken', () => ({ token: spends({ refreshToken: fails }) }), `token.refreshToken ${AFTER}`],
  [
    'token.refreshToken that rotates',
    () => ({ token: spends({ refreshToken: fails, rotates: true }) }),
    `token.refreshToken ${AFTER}`,
    0,
    {
      singleProcess: true,
      accounts: { load: async (user: string) => ({ user, password: SECRET }), save: async () => true },
    },
  ],
  [
    'token.refreshToken, a promise,',
    () => ({ token: spends({ refreshToken: atUse(Promise.resolve('x'), 'x') }) }),
    'token.refreshToken returned a promise; it must return its result directly.',
  ],
  [
    'token.refreshToken, an empty text,',
    () => ({ token: spends({ refreshToken: atUse('', 'x') }) }),
    'token.refreshToken returned an empty text after it read credentials.password; expected a text.',
  ],
];

describe('A fault of a definition', () => {
  it.each(FAULTS)(
    'in %s is told by its path, its value and its account, once',
    async (_, parts, said, logins = 0, options = {}) => {
      await start(parts(), options);
      for (let time = 0; time < 2; time += 1) {
        const error = await outwaited(clock, failure(call()));
        expect(error).toMatchObject({ code: 'DEFINITION_FAULT', provider: 'acme', account: 'shop' });
        expect(error.message).toMatch(/^(?:The definition of|A request to) provider "acme"/);
        expect(error.message).toContain('account "shop"');
        expect(error.message).toContain(said);
        expect(error.message).toMatch(
          /(?<=[.?] )Correct the definition, or the value (?:or option )?where one is named; waiting does not help(?:, and a login is not tried again for a while)?\.$/,
        );
        expectNoSecret(error);
      }
      const lines = (['error', 'warn'] as const).flatMap((level) => logger.of(level, 'PaymentsAuth'));
      expect(lines).toEqual([expect.stringMatching(/^definition-fault provider=acme account=shop /)]);
      expect(sent()).toEqual(
        Array.from({ length: logins }, () => expect.stringMatching(/^\/(?:login|mac)$/)),
      );
    },
  );

  it('is no fault where issued does not say yes: such an answer counts as an outage', async () => {
    await start({ token: logsIn({ issued: () => undefined }) });
    const error = await outwaited(clock, failure(call()));
    expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
    expect(error.message).toContain('HTTP 200, and token.issued returned false.');
    expect(sent()).not.toContain('/pay');
  });
});

describe('A login whose signer', () => {
  it.each<[string, () => Promise<Uint8Array>, string]>([
    ['throws', kmsIsAway, 'threw Error: the KMS is away.'],
    ['does not answer', () => new Promise(() => undefined), 'did not answer within 10 s.'],
  ])('%s is tried again, and says which option it is', async (_, signer, said) => {
    await start({ token: asksFor({ authentication: jwtBy({}) }) }, { signer });
    const error = await outwaited(clock, failure(call()));
    expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE', provider: 'acme', account: 'shop' });
    expect(error.message).toContain(`the option providers.acme.signer ${said}`);
    expect(error.message).toMatch(/The next attempt is possible in .*\.$/);
    expect(sent()).toEqual([]);
  });
});

let asked = 0;
/** Makes a signer that signs the first request, which is the login. After that it runs `then`. */
const once = (then: () => Promise<Uint8Array>) => async () => ((asked += 1) > 1 ? then() : signs());
const IN_THE_DASHBOARD =
  "The token stays valid at the provider until it ends; if that is too late, end it in the provider's dashboard.";

describe('A token that cannot be given back', () => {
  beforeEach(() => {
    asked = 0;
  });

  it.each<[string, () => object, string, string, object?]>([
    [
      'because token.revoke.body throws',
      () => ({
        token: logsIn({ revoke: { path: '/revoke', body: (given: Given) => ({ json: fails(given) }) } }),
      }),
      'DEFINITION_FAULT',
      `token.revoke.body ${AFTER} Correct the definition, or the value or option where one is named.`,
    ],
    [
      'because token.revoke.body returns a promise',
      () => ({
        token: logsIn({
          revoke: { path: '/revoke', body: atUse(Promise.resolve({ json: {} }), { json: {} }) },
        }),
      }),
      'DEFINITION_FAULT',
      'token.revoke.body returned a promise; it must return its result directly. Correct the definition',
    ],
    [
      'because token.revoke.headers makes what cannot be sent',
      () => ({ token: logsIn({ revoke: { path: '/revoke', headers: atUse({ A: 'a\nb' }, {}) } }) }),
      'DEFINITION_FAULT',
      'token.revoke.headers returned a value for the header "A" that cannot be sent',
    ],
    [
      'because token.client throws by then',
      () => ({
        token: asksFor({
          client: (given: Given) => ({
            id: 'a',
            secret: isReal(given) && (asked += 1) > 1 ? fails(given) : 'b',
          }),
        }),
      }),
      'DEFINITION_FAULT',
      `token.client ${AFTER} Correct the definition`,
    ],
    [
      'because the signer throws',
      () => ({ token: asksFor({ authentication: jwtBy({}) }) }),
      'CREDENTIALS_UNAVAILABLE',
      'the option providers.acme.signer threw Error: the KMS is away. The token stays valid',
      { signer: once(kmsIsAway) },
    ],
    [
      'because the signer does not answer',
      () => ({ token: asksFor({ authentication: jwtBy({}) }) }),
      'CREDENTIALS_UNAVAILABLE',
      'the option providers.acme.signer did not answer within 10 s. The token stays valid',
      { signer: once(() => new Promise(() => undefined)) },
    ],
    [
      'because the provider is down',
      () => ({ token: logsIn({ revoke: { path: '/down' } }) }),
      'CREDENTIALS_UNAVAILABLE',
      'HTTP 500. The token stays valid',
    ],
  ])('%s is told with the place, and with what to do', async (_, parts, code, said, options = {}) => {
    await start(parts(), options);
    const credentials = application.paymentsAuth.credentials('acme', 'shop');
    await credentials.get();
    const error = await outwaited(clock, failure(credentials.revoke()));
    expect(error).toMatchObject({ code, provider: 'acme', account: 'shop' });
    expect(error.message).toContain(
      'The token of provider "acme", account "shop" is no longer used here, but could not be revoked at the provider: ',
    );
    expect(error.message).toContain(said);
    expect(error.message).toContain(IN_THE_DASHBOARD);
    expectNoSecret(error);
    const faults = logger.of('error', 'PaymentsAuth').filter((line) => line.startsWith('definition-fault'));
    expect(faults).toHaveLength(code === 'DEFINITION_FAULT' ? 1 : 0);
  });
});
