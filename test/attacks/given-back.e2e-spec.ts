import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BUILT_IN_PROVIDERS, clientCredentials, defineProvider } from 'nestjs-payments-auth';
import { probe } from '../../libs/payments-auth/src/cli/requests.js';
import { resolveOptions } from '../../libs/payments-auth/src/options/options.resolver.js';
import { ManualClock } from '../../libs/payments-auth/src/testing/manual-clock.js';
import { startApplication } from '../support/application.js';
import { findLeaks } from '../support/leak-checker.js';
import { json, type LoopbackServer, startLoopbackServer } from '../support/loopback-server.js';
import { failure, outwaited, until } from '../support/waiting.js';

interface Keys {
  id: string;
  secret: string;
}
const acme = defineProvider<Keys, 'acme'>({
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test',
  environments: { live: 'https://api.acme.test' },
  credentials: { id: { secret: false }, secret: {} },
  token: clientCredentials<Keys>({
    path: '/token',
    client: ({ credentials: { id, secret } }) => ({ id, secret }),
    revoke: { path: '/asked' },
    documentedLifetimeMs: 3_600_000,
  }),
  headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
  refusal: { refused: () => false },
  probe: { path: '/asked' },
});
const SECRET = 'q7Rk2mXw9LpZ4vBn8sTd6yHc5uJe';
const TOKEN = 'Zr8gHj5vXaQn0oTkW3eDs1LpFu6m';

const drip = (response: ServerResponse) => {
  const dripping = setInterval(() => response.write('x'), 10);
  response.on('close', () => clearInterval(dripping));
};
/** Sends data for as long as the client reads. */
const flood = (response: ServerResponse) => {
  const piece = Buffer.alloc(1024 * 1024, 'x');
  const more = () => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', more);
  more();
};

const TIMEOUT = /timeout/;

/** The answers of a hostile server to the two requests that are neither a call nor a login. */
const ANSWERS: [
  title: string,
  answer: (response: ServerResponse, elsewhere: string) => void,
  what: RegExp,
][] = [
  ...[301, 302, 303, 307, 308].map(
    (status) =>
      [
        `a redirect with ${status} to another host`,
        (response: ServerResponse, elsewhere: string) =>
          void response.writeHead(status, { location: `${elsewhere}/asked` }).end(),
        new RegExp(`HTTP ${status}`),
      ] as (typeof ANSWERS)[number],
  ),
  [
    'a redirect to its own host',
    (response) => void response.writeHead(307, { location: '/other' }).end(),
    /HTTP 307/,
  ],
  ['a body without end', (response) => flood(response.writeHead(200)), /too large|too-large/],
  ['an error body without end', (response) => flood(response.writeHead(500)), /too large|too-large/],
  ['a body that drips', (response) => drip(response.writeHead(200)), TIMEOUT],
  ['nothing but an interim answer', (response) => response.writeProcessing(), TIMEOUT],
  ['no answer at all', () => undefined, TIMEOUT],
];

describe.each(ANSWERS)('%s', (_title, answer, what) => {
  /** Moves the clock only where the request has to reach its deadline. */
  const settled = <T>(clock: ManualClock, promise: Promise<T>) =>
    what === TIMEOUT ? outwaited(clock, promise) : promise;

  let elsewhere: LoopbackServer;
  let server: LoopbackServer;
  let closed: number;
  beforeEach(async () => {
    closed = 0;
    elsewhere = await startLoopbackServer((_, response) => json(response, 200, {}));
    server = await startLoopbackServer(({ url }, response) => {
      if (url === '/token')
        return json(response, 200, { access_token: TOKEN, token_type: 'Bearer', expires_in: 3_600 });
      response.on('close', () => (closed += 1));
      return answer(response, elsewhere.url);
    });
  });
  afterEach(async () => {
    await server.close();
    await elsewhere.close();
  });
  const provider = () => ({
    provider: acme,
    baseUrl: server.url,
    keepWarm: 'when-used' as const,
    credentials: { id: 'shop', secret: SECRET },
  });

  it('to a revocation is an error without a secret, and goes nowhere else', async () => {
    const clock = new ManualClock();
    const application = await startApplication({ providers: { acme: provider() } }, { clock });
    const credentials = application.paymentsAuth.credentials('acme');
    await credentials.get();
    const error = await settled(clock, failure(credentials.revoke()));
    expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE', message: expect.stringMatching(what) });
    expect(findLeaks(error, [SECRET, TOKEN])).toEqual([]);
    expect(server.to('/asked')).toHaveLength(1);
    expect([...server.to('/other'), ...elsewhere.requests]).toEqual([]);
    await application.close();
    await until(() => closed === 1);
  });

  it('to the call of check is a finding without a secret, and goes nowhere else', async () => {
    const clock = new ManualClock();
    const { providers } = await resolveOptions(
      { providers: { acme: provider() } },
      { builtIns: BUILT_IN_PROVIDERS, variables: () => undefined },
    );
    const made = probe(
      providers[0] as never,
      { path: '/asked' },
      { credentials: { id: 'shop', secret: SECRET }, token: TOKEN },
      { clock, timeoutMs: 2_000 },
    );
    const result = await settled(clock, made);
    expect(result.step.passed).toBe(false);
    expect(result.symptom?.what).toMatch(what);
    expect(findLeaks(result, [SECRET, TOKEN])).toEqual([]);
    expect(server.to('/asked')).toHaveLength(1);
    expect([...server.to('/other'), ...elsewhere.requests]).toEqual([]);
  });
});
