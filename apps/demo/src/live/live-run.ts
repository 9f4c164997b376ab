import { NestFactory } from '@nestjs/core';
import { isPaymentsAuthError, PaymentsAuthService, OWN_ACCOUNT } from 'nestjs-payments-auth';
import { firstValueFrom } from 'rxjs';
import { DemoModule } from '../demo.module.js';
import type { PaymentAction } from '../payments/payment-action.js';
import { PAYMENT_ACTIONS } from '../payments/payments.module.js';
import { say } from '../say.js';
import { table } from '../run/table.js';

/**
 * The run against real providers: one login each, and one harmless reading call where there is one. It makes no
 * payment, and no second round, because that would use up somebody's quota.
 */
export async function runLive(): Promise<number> {
  const application = await NestFactory.createApplicationContext(DemoModule.live(), {
    logger: ['error', 'warn'],
  });
  try {
    const paymentsAuth = application.get(PaymentsAuthService);
    const actions = application.get<readonly PaymentAction[]>(PAYMENT_ACTIONS);
    const configured = new Set(paymentsAuth.status().map(({ provider }) => provider));
    if (configured.size === 0) {
      say(
        'No provider is configured: set the variables of at least one (see the README) and run this again.\n',
      );
      return 2;
    }
    const rows = await Promise.all(
      actions
        .filter(({ provider }) => configured.has(provider))
        .map((action) => tryOne(action, paymentsAuth)),
    );
    say(`${table([['provider', 'login', 'reading call'], ...rows.map(({ cells }) => cells)])}\n`);
    return rows.every(({ succeeded }) => succeeded) ? 0 : 1;
  } finally {
    await application.close();
  }
}

async function tryOne(action: PaymentAction, paymentsAuth: PaymentsAuthService) {
  const { provider, readIsHarmless } = action;
  const login = await outcomeOf(
    paymentsAuth
      .credentials(provider, OWN_ACCOUNT)
      .get()
      .then(() => 'yes'),
  );
  if (!login.succeeded || !readIsHarmless)
    return { succeeded: login.succeeded, cells: [provider, login.words, 'not made'] };
  const reading = await outcomeOf(firstValueFrom(action.read()).then(({ status }) => `HTTP ${status}`));
  return { succeeded: reading.succeeded, cells: [provider, login.words, reading.words] };
}

async function outcomeOf(attempt: Promise<string>): Promise<{ succeeded: boolean; words: string }> {
  try {
    return { succeeded: true, words: await attempt };
  } catch (error) {
    const code = isPaymentsAuthError(error) ? `${error.code}: ` : '';
    return { succeeded: false, words: `${code}${error instanceof Error ? error.message : String(error)}` };
  }
}
