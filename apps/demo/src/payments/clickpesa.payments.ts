import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import { InjectPaymentsHttp } from 'nestjs-payments-auth';
import type { PaymentAction } from './payment-action.js';

@Injectable()
export class ClickpesaPayments implements PaymentAction {
  readonly provider = 'clickpesa';
  readonly scheme = 'token login';
  readonly readIsHarmless = true;

  constructor(@InjectPaymentsHttp('clickpesa') private readonly http: HttpService) {}

  pay(reference: string) {
    return this.http.post('/third-parties/payments/initiate-ussd-push-request', {
      amount: '1000',
      currency: 'TZS',
      orderReference: reference,
      phoneNumber: '255700000000',
    });
  }

  read() {
    return this.http.get('/third-parties/account/balance');
  }
}
