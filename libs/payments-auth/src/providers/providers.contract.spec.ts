import { inspect } from 'node:util';
import { type LoopbackServer, json, startLoopbackServer } from '../../../../test/support/loopback-server.js';
import { AxiosTokenTransport } from '../strategies/axios-token-transport.js';
import {
  type Credentials,
  type LoginGiven,
  strategyOf,
  type TokenOutcome,
  type TokenStrategy,
} from '../strategies/strategy.js';
import { ManualClock } from '../testing/manual-clock.js';
import { definitionProblems } from './definition-problems.js';
import {
  BUILT_IN_PROVIDERS,
  type BuiltInCredentials,
  type BuiltInProviderName,
  FOUND_BY_VARIABLES,
} from './index.js';
import type { ApiAnswer, ProviderDefinition } from './provider-definition.js';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.parse('2026-01-02T03:04:05Z');
const DATE = new Date(NOW_MS).toUTCString();
const BASIC = { clientAuthentication: 'client_secret_basic' } as const;
const TOKEN = 'eyJ0ZXN0Ijp0cnVlfQ.test-token-not-real.c2ln';

/** The first six providers. `built-in.providers.spec.ts` tests what is true of every built-in provider. */
type SixName = (typeof FOUND_BY_VARIABLES)[number]['name'];

const credentials: Required<Pick<BuiltInCredentials, SixName>> = {
  cashfin: { clientSecret: 'cs_test-not-real-1', webhookSecret: 'whsec-test-not-real' },
  kashier: { secretKey: 'test-not-real$secret', apiKey: 'test-api-key-not-real', merchantId: 'MID-0-1' },
  pesapal: { consumerKey: 'test-key-not-real', consumerSecret: 'test-secret-not-real' },
  clickpesa: {
    clientId: 'test-client-not-real',
    apiKey: 'test-key-not-real',
    checksumKey: 'CHK-not-real',
    checksumMethod: 'canonical',
  },
  wakapay: { apiKey: 'pk_test_not-real', apiSecret: 'sk_test_not-real' },
  cryptofuse: { clientId: 'test-client-not-real', clientSecret: 'test-secret:not real' },
};

/** What a token endpoint answers: `[status, body]`. */
type Answer = readonly [status: number, body?: unknown];

/** The logins of one provider, word for word as its documents have them. */
interface LoginContract {
  readonly request: { url: string; headers: Record<string, string>; body: string };
  readonly issued: Answer;
  readonly lifetimeMs: number;
  readonly authorization: string;
  /** Wrong secrets, and the provider's own reason for each. */
  readonly rejected: readonly (readonly [answer: Answer, reason: string])[];
  readonly unavailable: readonly Answer[];
  readonly revoke?: { url: string; headers: Record<string, string>; body: string };
}

const FORM = 'application/x-www-form-urlencoded';
const BASIC_HEADER = `Basic ${Buffer.from('test-client-not-real:test-secret%3Anot+real').toString('base64')}`;
const pesapalError = (code: string | null) => ({
  error: { error_type: 'api_error', code, message: '' },
  status: '500',
});

