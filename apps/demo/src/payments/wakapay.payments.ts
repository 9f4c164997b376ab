import { HttpService } from '@nestjs/axios';
import { Injectable, Optional } from '@nestjs/common';
import { InjectPaymentsHttp, OWN_ACCOUNT, type PaymentsAuthRequest } from 'nestjs-payments-auth';
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

  get #merchant(): PaymentsAuthRequest {
    return { account: this.account ?? OWN_ACCOUNT };
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
