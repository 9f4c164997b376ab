import { Agent } from 'node:https';
import { describe, expect, it } from '@jest/globals';
import { ConfigModule } from '@nestjs/config';
import {
  isPaymentsAuthError,
  PaymentsAuthModule,
  type PaymentsAuthModuleOptions,
} from 'nestjs-payments-auth';
import { LogLines, startApplication, startModules } from './support/application.js';
import { findLeaks } from './support/leak-checker.js';
import { failure } from './support/waiting.js';

const SECRET = 'Zr8gHj5vXaQn0oTk2Ms7Wy4L';

/** Options that are wrong in different ways. */
const WRONG: Record<string, object> = {
  cashfin: { credentials: { clientSecret: '' } },
  kashier: { environment: 'live', insecureHosts: ['sandbox'], credentials: { secretKey: `${SECRET}$\n` } },
  pesapal: { environment: 'prod', refreshBeforeMs: -1, credentials: { consumerKey: SECRET } },
  clickpesa: {
    baseUrl: 'http://api.clickpesa.example.test',
    keepWarm: 'sometimes',
    credentials: { clientId: 'shop', apiKey: ` ${SECRET}` },
  },
  wakapay: { credentials: { apiKey: SECRET, apiSecret: 12_345 } },
  cryptofuse: {
    clientAuthenticaton: 'basic',
    credentials: { clientId: 'shop', clientSecret: SECRET, clientSecrets: SECRET },
  },
  paypall: { credentials: { clientSecret: SECRET } },
};

const PROBLEMS = [
  /^providers\.cashfin\.credentials\.clientSecret: empty/,
  /^providers\.kashier\.insecureHosts: must not be combined with the environment "live"/,
  /^providers\.kashier\.credentials\.secretKey: .*line break/,
  /^providers\.pesapal\.environment: not an environment of PesaPal. Known: sandbox, live/,
  /^providers\.pesapal\.refreshBeforeMs: /,
  /^providers\.pesapal\.credentials\.consumerSecret: missing/,
  /^providers\.clickpesa\.baseUrl: .*https/,
  /^providers\.clickpesa\.keepWarm: .*always.*when-used/,
  /^providers\.clickpesa\.credentials\.apiKey: .*space/,
  /^providers\.wakapay\.environment: missing; say "test" or "live" .*WAKAPAY_ENVIRONMENT/,
  /^providers\.wakapay\.credentials\.apiSecret: .*number/,
  /^providers\.cryptofuse\.clientAuthenticaton: not an option.*clientAuthentication/,
  /^providers\.cryptofuse\.credentials\.clientSecrets: not a credential of Cryptofuse.*clientSecret/,
  /^providers\.paypall: /,
];

describe('wrong options', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['forRoot', () => startApplication({ providers: WRONG })],
    [
      'forRootAsync',
      () =>
        startModules([
          PaymentsAuthModule.forRootAsync({
            useFactory: () => Promise.resolve({ providers: WRONG } as PaymentsAuthModuleOptions),
          }),
        ]),
    ],
  ])('stop the boot, all named at once by their paths and without a secret: %s', async (_, boot) => {
    const error = await failure(boot());
    expect(isPaymentsAuthError(error)).toBe(true);
    expect(error['code']).toBe('INVALID_OPTIONS');
    // Nest prints the stack below the message. No line of the stack would lead to code of the application.
    expect(error.stack).toBe(`PaymentsAuthError: ${error.message}`);
    expect(error['problems']).toHaveLength(PROBLEMS.length);
    for (const problem of PROBLEMS) expect(error['problems']).toContainEqual(expect.stringMatching(problem));
    for (const problem of error['problems'] as string[]) expect(error.message).toContain(problem);
    expect(findLeaks(error, [SECRET])).toEqual([]);
  });

  it('stop the boot too where they are variables, and each variable is named', async () => {
    const error = await failure(
      startApplication(undefined, {
        variables: {
          PESAPAL_CONSUMER_KEY: SECRET,
          PESAPAL_ENVIRONMENT: 'prod',
          WAKAPAY_API_KEY: SECRET,
          WAKAPAY_API_SECRET: ` ${SECRET}`,
          CASHFIN_CLIENT_SECRET: SECRET,
          CASHFIN_BASE_URL: 'http://api.cashfin.example.test',
        },
      }),
    );
    expect(error['problems']).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^PESAPAL_CONSUMER_SECRET: missing/),
        expect.stringMatching(/^PESAPAL_ENVIRONMENT: not an environment/),
        expect.stringMatching(/^WAKAPAY_ENVIRONMENT: missing/),
        expect.stringMatching(/^WAKAPAY_API_SECRET: .*space/),
        expect.stringMatching(/^CASHFIN_BASE_URL: .*https/),
      ]),
    );
    expect(error['problems']).toHaveLength(5);
    expect(findLeaks(error, [SECRET])).toEqual([]);
  });
});