const logins: Record<Exclude<SixName, 'cashfin' | 'kashier'>, LoginContract> = {
  pesapal: {
    request: {
      url: '/base/api/Auth/RequestToken',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: '{"consumer_key":"test-key-not-real","consumer_secret":"test-secret-not-real"}',
    },
    issued: [
      200,
      { token: TOKEN, expiryDate: '2026-01-02T03:09:05.5177702Z', error: null, status: '200', message: 'ok' },
    ],
    lifetimeMs: 5 * 60_000 + 517,
    authorization: `Bearer ${TOKEN}`,
    rejected: [200, 401, 500].map((status) => [
      [status, pesapalError('invalid_consumer_key_or_secret_provided')],
      'invalid_consumer_key_or_secret_provided',
    ]),
    unavailable: [
      [200, pesapalError('invalid_api_request_parameters')],
      [200, { ...pesapalError('service_down'), token: TOKEN, expiryDate: '2026-01-02T04:04:05Z' }],
      [200, { token: null, expiryDate: null, error: null, status: '500', message: null }],
      [302, undefined],
    ],
  },
  clickpesa: {
    request: {
      url: '/base/third-parties/generate-token',
      headers: {
        accept: 'application/json',
        'client-id': 'test-client-not-real',
        'api-key': 'test-key-not-real',
      },
      body: '',
    },
    issued: [200, { success: true, token: `Bearer ${TOKEN}` }],
    lifetimeMs: HOUR_MS,
    authorization: `Bearer ${TOKEN}`,
    rejected: ['Invalid client details', 'Invalid or Expired API-Key', 'Unauthorized API-Key'].map(
      (message) => [[403, { message }], message],
    ),
    unavailable: [
      [403, { message: 'Forbidden' }],
      [200, { success: false, token: `Bearer ${TOKEN}` }],
      [200, { success: false, message: 'Service unavailable' }],
      [401, { message: 'Unauthorized' }],
    ],
  },
  wakapay: {
    request: {
      url: '/base/business/auth',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: '{"apiKey":"pk_test_not-real","apiSecret":"sk_test_not-real"}',
    },
    issued: [200, { accessToken: TOKEN, expiresIn: 3600 }],
    lifetimeMs: HOUR_MS,
    authorization: `Bearer ${TOKEN}`,
    rejected: [[[401, { code: 0, error: 'invalid credentials' }], 'invalid credentials']],
    unavailable: [
      [400, { code: 0, error: 'invalid payload' }],
      [401, { message: 'Unauthorized' }],
      [200, { code: 0, error: 'try later' }],
    ],
  },
  cryptofuse: {
    request: {
      url: '/base/o/token/',
      headers: { accept: 'application/json', 'content-type': FORM, authorization: BASIC_HEADER },
      body: 'grant_type=client_credentials&scope=read+write',
    },
    issued: [200, { access_token: TOKEN, token_type: 'Bearer', expires_in: '36000', scope: 'read write' }],
    lifetimeMs: 10 * HOUR_MS,
    authorization: `Bearer ${TOKEN}`,
    rejected: [
      [[401, { error: 'invalid_client' }], 'invalid_client'],
      [[400, { error: 'invalid_grant', error_description: 'Invalid credentials given.' }], 'invalid_grant'],
      [[400, { error: 'unauthorized_client' }], 'unauthorized_client'],
      [[401, { error: { code: 'authentication_failed', message: 'Invalid' } }], 'authentication_failed'],
    ],
    unavailable: [
      [400, { error: 'unsupported_grant_type' }],
      [400, { error: 'invalid_scope' }],
      [200, { error: 'temporarily_unavailable' }],
    ],
    revoke: {
      url: '/base/o/revoke_token/',
      headers: { 'content-type': FORM, authorization: BASIC_HEADER },
      body: `token=${TOKEN}&token_type_hint=access_token`,
    },
  },
};

/** Kinds of refusal: the provider's own that a new credential cures, one that no credential cures, and a bare status. */
type Verdict = 'refused' | 'incurable' | 'neither';

const permissionDenied = {
  error: {
    code: 'permission_denied',
    message: 'Token does not have required scope',
    details: { required_scopes: ['read', 'write'], token_scopes: ['read'] },
  },
};
const kashierFailure = (cause: string) => ({
  error: { cause },
  messages: { en: 'Forbidden request' },
  status: 'FAILURE',
});

