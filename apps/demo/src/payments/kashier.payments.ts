import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import { InjectPaymentsHttp } from 'nestjs-payments-auth';
import type { PaymentAction } from './payment-action.js';

@Injectable()
export class KashierPayments implements PaymentAction {
  readonly provider = 'kashier';
  readonly scheme = 'static keys';
  readonly readIsHarmless = false;

  constructor(@InjectPaymentsHttp('kashier') private readonly http: HttpService) {}

  pay(reference: string) {
    return this.http.post('/v3/payment/sessions', {
      merchantOrderId: reference,
      amount: '100',
      currency: 'EGP',
    });
  }

  /** Kashier has its orders on the second host. */
  read() {
    return this.http.get('/orders/ORDER-1', { paymentsAuth: { host: 'fep' } });
  }
}
