import { describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import { Controller, type DynamicModule, Inject, Injectable, Module, Scope } from '@nestjs/common';
import { LazyModuleLoader, REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  type CredentialService,
  getPaymentsHttpToken,
  InjectCredentials,
  InjectPaymentsHttp,
  PaymentsAuthModule,
  type PaymentsAuthModuleOptions,
  type PaymentsAuthOptionsFactory,
} from 'nestjs-payments-auth';
import { LogLines, startApplication, startModules } from '../support/application.js';
import { failure } from '../support/credential-bed.js';

const credentials = { consumerKey: 'test-key-not-real', consumerSecret: 'test-secret-not-real' };
const variables = {
  PESAPAL_CONSUMER_KEY: 'test-key-not-real',
  PESAPAL_CONSUMER_SECRET: 'test-secret-not-real',
};

/** Base URLs that contradict `live`, and the words of the error for each. */
const CONTRADICTIONS: [url: string, what: string][] = [
  ['http://127.0.0.1:4000', 'this machine'],
  ['http://localhost:4000', 'this machine'],
  ['https://127.0.0.2', 'this machine'],
  ['https://[::1]:8443', 'this machine'],
  ['https://cybqa.pesapal.com/pesapalv3', 'another environment'],
];

describe('a base URL beside the environment live', () => {
  it.each(CONTRADICTIONS)('stops the boot when it is %s: it leads to %s', async (baseUrl, what) => {
    const byOptions = startApplication({
      providers: { pesapal: { environment: 'live', baseUrl, credentials } },
    });
    expect((await failure(byOptions)).message).toContain(
      `providers.pesapal.baseUrl: leads to ${what}, while the environment is "live"`,
    );
    const byVariables = startApplication(undefined, {
      variables: { ...variables, PESAPAL_ENVIRONMENT: 'live', PESAPAL_BASE_URL: baseUrl },
    });
    expect((await failure(byVariables)).message).toContain(`PESAPAL_BASE_URL: leads to ${what}`);
  });

  it.each(['https://pay.pesapal.com/v3', 'https://pesapal.proxy.acme.test'])(
    'is accepted when it is %s',
    async (baseUrl) => {
      const application = await startApplication({
        providers: {
          pesapal: { environment: 'live', baseUrl, credentials: () => credentials, keepWarm: 'when-used' },
        },
      });
      expect(application.paymentsAuth.http('pesapal').axiosRef.defaults.baseURL).toBe(baseUrl);
      await application.close();
    },
  );
});

describe('a boot', () => {
  it('says in one line what is configured and where it goes', async () => {
    const logger = new LogLines();
    const application = await startApplication(
      {
        providers: {
          pesapal: { environment: 'sandbox', keepWarm: 'when-used', credentials },
          cashfin: { baseUrl: 'http://127.0.0.1:9', credentials: { clientSecret: 'test-not-real' } },
        },
      },
      { logger },
    );
    await application.close();
    expect(logger.of('log', 'PaymentsAuthModule')).toEqual([
      'PaymentsAuth: pesapal (sandbox), cashfin (base URL http://127.0.0.1:9)',
    ]);
  });

  it('names environment and base URL where they differ, as the status does', async () => {
    const logger = new LogLines();
    const pesapal = { credentials, keepWarm: 'when-used' } as const;
    const application = await startApplication(
      {
        providers: {
          pesapal: { ...pesapal, environment: 'sandbox', baseUrl: 'http://127.0.0.1:9/' },
          second: { ...pesapal, provider: 'pesapal', environment: 'sandbox' },
          adyen: { environment: 'live', credentials: { apiKey: 'test-not-real', liveUrlPrefix: 'acme' } },
        },
      },
      { logger },
    );
    const { paymentsAuth } = application;
    await paymentsAuth.credentials('adyen').get();
    const places = paymentsAuth
      .status()
      .map(({ provider, environment, host }) => [provider, environment, host]);
    await application.close();
    expect(logger.of('log', 'PaymentsAuthModule')).toEqual([
      'PaymentsAuth: pesapal (sandbox, base URL http://127.0.0.1:9), second (sandbox), adyen (live)',
    ]);
    expect(places).toEqual([
      ['pesapal', 'sandbox', '127.0.0.1:9'],
      ['second', 'sandbox', 'cybqa.pesapal.com'],
      ['adyen', 'live', 'acme-checkout-live.adyenpayments.com'],
    ]);
  });

  it('warns where nothing is configured', async () => {
    const logger = new LogLines();
    const application = await startApplication({}, { logger });
    await application.close();
    expect(logger.of('warn', 'PaymentsAuthModule')).toEqual([
      expect.stringContaining('no provider is configured'),
    ]);
  });
});

@Injectable()
class Balances {
  @InjectCredentials('wakapay') readonly credentials?: CredentialService;
  constructor(@InjectPaymentsHttp('cashfin') readonly cashfin: HttpService) {}
}

@Controller()
class PaymentsController {
  constructor(@InjectPaymentsHttp('wakapay') readonly wakapay: HttpService) {}
}

const refunds = {
  provide: 'REFUNDS',
  inject: [getPaymentsHttpToken('kashier')],
  useFactory: (http: HttpService) => http,
};

const UNCONFIGURED = [
  'Provider "kashier" is not configured. Add it to PaymentsAuthModule.forRoot({ providers }), or set KASHIER_SECRET_KEY and give no providers. Configured: cashfin. It is injected into REFUNDS, where every call will fail.',
  'Provider "wakapay" is not configured. Add it to PaymentsAuthModule.forRoot({ providers }), or set WAKAPAY_API_KEY and WAKAPAY_API_SECRET and give no providers. Configured: cashfin. It is injected into Balances, PaymentsController, where every call will fail.',
];

const cashfinAlone = () =>
  PaymentsAuthModule.forRootAsync({
    useFactory: async () => ({ providers: { cashfin: { credentials: { clientSecret: 'test-not-real' } } } }),
  });

/** An application that loads its payments module later. */
const startWithout = async (logger = new LogLines()) =>
  (await Test.createTestingModule({}).setLogger(logger).compile()).init();

describe('a provider that is injected and not configured', () => {
  const parts = { providers: [Balances, refunds], controllers: [PaymentsController] };

  it('is warned about at boot, once, with the classes that inject it', async () => {
    const logger = new LogLines();
    const { close } = await startModules([cashfinAlone()], { ...parts, logger });
    await close();
    expect(logger.of('warn', 'PaymentsAuthModule')).toEqual(UNCONFIGURED);
  });

  it('is warned about too where the module is loaded lazily', async () => {
    @Module({ imports: [cashfinAlone()], providers: [Balances, refunds] })
    class PaymentsModule {}
    const logger = new LogLines();
    const app = await startWithout(logger);
    await app.get(LazyModuleLoader).load(() => PaymentsModule);
    await app.close();
    expect(logger.of('warn', 'PaymentsAuthModule')).toEqual(
      UNCONFIGURED.map((line) => line.replace(', PaymentsController', '')),
    );
  });
});

@Injectable({ scope: Scope.REQUEST })
class Tenant {
  constructor(@Inject(REQUEST) readonly request: unknown) {}
}

/** A provider that depends on the request only through its own dependency. Its decorator does not show that. */
@Injectable()
class Settings {
  constructor(@Inject(Tenant) readonly tenant: Tenant) {}
}

@Injectable({ scope: Scope.REQUEST })
class OptionsOfRequest implements PaymentsAuthOptionsFactory {
  createPaymentsAuthOptions = () => ({});
}

@Module({ providers: [Tenant, Settings], exports: [Tenant, Settings] })
class TenantModule {}

const useFactory = () => ({}) as PaymentsAuthModuleOptions;

/** The ways in which options can depend on a request. */
const OF_A_REQUEST: [title: string, module: () => DynamicModule][] = [
  [
    'directly',
    () => PaymentsAuthModule.forRootAsync({ imports: [TenantModule], inject: [Tenant], useFactory }),
  ],
  [
    'through another provider',
    () => PaymentsAuthModule.forRootAsync({ imports: [TenantModule], inject: [Settings], useFactory }),
  ],
  ['as the request itself', () => PaymentsAuthModule.forRootAsync({ inject: [REQUEST], useFactory })],
  ['as a class', () => PaymentsAuthModule.forRootAsync({ useClass: OptionsOfRequest })],
];

const REFUSED = { code: 'INVALID_OPTIONS', message: expect.stringContaining('depend on a request') };

describe('options that depend on a request', () => {
  it.each(OF_A_REQUEST)('stop the boot: %s', async (_, module) => {
    expect(await failure(startModules([module()]))).toMatchObject(REFUSED);
  });

  it.each(OF_A_REQUEST)('stop the loading of a module that is loaded lazily: %s', async (_, module) => {
    const app = await startWithout();
    expect(await failure(app.get(LazyModuleLoader).load(() => module() as never))).toMatchObject(REFUSED);
    await app.close();
  });
});
