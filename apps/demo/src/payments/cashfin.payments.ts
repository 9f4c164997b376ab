import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import { InjectPaymentsHttp } from 'nestjs-payments-auth';
import type { PaymentAction } from './payment-action.js';

@Injectable()
export class CashfinPayments implements PaymentAction {
  readonly provider = 'cashfin';
  readonly scheme = 'static key';
  readonly readIsHarmless = true;

  constructor(@InjectPaymentsHttp('cashfin') private readonly http: HttpService) {}

  pay(reference: string) {
    return this.http.post('/business/payment/create', { reference, amount: '1000', currency: 'NGN' });
  }

  read() {
    return this.http.get('/business/product/list');
  }
}