const calls: Record<SixName, readonly [verdict: Verdict, status: number, body: unknown][]> = {
  cashfin: [
    ['refused', 401, { success: false, message: 'Unauthorized access!' }],
    ['incurable', 403, { success: false, message: 'Not permitted' }],
    [
      'neither',
      429,
      { success: false, error: 'Rate limit exceeded. Please try again later.', retry_after: 30 },
    ],
    ['neither', 400, { success: false, message: 'Unauthorized access!' }],
  ],
  kashier: [
    ['refused', 401, kashierFailure('unauthorized')],
    ['refused', 403, kashierFailure('invalid authorization')],
    ['incurable', 403, kashierFailure('merchant is suspended')],
    ['neither', 400, kashierFailure('invalid hash')],
    ['neither', 200, { status: 'SUCCESS', response: {} }],
  ],
  pesapal: [
    ...[200, 401, 500].map((status): [Verdict, number, unknown] => [
      'refused',
      status,
      pesapalError('invalid_api_credentials_provided'),
    ]),
    ['refused', 401, { error: { type: 'authentication_error', code: 'token_expired' } }],
    ['neither', 200, pesapalError('payment_details_not_found')],
    ['neither', 200, { order_tracking_id: 'x', ...pesapalError(null) }],
    ['neither', 500, pesapalError('internal_error')],
    ['neither', 200, { error: null, message: 'Invalid Access Token' }],
    ['neither', 200, [{ error: null }]],
  ],
  clickpesa: [
    ['refused', 401, { message: 'Unauthorized' }],
    ['incurable', 403, { message: 'Unauthorized API-Key' }],
    ['neither', 409, { message: 'Order reference ORD1 already used' }],
    ['neither', 429, { message: 'Too Many Requests' }],
  ],
  wakapay: [
    ['refused', 401, { message: 'token is malformed: token contains an invalid number of segments' }],
    ['refused', 401, { code: 0, error: 'invalid credentials' }],
    ['neither', 400, { code: 0, error: 'invalid payload' }],
    ['neither', 404, { message: 'not found' }],
  ],
  cryptofuse: [
    [
      'refused',
      401,
      { error: { code: 'authentication_failed', message: 'Invalid', details: { hint: 'x' } } },
    ],
    ['refused', 401, { error: 'invalid_token' }],
    ['incurable', 403, permissionDenied],
    ['neither', 404, { error: { code: 'not_found', message: 'Not found' } }],
    ['neither', 429, { error: { code: 'throttled', message: 'Slow down' } }],
  ],
};

const definitions: readonly ProviderDefinition[] = FOUND_BY_VARIABLES;
const named = definitions.map((definition) => [definition.name as SixName, definition] as const);
const tokenProviders = Object.entries(logins).map(([name, contract]) => {
  const definition = definitions.find((each) => each.name === name) as ProviderDefinition;
  const secret: Credentials = { ...credentials[name as SixName] };
  return [name, { definition, strategy: strategyOf(definition) as TokenStrategy, contract, secret }] as const;
});

function verdict({ refusal }: ProviderDefinition, status: number, body: unknown): Verdict {
  const answer: ApiAnswer = { status, headers: {}, body, text: '' };
  const [refused, incurable] = [refusal?.refused(answer) ?? false, refusal?.incurable?.(answer) ?? false];
  if (refused && incurable) throw new Error('both at once');
  return refused ? 'refused' : incurable ? 'incurable' : 'neither';
}

function read(strategy: TokenStrategy, [status, body]: Answer): TokenOutcome {
  return strategy.read({ status, headers: { date: DATE }, body, text: '' }, NOW_MS);
}

