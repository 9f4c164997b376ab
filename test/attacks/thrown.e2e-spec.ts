import { generateKeyPairSync, sign } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type AnyProviderDefinition,
  clientCredentials,
  defineProvider,
  type PaymentsAuthEvent,
  privateKeyJwt,
  refreshToken,
} from 'nestjs-payments-auth';
import { PaymentsAuthStatusPage, PaymentsAuthStatusPageModule } from 'nestjs-payments-auth/status-page';
import { PaymentsAuthHealthIndicator, PaymentsAuthHealthModule } from 'nestjs-payments-auth/terminus';
import { ManualClock } from '../../libs/payments-auth/src/testing/manual-clock.js';
import { LogLines, startApplication, type TestApplication } from '../support/application.js';
import { findLeaks } from '../support/leak-checker.js';
import { json, type LoopbackServer, startLoopbackServer } from '../support/loopback-server.js';
import { failure, outwaited } from '../support/waiting.js';

/** A secret of the application that the library does not know, such as the password of its database. */
const VAULT = 'hvs9f8e7d6c5b4a3f2e1d0cQ7';
/** Secrets that the library knows. */
const SECRET = 'q7Rk2mXw9LpZ4vBn8sTd6yHc5uJe';
const REFRESH = 'Zr8gHj5vXaQn0oTkW3eDs1LpFu6m';

interface Keys {
  id: string;
  secret: string;
  refresh: string;
}
const described = {
  docs: 'https://docs.acme.test',
  title: 'Acme',
  environments: { live: 'https://api.acme.test' },
  credentials: { id: { secret: false }, secret: {}, refresh: {} },
  headers: ({ token }: { token: string }) => ({ Authorization: `Bearer ${token}` }),
  refusal: { refused: () => false },
} as const;
const client = ({ credentials: { id, secret } }: { credentials: Keys }) => ({ id, secret });

const REFRESHING = defineProvider<Keys, 'acme'>({
  ...described,
  name: 'acme',
  token: refreshToken<Keys>({
    path: '/token',
    client,
    refreshToken: ({ credentials }) => credentials.refresh,
    rotates: true,
    documentedLifetimeMs: 3_600_000,
  }),
});
const ASSERTING = defineProvider<Keys, 'acme'>({
  ...described,
  name: 'acme',
  token: clientCredentials<Keys>({
    path: '/token',
    client,
    authentication: privateKeyJwt({ algorithm: 'ES256' }),
    revoke: { path: '/revoke' },
    documentedLifetimeMs: 3_600_000,
  }),
});
const SIGNING = defineProvider<Keys, 'acme'>({
  ...described,
  name: 'acme',
  headers: ({ credentials }) => ({ 'X-Client': credentials.id }),
  sign: async ({ signWith }) => ({
    headers: { 'X-Signature': Buffer.from((await signWith?.(Buffer.from('bytes'))) ?? []).toString('hex') },
  }),
});

/** Values that the clients of databases, secret managers and key stores throw. */
const THROWN: [title: string, thrown: () => unknown][] = [
  ['a message that quotes what it was given', () => new Error(`no row for ${SECRET} and ${REFRESH}`)],
  ['a message with an Authorization header', () => new Error(`sent Authorization: Bearer ${VAULT}`)],
  ['a message with a URL', () => new Error(`connect ECONNREFUSED postgres://app:${VAULT}@db:5432/keys`)],
  ['a cause that quotes it', () => new Error('no', { cause: new Error(`refused ${SECRET} ${REFRESH}`) })],
  [
    'a cause with a request',
    () =>
      new Error('no', { cause: Object.assign(new Error('403'), { config: { headers: { token: VAULT } } }) }),
  ],
  [
    'several errors, one of which quotes it',
    () => new AggregateError([new Error(`${SECRET} ${REFRESH}`), Object.assign(new Error('x'), { VAULT })]),
  ],
  [
    'fields of its own',
    () =>
      Object.assign(new Error('denied'), { parameters: [REFRESH], sql: VAULT, $metadata: { key: SECRET } }),
  ],
  [
    'a code and a reason that quote it',
    () => Object.assign(new Error('x'), { code: SECRET, reason: REFRESH }),
  ],
  [
    'a getter',
    () => Object.defineProperty(new Error('x'), 'detail', { enumerable: true, get: () => VAULT + SECRET }),
  ],
  ['an object that is no error', () => ({ message: `denied ${SECRET}`, request: { VAULT, REFRESH } })],
  ['a text', () => `denied ${SECRET} ${REFRESH}, Bearer ${VAULT}`],
];

/** Where the application's own code runs inside a call. */
interface Place {
  readonly title: string;
  readonly provider: AnyProviderDefinition;
  /** The options whose code calls `fail`. Where `before` has to succeed first, the code calls it from the second time on. */
  readonly options: (fail: () => void) => object;
  /** Runs before the code fails. */
  readonly before?: (application: TestApplication) => Promise<unknown>;
  readonly run: (application: TestApplication) => Promise<unknown>;
  readonly fails: boolean;
  /** The library has not got the secret yet. So it cannot know that the thrown text contains a secret. */
  readonly knowsNothing?: true;
}

