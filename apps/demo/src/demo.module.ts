import type { HttpService } from '@nestjs/axios';
import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { ScheduleModule } from '@nestjs/schedule';
import {
  BUILT_IN_PROVIDERS,
  getPaymentsHttpToken,
  PaymentsAuthModule,
  PaymentsAuthService,
  type ProviderDefinition,
} from 'nestjs-payments-auth';
import { PaymentsAuthStatusPageModule } from 'nestjs-payments-auth/status-page';
import type { Sandbox } from 'payments-sandbox';
import { DemoController } from './api/demo.controller.js';
import { OnThisMachine } from './page/on-this-machine.guard.js';
import { PageController } from './page/page.controller.js';
import { ExamplePayments } from './payments/example.payments.js';
import type { PaymentAction } from './payments/payment-action.js';
import { PAYMENT_ACTIONS, PaymentsModule } from './payments/payments.module.js';
import { WakapayPayments } from './payments/wakapay.payments.js';
import { Tally } from './run/tally.js';
import { EVERY_ACTION, SANDBOX } from './sandbox.tokens.js';
import { SecretManager } from './secret-manager.js';
import { WebhookLog } from './webhooks/webhook-log.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';

/** Merchants with WakaPay accounts of their own. */
const MERCHANTS = ['shop-1', 'shop-2'];

@Module({})
export class DemoModule {
  /**
   * The application of the demo against the sandbox. The values of its environment come from the sandbox, and those of
   * a secret manager or a database from {@link SecretManager}. All other code is that of any application.
   */
  static withSandbox(sandbox: Sandbox): DynamicModule {
    for (const merchant of MERCHANTS) sandbox.provider('wakapay').addAccount(merchant);
    const secrets = new SecretManager(sandbox);
    return {
      module: DemoModule,
      imports: [
        ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, load: [() => sandbox.environment] }),
        ScheduleModule.forRoot(),
        PaymentsAuthModule.forRoot({
          providers: {
            cashfin: { credentials: () => secrets.cashfin(), credentialsTtlMs: 1_000 },
            kashier: { credentials: () => secrets.kashier() },
            pesapal: { credentials: () => secrets.pesapal() },
            clickpesa: { credentials: () => secrets.clickpesa() },
            wakapay: {
              credentials: () => secrets.wakapay(),
              accounts: (merchant) => (MERCHANTS.includes(merchant) ? secrets.wakapay(merchant) : undefined),
            },
            cryptofuse: { credentials: () => secrets.cryptofuse() },
          },
        }),
        PaymentsAuthStatusPageModule.forRoot({ guards: [OnThisMachine] }),
        PaymentsModule,
      ],
      controllers: [DemoController, PageController, WebhooksController],
      providers: [
        Tally,
        WebhookLog,
        { provide: SANDBOX, useValue: sandbox },
        {
          provide: EVERY_ACTION,
          inject: [PAYMENT_ACTIONS, getPaymentsHttpToken('wakapay')],
          useFactory: (actions: PaymentAction[], wakapay: HttpService) => [
            ...actions,
            ...MERCHANTS.map((merchant) => new WakapayPayments(wakapay, merchant)),
          ],
        },
      ],
    };
  }

  /** The application against the sandbox, with any providers. It uses only what all providers have in common. */
  static withProviders(sandbox: Sandbox): DynamicModule {
    const { names } = sandbox;
    return {
      module: DemoModule,
      imports: [
        ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, load: [() => sandbox.environment] }),
        ScheduleModule.forRoot(),
        PaymentsAuthModule.forRoot({
          providers: Object.fromEntries(
            names.map((name) => [name, { credentials: inSandbox(sandbox, name), singleProcess: true }]),
          ) as object,
        }),
        PaymentsAuthStatusPageModule.forRoot({ guards: [OnThisMachine] }),
      ],
      controllers: [DemoController, PageController],
      providers: [
        Tally,
        { provide: SANDBOX, useValue: sandbox },
        {
          provide: EVERY_ACTION,
          inject: [PaymentsAuthService],
          useFactory: (paymentsAuth: PaymentsAuthService) =>
            names.map((name) => {
              const provider = sandbox.provider(name);
              return new ExamplePayments(
                definitionOf(name),
                paymentsAuth.http(name),
                provider.examplesOf(),
                provider.hosts[0],
              );
            }),
        },
        { provide: PAYMENT_ACTIONS, useExisting: EVERY_ACTION },
      ],
    };
  }

  /** The application against real providers: those whose credentials are in the environment, or in a `.env` file. */
  static live(): DynamicModule {
    return {
      module: DemoModule,
      imports: [ConfigModule.forRoot({ isGlobal: true }), PaymentsAuthModule.forRoot(), PaymentsModule],
    };
  }
}

function definitionOf(name: string): ProviderDefinition {
  return (BUILT_IN_PROVIDERS as readonly ProviderDefinition[]).find(
    (each) => each.name === name,
  ) as ProviderDefinition;
}

/** Credentials as an application keeps them: a function that is called again after a refusal, and `save` for refresh tokens. */
function inSandbox(sandbox: Sandbox, name: Sandbox['names'][number]): object {
  const provider = sandbox.provider(name);
  const load = async () => ({ ...provider.credentials });
  const token = definitionOf(name).token as { readonly rotates?: boolean } | undefined;
  // The sandbox knows each refresh token that it issues, like a database that has saved it.
  return token?.rotates === true ? { load, save: async () => true } : load;
}