/** Ways in which a value can change before the library gets it, and the place that the boot names. */
const ON_THE_WAY: [title: string, boot: (logger: LogLines) => Promise<unknown>, named: RegExp][] = [
  [
    'quotes that an env file kept',
    (logger) => startApplication(undefined, { logger, variables: { CASHFIN_CLIENT_SECRET: `"${SECRET}"` } }),
    /^CASHFIN_CLIENT_SECRET: is in quotes/,
  ],
  [
    'quotes in an option',
    (logger) =>
      startApplication(
        { providers: { cashfin: { credentials: { clientSecret: `'${SECRET}'` } } } },
        { logger },
      ),
    /^providers\.cashfin\.credentials\.clientSecret: is in quotes/,
  ],
  [
    'a quoted environment',
    (logger) =>
      startApplication(undefined, {
        logger,
        variables: {
          WAKAPAY_API_KEY: SECRET,
          WAKAPAY_API_SECRET: `x${SECRET}`,
          WAKAPAY_ENVIRONMENT: '"live"',
        },
      }),
    /^WAKAPAY_ENVIRONMENT: is in quotes/,
  ],
  [
    'a quoted base URL',
    (logger) =>
      startApplication(undefined, {
        logger,
        variables: { CASHFIN_CLIENT_SECRET: SECRET, CASHFIN_BASE_URL: '"https://cashfin.acme.test"' },
      }),
    /^CASHFIN_BASE_URL: is in quotes/,
  ],
  [
    'a number that was read without its zeros',
    startWithNumber,
    /^CASHFIN_CLIENT_SECRET: was turned into a number and has lost digits/,
  ],
  [
    'a number in the options',
    (logger) =>
      startApplication(
        { providers: { cashfin: { credentials: { clientSecret: 12_345_678 as never } } } },
        { logger },
      ),
    /^providers\.cashfin\.credentials\.clientSecret: must be a string, and is a number/,
  ],
  [
    'a CA beside an agent that would not have it',
    (logger) =>
      startApplication(
        {
          providers: {
            cashfin: { credentials: { clientSecret: SECRET }, http: { ca: 'a CA', httpsAgent: new Agent() } },
          },
        },
        { logger },
      ),
    /^providers\.cashfin\.http\.ca: the httpsAgent that is given too would not use this ca/,
  ],
  [
    'a key of another environment',
    (logger) => startWakaPay(logger, { apiKey: `pk_test_${SECRET}`, apiSecret: SECRET }),
    /^providers\.wakapay\.credentials\.apiKey: looks like a key of the "test" environment, but "live" is/,
  ],
  [
    'keys that were swapped',
    (logger) => startWakaPay(logger, { apiKey: `sk_test_${SECRET}`, apiSecret: `pk_test_${SECRET}` }, 'test'),
    /^providers\.wakapay\.credentials\.apiSecret: looks like the apiKey; .*swapped/,
  ],
];

/** A merchant's number that was written as a JavaScript number. */
const validate = (given: Record<string, unknown>) => ({
  ...given,
  CASHFIN_CLIENT_SECRET: Number(given['CASHFIN_CLIENT_SECRET']),
});

/** An application whose validation turns the variable into a number. */
async function startWithNumber(logger: LogLines): Promise<unknown> {
  const variables = { CASHFIN_CLIENT_SECRET: '0012345678' };
  // The module reads the variables when `forRoot()` is called.
  Object.assign(process.env, variables);
  const imports = [ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, validate })];
  delete process.env['CASHFIN_CLIENT_SECRET'];
  return startApplication(undefined, { logger, imports, variables });
}

async function startWakaPay(
  logger: LogLines,
  credentials: { apiKey: string; apiSecret: string },
  environment: 'live' | 'test' = 'live',
): Promise<unknown> {
  const wakapay = { environment, keepWarm: 'when-used', credentials } as const;
  const application = await startApplication({ providers: { wakapay } }, { logger });
  return application.close();
}

describe('a value that has changed on its way', () => {
  it.each(ON_THE_WAY)('is named at boot: %s', async (_, boot, named) => {
    const logger = new LogLines();
    const problems = await boot(logger).then(
      () => [],
      (error: { problems?: string[] }) => error.problems ?? [],
    );
    const findings = [...problems, ...logger.of('warn', 'PaymentsAuthModule')];
    expect(findings).toContainEqual(expect.stringMatching(named));
    expect(findLeaks(findings, [SECRET])).toEqual([]);
  });
});
