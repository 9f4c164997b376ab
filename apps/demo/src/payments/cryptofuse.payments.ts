import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import { InjectPaymentsHttp } from 'nestjs-payments-auth';
import type { PaymentAction } from './payment-action.js';

@Injectable()
export class CryptofusePayments implements PaymentAction {
  readonly provider = 'cryptofuse';
  readonly scheme = 'OAuth 2.0 client credentials';
  readonly readIsHarmless = true;

  constructor(@InjectPaymentsHttp('cryptofuse') private readonly http: HttpService) {}

  pay(reference: string) {
    return this.http.post(
      '/payments/',
      { amount: '0.01', currency: 'BTC' },
      { headers: { 'Idempotency-Key': reference } },
    );
  }

  read() {
    return this.http.get('/user/me/');
  }
}
