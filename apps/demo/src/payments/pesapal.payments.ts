import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import { InjectPaymentsHttp } from 'nestjs-payments-auth';
import type { PaymentAction } from './payment-action.js';

@Injectable()
export class PesapalPayments implements PaymentAction {
  readonly provider = 'pesapal';
  readonly scheme = 'token login';
  readonly readIsHarmless = false;

  constructor(@InjectPaymentsHttp('pesapal') private readonly http: HttpService) {}

  pay(reference: string) {
    return this.http.post('/api/Transactions/SubmitOrderRequest', {
      id: reference,
      currency: 'KES',
      amount: 100,
      description: 'Demo order',
      callback_url: 'https://shop.example/paid',
      billing_address: { email_address: 'buyer@shop.example' },
    });
  }

  read() {
    return this.http.get('/api/Transactions/GetTransactionStatus', {
      params: { orderTrackingId: 'demo-completed' },
    });
  }
}
