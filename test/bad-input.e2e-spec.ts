import { describe, expect, it } from '@jest/globals';
import {
  isPaymentsAuthError,
  PaymentsAuthModule,
  type PaymentsAuthModuleOptions,
} from 'nestjs-payments-auth';
import { startApplication, startModules } from './support/application.js';
import { findLeaks } from './support/leak-checker.js';
import { failure } from './support/waiting.js';

const SECRET = 'Zr8gHj5vXaQn0oTk2Ms7Wy4L';

/** Each of them wrong in another way. */
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
  ])('stop the boot, all of them named at once by their paths, and no secret: %s', async (_, boot) => {
    const error = await failure(boot());
    expect(isPaymentsAuthError(error)).toBe(true);
    expect(error['code']).toBe('INVALID_OPTIONS');
    expect(error['problems']).toHaveLength(PROBLEMS.length);
    for (const problem of PROBLEMS) expect(error['problems']).toContainEqual(expect.stringMatching(problem));
    for (const problem of error['problems'] as string[]) expect(error.message).toContain(problem);
    expect(findLeaks(error, [SECRET])).toEqual([]);
  });

  it('stop the boot too where they are variables, each named', async () => {
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
