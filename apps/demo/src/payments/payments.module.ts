import { Module } from '@nestjs/common';
import { CashfinPayments } from './cashfin.payments.js';
import { ClickpesaPayments } from './clickpesa.payments.js';
import { CryptofusePayments } from './cryptofuse.payments.js';
import { KashierPayments } from './kashier.payments.js';
import type { PaymentAction } from './payment-action.js';
import { PesapalPayments } from './pesapal.payments.js';
import { WakapayPayments } from './wakapay.payments.js';

const ACTIONS = [
  CashfinPayments,
  KashierPayments,
  PesapalPayments,
  ClickpesaPayments,
  WakapayPayments,
  CryptofusePayments,
];

/** Every {@link PaymentAction}, in the order of the table. */
export const PAYMENT_ACTIONS = 'DEMO:PAYMENT_ACTIONS';

@Module({
  providers: [
    ...ACTIONS,
    { provide: PAYMENT_ACTIONS, inject: ACTIONS, useFactory: (...actions: PaymentAction[]) => actions },
  ],
  exports: [PAYMENT_ACTIONS],
})
export class PaymentsModule {}
