import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import {
  type CredentialService,
  getCredentialsToken,
  getPaymentsHttpToken,
  InjectCredentials,
  InjectPaymentsHttp,
  isPaymentsAuthError,
  PaymentsAuthModule,
  type PaymentsAuthModuleOptions,
  type PaymentsAuthOptionsFactory,
  PaymentsAuthService,
} from 'nestjs-payments-auth';
import { firstValueFrom } from 'rxjs';
import { LogLines, startApplication, startModules, type TestApplication } from './support/application.js';

const SECRET = 'test-secret-not-real-0001';
const PESAPAL = {
  PESAPAL_CONSUMER_KEY: SECRET,
  PESAPAL_CONSUMER_SECRET: SECRET,
  PESAPAL_ENVIRONMENT: 'sandbox',
};
const pesapal = {
  environment: 'sandbox',
  keepWarm: 'when-used',
  credentials: { consumerKey: SECRET, consumerSecret: SECRET },
} as const;
const cashfin = { credentials: { clientSecret: SECRET } };

@Injectable()
class Shop {
  constructor(
    @InjectPaymentsHttp('pesapal') readonly http: HttpService,
    @InjectCredentials('pesapal') readonly credentials: CredentialService,
  ) {}
}

@Module({ providers: [Shop], exports: [Shop] })
class ShopModule {}

/** Ends an application, also when its test fails. */
async function using(application: Promise<TestApplication>, test: (it: TestApplication) => unknown) {
  const started = await application;
  try {
    await test(started);
  } finally {
    await started.close();
  }
}

function refusal(start: Promise<TestApplication>): Promise<Error> {
  return start.then(
    async (application) => {
      await application.close();
      throw new Error('the application has started');
    },
    (error: Error) => error,
  );
}

const names = ({ paymentsAuth }: TestApplication) => paymentsAuth.status().map(({ provider }) => provider);

describe('PaymentsAuthModule.forRoot()', () => {
  it('configures what is in process.env', () =>
    using(
      startApplication(undefined, { variables: { ...PESAPAL, PESAPAL_ENVIRONMENT: 'sandbox' } }),
      (it_) => {
        expect(it_.paymentsAuth.http('pesapal').axiosRef.defaults.baseURL).toBe(
          'https://cybqa.pesapal.com/pesapalv3',
        );
        expect(() => it_.paymentsAuth.http('cashfin')).toThrow(/"cashfin" is not configured/);
      },
    ));

  it.each(['before', 'after'])('reads through a global ConfigModule imported %s it', async (order) => {
    const config = ConfigModule.forRoot({
      isGlobal: true,
      ignoreEnvFile: true,
      skipProcessEnv: true,
      load: [() => ({ CASHFIN_CLIENT_SECRET: SECRET, PESAPAL_CONSUMER_KEY: '' })],
    });
    const imports = [config, PaymentsAuthModule.forRoot()];
    await using(
      // The ConfigService of the application ignores process.env, so its values do not count.
      startModules(order === 'before' ? imports : imports.toReversed(), { variables: PESAPAL }),
      async ({ paymentsAuth }) => {
        expect(await paymentsAuth.credentials('cashfin').headers()).toEqual({ Authorization: SECRET });
        expect(() => paymentsAuth.http('pesapal')).toThrow(/is not configured/);
      },
    );
  });

  it('names every missing variable of a provider that is partly configured, and stops the boot', async () => {
    const error = await refusal(
      startApplication(undefined, { variables: { PESAPAL_CONSUMER_KEY: SECRET, PESAPAL_ENVIRONMENT: '' } }),
    );
    expect(error).toMatchObject({
      code: 'INVALID_OPTIONS',
      problems: [
        expect.stringMatching(/^PESAPAL_ENVIRONMENT: missing/),
        expect.stringMatching(/^PESAPAL_CONSUMER_SECRET: missing, while PESAPAL_CONSUMER_KEY is set/),
      ],
    });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(SECRET);
  });

  it('is global: other modules inject without importing it', () =>
    using(startModules([PaymentsAuthModule.forRoot({ providers: { pesapal } }), ShopModule]), ({ app }) => {
      const shop = app.get(Shop);
      expect(shop.http).toBeInstanceOf(HttpService);
      expect(shop.http).toBe(app.get(getPaymentsHttpToken('pesapal')));
      expect(shop.http).toBe(app.get(PaymentsAuthService).http('pesapal'));
      expect(shop.credentials.status()).toMatchObject({ provider: 'pesapal', state: 'idle' });
    }));

  it('can be kept out of other modules, and then the error of Nest says what to do', async () => {
    const error = await refusal(
      startModules([PaymentsAuthModule.forRoot({ providers: { pesapal }, isGlobal: false }), ShopModule]),
    );
    expect(error.message).toContain('PAYMENTS_AUTH:HTTP:pesapal (name it in providers or fromEnvironment)');
  });

  it('is refused a second time in one application', async () => {
    @Module({ imports: [PaymentsAuthModule.forRoot({ providers: { cashfin } })] })
    class Second {}
    const error = await refusal(
      startModules([PaymentsAuthModule.forRoot({ providers: { cashfin } }), Second]),
    );
    expect(isPaymentsAuthError(error)).toBe(true);
    expect(error.message).toMatch(/imported 2 times in one application\. Import .* once, in the root module/);
  });

  it('may be imported in several places when it is one dynamic module', () => {
    const payments = PaymentsAuthModule.forRoot({ providers: { cashfin } });
    @Module({ imports: [payments] })
    class Second {}
    return using(startModules([payments, Second]), ({ paymentsAuth }) => {
      expect(paymentsAuth.http('cashfin')).toBeInstanceOf(HttpService);
    });
  });

  it('is refused as a bare class, which has nothing to inject', async () => {
    const error = await refusal(startModules([PaymentsAuthModule]));
    expect(error.message).toMatch(/imported as a bare class/);
  });

  it('logs a warning for options that look wrong, and starts', async () => {
    const logger = new LogLines();
    const kashier = {
      environment: 'test',
      credentials: { secretKey: 'test-secret-not-real-cut' },
    } as const;
    await using(startApplication({ providers: { kashier } }, { logger }), () => {
      expect(logger.of('warn', 'PaymentsAuthModule')).toEqual([
        expect.stringMatching(/^providers\.kashier\.credentials\.secretKey: has no "\$"/),
      ]);
    });
  });

  it.each([
    ['forRoot', (options: PaymentsAuthModuleOptions) => PaymentsAuthModule.forRoot(options)],
    [
      'forRootAsync',
      (options: PaymentsAuthModuleOptions) => PaymentsAuthModule.forRootAsync({ useFactory: () => options }),
    ],
  ])('leaves no secret where a module, its container or an injectable is inspected: %s', async (_, make) => {
    const module = make({
      providers: { pesapal, cashfin: { accounts: { shop: { clientSecret: SECRET } } } },
    });
    expect(inspect(module, { depth: 20, showHidden: true })).not.toContain(SECRET);
    await using(startModules([module, ShopModule]), ({ app, paymentsAuth }) => {
      const seen = [
        inspect((app as unknown as { container: unknown }).container, { depth: 12, showHidden: true }),
        inspect(app.get(Shop), { depth: 12, showHidden: true }),
        inspect(paymentsAuth, { depth: 12, showHidden: true }),
        JSON.stringify(paymentsAuth.status()),
      ].join('\n');
      expect(seen).toContain('PaymentsAuthModule');
      expect(seen).not.toContain(SECRET);
    });
  });
});