describe.each(named)('%s', (name, definition) => {
  const own: Credentials = { ...credentials[name] };

  it('is a definition that defineProvider would take', () => {
    expect(definitionProblems(definition)).toEqual([]);
  });

  it('has a lower-case name, a title, and a page that it follows', () => {
    expect(name).toMatch(/^[a-z]+$/);
    expect(definition.title.toLowerCase()).toBe(name);
    expect(definition.docs).toMatch(/^https:\/\//);
  });

  it('has https URLs only, and a variable for its environment where it has more than one', () => {
    const bases = Object.values(definition.environments).flatMap((each) =>
      typeof each === 'string' ? [each] : Object.values(each),
    );
    for (const base of bases) expect(base).toMatch(/^https:\/\/[a-z0-9./-]+[a-z0-9]$/);
    expect(definition.environments).toHaveProperty('live');
    expect(definition.environmentVariable !== undefined).toBe(
      Object.keys(definition.environments).length > 1,
    );
  });

  it('reads every credential from a variable of its own name', () => {
    expect(Object.keys(definition.credentials)).toEqual(Object.keys(own));
    for (const field of Object.values(definition.credentials)) {
      expect(field.variable?.startsWith(`${name.toUpperCase()}_`)).toBe(true);
    }
  });

  it('finds nothing odd about well-formed credentials', () => {
    for (const [field, spec] of Object.entries(definition.credentials)) {
      expect(spec.suspect?.(own[field] as string)).toBeUndefined();
    }
  });

  it.each([...calls[name]])('judges as %s: %i %j', (expected, status, body) => {
    expect(verdict(definition, status, body)).toBe(expected);
  });

  it.each([[undefined], [null], [''], ['Unauthorized'], [[]], [{}], [42]])(
    'leaves a 401 with %j to the general rule, because no provider answers with these words',
    (body) => {
      expect(verdict(definition, 401, body)).toBe('neither');
    },
  );

  it('sees no refusal in an answer without the words of the provider, at any other status', () => {
    for (const status of [200, 201, 204, 400, 404, 500, 502, 503]) {
      for (const body of [undefined, null, {}, [], 'text'])
        expect(verdict(definition, status, body)).toBe('neither');
    }
  });

  it('looks at successful answers only where the provider refuses with such an answer', () => {
    const refusesWithSuccess = calls[name].some(([kind, status]) => kind === 'refused' && status < 300);
    expect(definition.refusal?.alsoOnSuccess ?? false).toBe(refusesWithSuccess);
  });

  it('names a probe that only reads, where one is documented', () => {
    expect(definition.probe?.path ?? '/').toMatch(/^\//);
  });
});

describe.each(tokenProviders)('%s, logging in', (_, { definition, strategy, contract, secret }) => {
  const given: LoginGiven<Credentials> = {
    credentials: secret,
    scopes: [...(definition.scopes ?? [])].toSorted(),
    nowMs: NOW_MS,
    endpoint: `https://api.test${strategy.path}`,
  };
  let server: LoopbackServer;

  beforeAll(async () => {
    server = await startLoopbackServer((_request, response) => {
      const [status, body] = contract.issued;
      json(response, status, body, { date: DATE });
    });
  });

  afterAll(() => server.close());

  it('sends exactly the documented request, and gets a token', async () => {
    const transport = new AxiosTokenTransport({ clock: new ManualClock(NOW_MS) });
    const answer = await transport.send(`${server.url}/base`, await strategy.request(given, BASIC));
    const received = server.requests.at(-1);
    expect(received).toMatchObject({ method: 'POST', url: contract.request.url });
    expect(received?.headers).toMatchObject(contract.request.headers);
    expect(received?.body.toString()).toBe(contract.request.body);
    expect('content-type' in (received?.headers ?? {})).toBe('content-type' in contract.request.headers);
    expect(strategy.read(answer, answer.requestedAtMs)).toMatchObject({
      outcome: 'issued',
      lifetime: { lifetimeMs: contract.lifetimeMs },
    });
  });

  it('sends the token in Authorization, and never with Bearer twice', () => {
    const outcome = read(strategy, contract.issued);
    const token = outcome.outcome === 'issued' ? outcome.token : '';
    const parts = { credentials: secret, token };
    expect(definition.headers?.(parts)).toEqual({ Authorization: contract.authorization });
    const prefixed = { ...parts, token: `Bearer ${TOKEN}` };
    expect(definition.headers?.(prefixed)).toEqual({ Authorization: `Bearer ${TOKEN}` });
  });

  it.each(contract.rejected)('reads %j as a wrong secret: %s', (answer, reason) => {
    expect(read(strategy, answer)).toEqual({ outcome: 'rejected', reason });
  });

  it.each([
    ...contract.unavailable,
    [401, undefined],
    [403, undefined],
    [404, undefined],
    [429, { message: 'Too Many Requests' }],
    [500, undefined],
    [503, contract.issued[1]],
    [200, undefined],
    [204, undefined],
  ] as [number, unknown][])(
    'reads %i %j as an outage, and neither as a wrong secret nor as a token',
    (status, body) => {
      expect(read(strategy, [status, body]).outcome).toBe('unavailable');
    },
  );

  it.each([['text'], [[]], [{}]])('reads 200 %j as an unknown answer', (body) => {
    expect(read(strategy, [200, body])).toMatchObject({ outcome: 'rejected', code: 'DEFINITION_FAULT' });
  });

  it('puts neither a secret nor a token into a reason', () => {
    const answers = [...contract.rejected.map(([answer]) => answer), ...contract.unavailable];
    const text = inspect(answers.map((answer) => read(strategy, answer)));
    for (const each of [...Object.values(secret), TOKEN]) expect(text).not.toContain(each);
  });

  it('gives a token back where the provider takes one', async () => {
    const request = await strategy.revoke?.({ ...given, token: TOKEN }, BASIC);
    expect(request !== undefined).toBe(contract.revoke !== undefined);
    if (request === undefined) return;
    await new AxiosTokenTransport({ clock: new ManualClock() }).send(`${server.url}/base`, request);
    const received = server.requests.at(-1);
    expect({ method: received?.method, url: received?.url, body: received?.body.toString() }).toEqual({
      method: 'POST',
      url: contract.revoke?.url,
      body: contract.revoke?.body,
    });
    expect(received?.headers).toMatchObject(contract.revoke?.headers ?? {});
  });
});

function variablesOf(definition: ProviderDefinition): string[] {
  return [
    definition.environmentVariable,
    definition.scopesVariable,
    ...Object.values(definition.credentials).map((field) => field.variable),
    ...(typeof definition.baseUrlVariable === 'string'
      ? [definition.baseUrlVariable]
      : Object.values(definition.baseUrlVariable ?? {})),
  ].filter((variable): variable is string => variable !== undefined);
}

describe('the first six providers', () => {
  it('have these names', () => {
    expect(definitions.map(({ name }) => name)).toEqual([
      'cashfin',
      'kashier',
      'pesapal',
      'clickpesa',
      'wakapay',
      'cryptofuse',
    ]);
  });

  it('read their credentials from these variables, and no two from the same one', () => {
    const variables = definitions.flatMap(variablesOf);
    expect(variables.toSorted()).toEqual([
      'CASHFIN_BASE_URL',
      'CASHFIN_CLIENT_SECRET',
      'CASHFIN_WEBHOOK_SECRET',
      'CLICKPESA_API_KEY',
      'CLICKPESA_BASE_URL',
      'CLICKPESA_CHECKSUM_KEY',
      'CLICKPESA_CHECKSUM_METHOD',
      'CLICKPESA_CLIENT_ID',
      'CRYPTOFUSE_BASE_URL',
      'CRYPTOFUSE_CLIENT_ID',
      'CRYPTOFUSE_CLIENT_SECRET',
      'CRYPTOFUSE_SCOPES',
      'KASHIER_API_KEY',
      'KASHIER_BASE_URL',
      'KASHIER_ENVIRONMENT',
      'KASHIER_FEP_BASE_URL',
      'KASHIER_MERCHANT_ID',
      'KASHIER_SECRET_KEY',
      'PESAPAL_BASE_URL',
      'PESAPAL_CONSUMER_KEY',
      'PESAPAL_CONSUMER_SECRET',
      'PESAPAL_ENVIRONMENT',
      'WAKAPAY_API_KEY',
      'WAKAPAY_API_SECRET',
      'WAKAPAY_BASE_URL',
      'WAKAPAY_ENVIRONMENT',
    ]);
    expect(new Set(variables).size).toBe(variables.length);
  });
});

const subscription = {
  statusCode: 401,
  message:
    'Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.',
};
const daraja = (errorCode: string, errorMessage = 'Invalid Access Token') => ({ errorCode, errorMessage });
const square = (code: string) => ({ errors: [{ category: 'AUTHENTICATION_ERROR', code }] });

/** Cases for which a provider has several answers. Its counterpart in the sandbox gives one of them. */
const catalogueCalls: readonly (readonly [
  name: BuiltInProviderName,
  verdict: Verdict,
  status: number,
  body: unknown,
])[] = [
  ['daraja', 'refused', 404, daraja('404.001.03')],
  ['daraja', 'refused', 401, daraja('401.002.01')],
  ['daraja', 'refused', 400, daraja('400.003.01')],
  ['daraja', 'refused', 401, daraja('401.001')],
  ['daraja', 'refused', 401, { errorMessage: 'Invalid Access Token' }],
  ['daraja', 'neither', 404, daraja('404.001.01', 'Resource not found')],
  ['daraja', 'neither', 405, daraja('404.001.04', 'Invalid Authentication Header')],
  ['daraja', 'incurable', 500, daraja('500.001.1001', 'Wrong credentials')],
  ['daraja', 'neither', 500, daraja('500.002.1001', 'Duplicated originator conversation id')],
  ['daraja', 'neither', 500, daraja('500.003.02', 'Spike arrest violation')],
  ...(['momo-collection', 'momo-disbursement', 'momo-remittance'] as const).flatMap(
    (name) =>
      [
        [name, 'refused', 401, { error: 'invalid_token' }],
        [name, 'incurable', 401, subscription],
        [name, 'neither', 409, { code: 'RESOURCE_ALREADY_EXIST', message: 'Duplicated reference id' }],
      ] as const,
  ),
  ...(
    [
      'missing-auth-header',
      'invalid-auth',
      'api-key-not-provided',
      'no-matching-api-key',
      'api-key-revoked',
    ] as const
  ).map((code) => ['wave', 'refused', 401, { code, message: '' }] as const),
  ['wave', 'incurable', 403, { code: 'invalid-wallet', message: '' }],
  ['wave', 'incurable', 403, { code: 'disabled-wallet', message: '' }],
  // Integrations show this answer. The documents do not say how a token is refused.
  ['airtel-money', 'refused', 401, { error: 'bad API key or token' }],
  ['airtel-money', 'refused', 401, { status: { code: '401', message: 'bad API key or token' } }],
  ['airtel-money', 'incurable', 403, { status: { code: '403', response_code: 'ROUTER007' } }],
  ['monnify', 'refused', 401, { error: 'invalid_token' }],
  ['monnify', 'refused', 400, { error_description: 'Cannot convert access token to JSON' }],
  ['monnify', 'neither', 401, undefined],
  ['orange-money', 'refused', 401, { code: 41, message: 'Invalid credentials' }],
  ['orange-money', 'refused', 401, { code: '42', message: 'Expired credentials' }],
  ['orange-money', 'neither', 401, { code: 50, message: 'Forbidden' }],
  ['interswitch', 'refused', 401, { error: 'invalid_token' }],
  ['interswitch', 'neither', 401, undefined],
  ['nomba', 'refused', 401, { code: '401', description: 'unauthorized' }],
  ['nomba', 'neither', 401, undefined],
  ['kopokopo', 'refused', 401, { error: 'invalid_token' }],
  ['kopokopo', 'refused', 401, { error_code: 401, error_message: 'unauthorized' }],
  ['kopokopo', 'neither', 401, undefined],
  ['pawapay', 'refused', 401, { failureReason: { failureCode: 'AUTHENTICATION_ERROR' } }],
  ['pawapay', 'incurable', 403, { failureReason: { failureCode: 'AUTHORISATION_ERROR' } }],
  ['stripe', 'refused', 401, { error: { type: 'authentication_error', code: 'api_key_expired' } }],
  ['stripe', 'refused', 401, { error: { type: 'invalid_request_error', code: 'api_key_expired' } }],
  [
    'stripe',
    'refused',
    401,
    { error: { type: 'invalid_request_error', message: 'Invalid API Key provided: sk_test_***real' } },
  ],
  ['stripe', 'incurable', 403, { error: { type: 'invalid_request_error' } }],
  ...(['square', 'square-oauth'] as const).flatMap(
    (name) =>
      [
        [name, 'refused', 401, square('UNAUTHORIZED')],
        [name, 'refused', 401, square('ACCESS_TOKEN_EXPIRED')],
        [name, 'refused', 401, square('ACCESS_TOKEN_REVOKED')],
        [name, 'incurable', 403, square('INSUFFICIENT_SCOPES')],
        [name, 'neither', 401, square('CLIENT_DISABLED')],
      ] as const,
  ),
  ['vipps-mobilepay', 'incurable', 401, subscription],
];

/** Providers that answer a wrong secret in more than one way. */
const catalogueRejections: readonly (readonly [name: BuiltInProviderName, answer: Answer, reason: string])[] =
  [
    ['daraja', [400, daraja('400.008.01', 'Invalid Authentication passed')], '400.008.01'],
    ['momo-collection', [500, { error: 'login_failed' }], 'login_failed'],
    ['momo-collection', [401, { error: 'access_denied' }], 'access_denied'],
    ['momo-collection', [401, subscription], subscription.message],
    ['vipps-mobilepay', [401, subscription], subscription.message],
    ...(['airtel-money', 'flutterwave-v4', 'interswitch', 'kopokopo', 'orange-money'] as const).flatMap(
      (name) =>
        [400, 401].map((status) => [name, [status, { error: 'invalid_client' }], 'invalid_client'] as const),
    ),
    ['airtel-money', [401, { status: { message: 'Authentication failed' } }], 'Authentication failed'],
    ...[400, 401].map(
      (status) => ['peach-payments', [status, { message: 'invalid client' }], 'invalid client'] as const,
    ),
    ...[401, 403].map(
      (status) => ['nomba', [status, { code: '401', description: 'unauthorized' }], 'unauthorized'] as const,
    ),
    ['monnify', [401, { requestSuccessful: false, responseMessage: 'Bad credentials' }], 'Bad credentials'],
    ['monnify', [401, { error: 'unauthorized' }], 'unauthorized'],
    [
      'azampay',
      [423, { message: 'Provided detail is not valid for this app or secret key has been expired' }],
      'Provided detail is not valid for this app or secret key has been expired',
    ],
  ];

const definitionOf = (name: BuiltInProviderName) =>
  BUILT_IN_PROVIDERS.find((each) => each.name === name) as ProviderDefinition;

describe('an answer of a provider of the catalogue', () => {
  it.each(catalogueCalls)('to a call of %s is %s: %i %j', (name, expected, status, body) => {
    expect(verdict(definitionOf(name), status, body)).toBe(expected);
  });

  it.each(catalogueRejections)('to a login of %s with %j is a wrong secret: %s', (name, answer, reason) => {
    const strategy = strategyOf(definitionOf(name)) as TokenStrategy;
    expect(read(strategy, answer)).toMatchObject({ outcome: 'rejected', reason });
  });

  it('ends the earlier token where the definition says so', () => {
    const ending = (BUILT_IN_PROVIDERS as readonly ProviderDefinition[])
      .filter((definition) => strategyOf(definition)?.endsEarlierToken === true)
      .map(({ name }) => name);
    expect(ending).toEqual(['daraja', 'wise-oauth']);
  });
});
