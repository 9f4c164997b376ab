import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AnyProviderDefinition, defineProvider, login } from 'nestjs-payments-auth';
import { LogLines, startApplication, type TestApplication } from './support/application.js';
import { json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';
import { failure } from './support/waiting.js';

interface Keys {
  readonly user: string;
  readonly password: string;
}

let server: LoopbackServer;
let application: TestApplication;
let logger: LogLines;

beforeEach(async () => {
  logger = new LogLines();
  server = await startLoopbackServer((request, response) => {
    if (request.url === '/login') return json(response, 200, { token: 't', expires: 20 });
    return json(response, request.url === '/missing' ? 404 : 200, {});
  });
});
afterEach(async () => {
  await application.close();
  await server.close();
});

/** Returns `made` for the credentials of the application, and `otherwise` for the invented ones of `defineProvider()`. */
const atUse = (given: { credentials: Keys }, made: unknown, otherwise?: unknown) =>
  given.credentials.password.startsWith('real') ? made : otherwise;

/** Accepts the invented values of `defineProvider()`, and throws for those of the application. */
const onlyAtUse = (word: string) => {
  if (word.startsWith('real')) throw new RangeError(`cannot use ${word}.`);
  return word;
};
const spec = {
  path: '/login',
  body: ({ credentials }: { credentials: Keys }) => ({ json: credentials }),
  answer: { token: 'token' },
  documentedLifetimeMs: 3_600_000,
  rejected: () => false,
};

/** Each fault, its message, and whether its cause is an error that the function threw. */
const FAULTS: [name: string, token: object, said: RegExp, sent: number, hasThrown?: false][] = [
  [
    'token.body',
    { body: (given: { credentials: Keys }) => atUse(given, { user: 'shop' }, { json: {} }) },
    /token\.body returned an object without json, form or text \(it has user\)/,
    0,
    false,
  ],
  [
    'token.body, a form in a form,',
    { body: (given: { credentials: Keys }) => atUse(given, { form: { a: {} } }) },
    /token\.body returned an object for the field "a"; expected a text/,
    0,
    false,
  ],
  [
    'token.headers, a line break,',
    { headers: (given: { credentials: Keys }) => atUse(given, { 'X-A': 'one\r\nX-Evil: 1' }) },
    /token\.headers returned a value for the header "X-A" that cannot be sent/,
    0,
    false,
  ],
  [
    'token.headers, a letter beyond ASCII,',
    { headers: (given: { credentials: Keys }) => atUse(given, { 'X-A': '日本' }) },
    /token\.headers returned a value for the header "X-A" that cannot be sent/,
    0,
    false,
  ],
  [
    'usableAfterMs, a token that ends before,',
    { usableAfterMs: 30_000, answer: { token: 'token', expiresIn: 'expires' } },
    /the token lives 20 s, but token\.usableAfterMs is 30 s: .* Correct token\.usableAfterMs/,
    1,
    false,
  ],
  [
    'token.body',
    { body: ({ credentials }: { credentials: Keys }) => ({ json: onlyAtUse(credentials.password) }) },
    /token\.body threw RangeError/,
    0,
  ],
  [
    'token.headers',
    { headers: ({ credentials }: { credentials: Keys }) => ({ 'X-A': onlyAtUse(credentials.password) }) },
    /token\.headers threw RangeError/,
    0,
  ],
  [
    'answer.token',
    { answer: { token: ({ text }: { text: string }) => (text === '' ? '' : onlyAtUse('real answer')) } },
    /token\.answer\.token threw RangeError/,
    1,
  ],
];

describe.each(FAULTS)('%s of a definition that cannot be', (_, token, said, sent, hasThrown) => {
  it('is reported once with its name and cause, and is not retried like an outage', async () => {
    const definition: AnyProviderDefinition = defineProvider<Keys, 'acme'>({
      name: 'acme',
      title: 'Acme',
      docs: 'https://docs.acme.test',
      environments: { live: 'https://api.acme.test' },
      credentials: { user: { secret: false }, password: {} },
      token: login<Keys>({ ...spec, ...token }),
      headers: ({ token: value }) => ({ Authorization: `Bearer ${value}` }),
    });
    application = await startApplication(
      {
        providers: {
          acme: {
            provider: definition,
            baseUrl: server.url,
            accounts: (id: string) => ({ user: id, password: 'real-but-invented-password' }),
          },
        },
      },
      { logger },
    );
    const { paymentsAuth } = application;
    const errors = [];
    for (const account of ['one', 'one', 'two'])
      errors.push(await failure(paymentsAuth.http('acme', account).axiosRef.get('/pay')));
    for (const error of errors) {
      expect(error).toMatchObject({
        code: 'DEFINITION_FAULT',
        message: expect.stringMatching(said) as unknown,
      });
      expect((error as Error).cause instanceof Error).toBe(hasThrown ?? true);
      expect(`${error.message} ${String((error as Error).cause)}`).not.toContain('invented-password');
      expect(error.message).not.toContain('..');
    }
    const lines = (['error', 'warn'] as const).flatMap((level) => logger.of(level, 'PaymentsAuth'));
    expect(lines).toEqual([expect.stringMatching(said)]);
    expect(lines).toEqual([expect.stringContaining('definition-fault')]);
    // There is one login for each account, and none for the second call of the first account.
    expect(server.to('/login')).toHaveLength(sent * 2);
    expect(server.to('/pay')).toEqual([]);
  });
});

/** Changes the credentials that it gets, as a careless function does. */
const tampers = ({ credentials }: { credentials: Keys }) => {
  (credentials as { password: string }).password = 'another-invented-one';
};

describe('A function of a definition that writes into the credentials', () => {
  it.each<[string, object]>([
    ['token.body', { body: (given: { credentials: Keys }) => atUse(given, tampers(given), { json: {} }) }],
    ['token.headers', { headers: (given: { credentials: Keys }) => atUse(given, tampers(given)) }],
    [
      'token.scopes',
      {
        headers: ({ scopes }: { scopes: string[] }) =>
          void (scopes[0] !== 'invented-scope' && scopes.push('admin')),
      },
    ],
  ])('in %s changes them for no other code, and is reported', async (_, token) => {
    const http = await startWith({
      token: login<Keys>({ ...spec, ...token }),
      headers: ({ token: value }: { token: string }) => ({ Authorization: `Bearer ${value}` }),
    });
    expect(await failure(http.get('/pay'))).toMatchObject({
      code: 'DEFINITION_FAULT',
      message: expect.stringMatching(/token\.\w+ threw TypeError: Cannot (?:assign|add)/) as unknown,
    });
    expect(server.to('/login')).toEqual([]);
  });
});

const ok = ({ credentials }: { credentials: Keys }) => ({ 'X-User': credentials.user });
const withToken = {
  token: login<Keys>(spec),
  headers: ({ credentials, token }: { credentials: Keys; token: string }) => ({
    Authorization: token,
    'X-Key': onlyAtUse(credentials.password),
  }),
};

/** What fails with credentials, and how many requests each of three calls may cost until the function is corrected. */
const AT_CALLS: [name: string, definition: object, said: RegExp, logins: number][] = [
  [
    'headers of a static key',
    { headers: ({ credentials }: { credentials: Keys }) => ({ 'X-K': onlyAtUse(credentials.password) }) },
    /headers threw RangeError/,
    0,
  ],
  ['headers of a token', withToken, /headers threw RangeError/, 1],
  [
    'defaultHeaders',
    {
      headers: ok,
      defaultHeaders: ({ credentials }: { credentials: Keys }) => ({
        'X-D': onlyAtUse(credentials.password),
      }),
    },
    /defaultHeaders threw RangeError/,
    0,
  ],
  [
    'tls',
    {
      headers: ok,
      tls: ({ credentials }: { credentials: Keys }) => ({
        cert: `${onlyAtUse(credentials.password)}\n`,
        key: 'test-not-real',
      }),
    },
    /tls threw RangeError/,
    0,
  ],
];

async function startWith(more: object) {
  application = await startApplication(
    {
      providers: {
        acme: {
          provider: defineProvider<Keys, 'acme'>({
            name: 'acme',
            title: 'Acme',
            docs: 'https://docs.acme.test',
            environments: { live: 'https://api.acme.test' },
            credentials: { user: { secret: false }, password: {} },
            ...more,
          }),
          baseUrl: server.url,
          credentials: { user: 'shop', password: 'real-but-invented-password' },
        },
      },
    },
    { logger },
  );
  return application.paymentsAuth.http('acme').axiosRef;
}
const faultsLogged = () =>
  logger.of('error', 'PaymentsAuth').filter((line) => line.includes('definition-fault'));

describe.each(AT_CALLS)('%s that throw', (_, definition, said, loginsSent) => {
  it('end each call with their name and cause, without a secret, and one line in the log', async () => {
    const http = await startWith(definition);
    for (let call = 0; call < 3; call += 1) {
      const error = await failure(http.get('/pay'));
      expect(error).toMatchObject({
        code: 'DEFINITION_FAULT',
        message: expect.stringMatching(said) as unknown,
      });
      expect((error as Error).cause).toMatchObject({ name: 'RangeError' });
      expect(error.message).not.toContain('..');
      expect(`${error.message} ${String((error as Error).cause)}`).not.toContain('invented-password');
    }
    expect(faultsLogged()).toEqual([expect.stringMatching(said)]);
    expect(logger.lines.some(({ message }) => message.includes('invented-password'))).toBe(false);
    expect(server.to('/login')).toHaveLength(loginsSent);
    expect(server.to('/pay')).toEqual([]);
  });
});

const tripsOver404 = ({ status }: { status: number }) => status === 404 && onlyAtUse('real answer') === '';

describe('A predicate of refusals that throws', () => {
  it('leaves the answer to its caller, and is reported once in the log', async () => {
    const http = await startWith({ headers: ok, refusal: { refused: tripsOver404 } });
    for (let call = 0; call < 3; call += 1)
      expect(await failure(http.get('/missing'))).toMatchObject({ response: { status: 404 } });
    expect(faultsLogged()).toEqual([expect.stringMatching(/refusal\.refused threw RangeError/)]);
    expect(server.to('/missing')).toHaveLength(3);
  });
});