describe('PaymentsAuthModule.forRootAsync()', () => {
  const acmeLike = { provider: 'cashfin', credentials: { clientSecret: SECRET } } as const;

  it('takes a factory with injected dependencies', () =>
    using(
      startModules([
        PaymentsAuthModule.forRootAsync({
          imports: [ConfigModule.forRoot({ ignoreEnvFile: true, load: [() => ({ secret: SECRET })] })],
          inject: [ConfigService],
          useFactory: async (config: ConfigService) => ({
            providers: { cashfin: { credentials: { clientSecret: config.getOrThrow<string>('secret') } } },
          }),
        }),
      ]),
      async ({ paymentsAuth }) => {
        expect(await paymentsAuth.credentials('cashfin').headers()).toEqual({ Authorization: SECRET });
      },
    ));

  it('takes a class, and an existing provider', async () => {
    @Injectable()
    class Options implements PaymentsAuthOptionsFactory {
      createPaymentsAuthOptions() {
        return { providers: { cashfin } };
      }
    }
    @Module({ providers: [Options], exports: [Options] })
    class OptionsModule {}
    for (const form of [{ useClass: Options }, { imports: [OptionsModule], useExisting: Options }]) {
      await using(startModules([PaymentsAuthModule.forRootAsync(form)]), ({ paymentsAuth }) => {
        expect(paymentsAuth.http('cashfin')).toBeInstanceOf(HttpService);
      });
    }
  });

  it.each([
    ['undefined', () => undefined],
    ['an empty object', () => ({})],
    ['a promise of nothing', async () => undefined],
  ])('does what forRoot() does when its factory returns %s', (_, useFactory) =>
    using(
      startModules([PaymentsAuthModule.forRootAsync({ useFactory })], { variables: PESAPAL }),
      ({ paymentsAuth }) => {
        expect(paymentsAuth.http('pesapal')).toBeInstanceOf(HttpService);
      },
    ),
  );

  it('makes injectables of other names when they are given beside the factory', () =>
    using(
      startModules([
        PaymentsAuthModule.forRootAsync({
          providerNames: ['acme', 'later'],
          useFactory: () => ({ providers: { acme: acmeLike } }),
        }),
      ]),
      async ({ app }) => {
        const acme = app.get<CredentialService>(getCredentialsToken('acme'));
        expect(await acme.headers()).toEqual({ Authorization: SECRET });
        const later = app.get<CredentialService>(getCredentialsToken('later'));
        await expect(later.get()).rejects.toMatchObject({ code: 'PROVIDER_NOT_CONFIGURED' });
      },
    ));

  it('refuses its options as forRoot does', async () => {
    const error = await refusal(
      startModules([
        PaymentsAuthModule.forRootAsync({
          // @ts-expect-error -- the compiler refuses it too
          useFactory: () => ({
            providers: { cashfin: { credentials: { clientSecret: '' } } },
            isGlobal: true,
          }),
        }),
      ]),
    );
    expect(error).toMatchObject({
      code: 'INVALID_OPTIONS',
      problems: [
        expect.stringMatching(/^isGlobal: belongs beside useFactory/),
        expect.stringMatching(/^providers\.cashfin\.credentials\.clientSecret: empty/),
      ],
    });
  });

  it('needs exactly one way to get its options', () => {
    // @ts-expect-error -- none is given
    expect(() => PaymentsAuthModule.forRootAsync({})).toThrow(/exactly one of useFactory, useClass/);
    class Options {
      createPaymentsAuthOptions() {
        return {};
      }
    }
    // @ts-expect-error -- two are given
    const both: PaymentsAuthModuleAsyncOptions = { useFactory: () => ({}), useClass: Options };
    expect(() => PaymentsAuthModule.forRootAsync(both)).toThrow(/was given 2/);
  });
});

