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
  server = await startLoopbackServer((request, response) =>
    request.url === '/login' ? json(response, 200, { token: 't' }) : json(response, 200, { ok: true }),
  );
});
afterEach(async () => {
  await application.close();
  await server.close();
});

/** Made-up values pass through it when it is defined; those of the application do not. */
const onlyAtUse = (word: string) => {
  if (word.startsWith('real')) throw new RangeError(`cannot use ${word}`);
  return word;
};
const spec = {
  path: '/login',
  body: ({ credentials }: { credentials: Keys }) => ({ json: credentials }),
  answer: { token: 'token' },
  documentedLifetimeMs: 3_600_000,
  rejected: () => false,
};

const FAULTS: [name: string, token: object, said: RegExp, sent: number][] = [
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

describe.each(FAULTS)('%s of a definition that throws', (_, token, said, sent) => {
  it('is told once with its name and cause, and is not tried again like an outage', async () => {
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
      expect((error as Error).cause).toBeInstanceOf(Error);
      expect(`${error.message} ${String((error as Error).cause)}`).not.toContain('invented-password');
    }
    const lines = logger.of('error', 'PaymentsAuth').filter((line) => line.includes('definition-fault'));
    expect(lines).toEqual([expect.stringMatching(said)]);
    // One login for each account, and none for the second call of the first one.
    expect(server.to('/login')).toHaveLength(sent * 2);
    expect(server.to('/pay')).toEqual([]);
  });
});
