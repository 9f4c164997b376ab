import type { HttpService } from '@nestjs/axios';
import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { ScheduleModule } from '@nestjs/schedule';
import { getPaymentsHttpToken, PaymentsAuthModule } from 'nestjs-payments-auth';
import type { Sandbox } from 'payments-sandbox';
import { DemoController } from './api/demo.controller.js';
import { LiveView } from './page/live-view.js';
import { PageController } from './page/page.controller.js';
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
   * Against the sandbox. What an application sets in its environment comes from the sandbox here, what it keeps in a secret
   * manager or a database from {@link SecretManager}. The rest is what any application does.
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
        PaymentsModule,
      ],
      controllers: [DemoController, PageController, WebhooksController],
      providers: [
        Tally,
        LiveView,
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

  /** Against real providers: whatever the environment, or a `.env` file, has credentials for. */
  static live(): DynamicModule {
    return {
      module: DemoModule,
      imports: [ConfigModule.forRoot({ isGlobal: true }), PaymentsAuthModule.forRoot(), PaymentsModule],
    };
  }
}