describe('a provider that is not configured', () => {
  it('can be injected, and says so when it is used', () =>
    using(
      startModules([PaymentsAuthModule.forRoot({ providers: { cashfin } }), ShopModule]),
      async ({ app }) => {
        const shop = app.get(Shop);
        const error: unknown = await firstValueFrom(shop.http.get('/anything')).catch(
          (reason: unknown) => reason,
        );
        expect(error).toMatchObject({ code: 'PROVIDER_NOT_CONFIGURED', provider: 'pesapal' });
        expect((error as Error).message).toBe(
          'Provider "pesapal" is not configured. Add it to PaymentsAuthModule.forRoot({ providers }), or set PESAPAL_CONSUMER_KEY and PESAPAL_CONSUMER_SECRET and give no providers. Configured: cashfin.',
        );
        for (const use of [
          () => shop.credentials.get(),
          () => shop.credentials.headers(),
          () => shop.credentials.refresh(),
          () => shop.credentials.revoke(),
          () => shop.credentials.rotate(),
          () => shop.credentials.account('shop').get(),
        ])
          await expect(use()).rejects.toMatchObject({ code: 'PROVIDER_NOT_CONFIGURED' });
        expect(() => shop.credentials.status()).toThrow(/is not configured/);
      },
    ));

  it('takes the interceptors that an application adds at start', () => {
    @Injectable()
    class Tracing implements OnModuleInit {
      constructor(@InjectPaymentsHttp('wakapay') private readonly http: HttpService) {}
      onModuleInit(): void {
        this.http.axiosRef.interceptors.request.use((config) => config);
      }
    }
    return using(
      startApplication({ providers: { cashfin } }, { providers: [Tracing] }),
      ({ paymentsAuth }) => {
        expect(() => paymentsAuth.http('wakapay')).toThrow(/is not configured/);
        expect(() => paymentsAuth.credentials('wakapay')).toThrow(/is not configured/);
      },
    );
  });

  it('is named with what to do in the error of Nest when its name is not built in', async () => {
    @Injectable()
    class Orphan {
      // @ts-expect-error -- no such provider is declared
      constructor(@InjectPaymentsHttp('nowhere') readonly http: HttpService) {}
    }
    const error = await refusal(startApplication({ providers: { cashfin } }, { providers: [Orphan] }));
    expect(error.message).toContain('PAYMENTS_AUTH:HTTP:nowhere (name it in definitions or providerNames)');
  });

  it('is named with the right name in the error of Nest when it is misspelt', async () => {
    @Injectable()
    class Orphan {
      // @ts-expect-error -- misspelt
      constructor(@InjectCredentials('wakpay') readonly credentials: CredentialService) {}
    }
    const error = await refusal(startApplication({ providers: { cashfin } }, { providers: [Orphan] }));
    expect(error.message).toContain('PAYMENTS_AUTH:CREDENTIALS:wakpay (did you mean "wakapay"?)');
  });
});

describe('two applications in one process', () => {
  it('share nothing', async () => {
    const one = await startApplication({ providers: { cashfin } });
    const other = await startApplication({
      providers: { cashfin: { credentials: { clientSecret: 'test-secret-not-real-0002' } } },
    });
    try {
      expect(await one.paymentsAuth.credentials('cashfin').headers()).toEqual({ Authorization: SECRET });
      expect(await other.paymentsAuth.credentials('cashfin').headers()).toEqual({
        Authorization: 'test-secret-not-real-0002',
      });
      const heard: string[] = [];
      one.paymentsAuth.events$.subscribe(({ provider }) => heard.push(provider));
      await other.paymentsAuth.credentials('cashfin').rotate({ clientSecret: 'test-secret-not-real-0003' });
      expect(heard).toEqual([]);
      await other.close();
      expect(await one.paymentsAuth.credentials('cashfin').headers()).toEqual({ Authorization: SECRET });
      expect(names(one)).toEqual(['cashfin']);
    } finally {
      await Promise.all([one.close(), other.close()]);
    }
  });
});
