import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { ScheduleModule } from '@nestjs/schedule';
import { PaymentsAuthModule } from 'nestjs-payments-auth';
import type { Sandbox } from 'payments-sandbox';
import { DemoController } from './api/demo.controller.js';
import { PaymentsModule } from './payments/payments.module.js';
import { SecretManager } from './secret-manager.js';

@Module({})
export class DemoModule {
  /**
   * Against the sandbox. What an application sets in its environment comes from the sandbox here, and the two keys that are
   * rotated while the demo runs come from a secret manager. The rest is what any application does.
   */
  static withSandbox(sandbox: Sandbox): DynamicModule {
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
            pesapal: {},
            clickpesa: {},
            wakapay: {},
            cryptofuse: {},
          },
        }),
        PaymentsModule,
      ],
      controllers: [DemoController],
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
