import { HttpService } from '@nestjs/axios';
import { Injectable, Optional } from '@nestjs/common';
import { InjectPaymentsHttp } from 'nestjs-payments-auth';
import type { PaymentAction } from './payment-action.js';

@Injectable()
export class WakapayPayments implements PaymentAction {
  readonly provider = 'wakapay';
  readonly scheme = 'token login';
  readonly readIsHarmless = true;

  constructor(
    @InjectPaymentsHttp('wakapay') private readonly http: HttpService,
    @Optional() readonly account?: string,
  ) {}

  /** Named only where there is one: an account that is named but missing is refused, and never WakaPay's own. */
  get #merchant() {
    return this.account === undefined ? {} : { account: this.account };
  }

  pay(reference: string) {
    return this.http.post(
      '/business/payments',
      { amount: '25.00', currency: 'USD' },
      { headers: { 'Idempotency-Key': reference }, paymentsAuth: this.#merchant },
    );
  }

  read() {
    return this.http.get('/business/balance', {
      params: { currency: 'USD' },
      paymentsAuth: this.#merchant,
    });
  }
}