const KEYS: Keys = { id: 'shop', secret: SECRET, refresh: REFRESH };
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const signed = async (bytes: Uint8Array) => new Uint8Array(sign('sha256', bytes, privateKey));
const get = ({ paymentsAuth }: TestApplication) => paymentsAuth.credentials('acme', 'shop').get();

const PLACES: Place[] = [
  {
    title: 'load',
    provider: REFRESHING,
    options: (fail) => ({
      singleProcess: true,
      credentialsTtlMs: 0,
      accounts: { load: async () => (fail(), KEYS), save: async () => true },
    }),
    run: get,
    fails: true,
    knowsNothing: true,
  },
  {
    title: 'load that has answered before',
    provider: REFRESHING,
    options: (fail) => ({
      singleProcess: true,
      credentialsTtlMs: 0,
      accounts: { load: async () => (fail(), KEYS), save: async () => true },
    }),
    before: get,
    run: ({ paymentsAuth }) => paymentsAuth.credentials('acme', 'shop').refresh(),
    fails: true,
  },
  {
    title: 'save',
    provider: REFRESHING,
    options: (fail) => ({
      singleProcess: true,
      accounts: { load: async () => KEYS, save: async () => (fail(), true) },
    }),
    run: get,
    fails: false,
  },
  {
    title: 'the signer of a login',
    provider: ASSERTING,
    options: (fail) => ({
      accounts: { shop: KEYS },
      signer: async (bytes: Uint8Array) => (fail(), signed(bytes)),
    }),
    run: get,
    fails: true,
  },
  {
    title: 'the signer of a revocation',
    provider: ASSERTING,
    options: (fail) => ({
      accounts: { shop: KEYS },
      signer: async (bytes: Uint8Array) => (fail(), signed(bytes)),
    }),
    before: get,
    run: ({ paymentsAuth }) => paymentsAuth.credentials('acme', 'shop').revoke(),
    fails: true,
  },
  {
    title: 'the signer of a call',
    provider: SIGNING,
    options: (fail) => ({
      accounts: { shop: KEYS },
      signer: async (bytes: Uint8Array) => (fail(), signed(bytes)),
    }),
    run: ({ paymentsAuth }) => paymentsAuth.http('acme', 'shop').axiosRef.post('/pay', { amount: '1' }),
    fails: true,
  },
];

describe.each(PLACES)('$title, when it throws', ({ provider, options, before, run, fails, knowsNothing }) => {
  let server: LoopbackServer;
  let application: TestApplication | undefined;
  let tokens: number;

  beforeEach(async () => {
    tokens = 0;
    server = await startLoopbackServer((_, response) =>
      json(response, 200, {
        access_token: `test-token-${(tokens += 1)}`,
        token_type: 'Bearer',
        expires_in: 3_600,
        refresh_token: `test-refresh-token-${tokens}`,
      }),
    );
  });
  afterEach(async () => {
    await application?.close();
    await server.close();
  });

  it.each(THROWN)('%s, shows nothing of a secret anywhere', async (_, thrown) => {
    const failing = { isOn: before === undefined, times: 0 };
    const fail = () => {
      if (!failing.isOn) return;
      failing.times += 1;
      throw thrown();
    };
    const clock = new ManualClock();
    const logger = new LogLines();
    application = await startApplication(
      { auditLog: true, providers: { acme: { provider, baseUrl: server.url, ...options(fail) } } } as never,
      {
        clock,
        logger,
        imports: [
          PaymentsAuthHealthModule,
          PaymentsAuthStatusPageModule.forRoot({
            guards: [
              class {
                canActivate = () => true;
              },
            ],
          }),
        ],
      },
    );
    const events: PaymentsAuthEvent[] = [];
    application.paymentsAuth.events$.subscribe((event) => events.push(event));
    await before?.(application);
    failing.isOn = true;
    const running = run(application);
    const outcome = await outwaited(clock, fails ? failure(running) : running);
    expect(failing.times).toBeGreaterThan(0);
    const { app, paymentsAuth } = application;
    const told = {
      events,
      lines: logger.lines,
      status: paymentsAuth.status(),
      explained: await paymentsAuth.explain('acme', 'shop'),
      health: await app
        .get(PaymentsAuthHealthIndicator)
        .check('payments', { provider: 'acme', account: 'shop' }),
      page: await app.get(PaymentsAuthStatusPage).snapshot(),
      ...(fails ? { error: outcome } : {}),
    };
    expect(findLeaks(told, knowsNothing ? [VAULT] : [VAULT, SECRET, REFRESH])).toEqual([]);
  });
});
