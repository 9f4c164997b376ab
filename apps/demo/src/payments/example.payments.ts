import { randomUUID } from 'node:crypto';
import type { HttpService } from '@nestjs/axios';
import type { AxiosRequestConfig } from 'axios';
import type { ProviderDefinition } from 'nestjs-payments-auth';
import type { ExampleCall } from 'payments-sandbox';
import type { PaymentAction } from './payment-action.js';

const SCHEMES = {
  login: 'token login',
  'client-credentials': 'OAuth 2.0 client credentials',
  'refresh-token': 'OAuth 2.0 refresh token',
} as const;

/** The calls that the sandbox gives as examples of a provider. Where the provider has none, the sandbox's own calls. */
export class ExamplePayments implements PaymentAction {
  readonly provider: string;
  readonly scheme: string;
  readonly readIsHarmless = false;

  constructor(
    definition: ProviderDefinition,
    private readonly http: HttpService,
    private readonly examples: { readonly read?: ExampleCall; readonly write?: ExampleCall },
    private readonly firstHost: string | undefined,
  ) {
    const { name, token } = definition;
    this.provider = name;
    this.scheme =
      token === undefined
        ? `static key${definition.sign === undefined ? '' : ', signed'}`
        : SCHEMES[token.kind];
  }

  pay(reference: string) {
    return this.http.request({
      ...this.#at(this.examples.write, 'POST', '/sandbox/payments'),
      headers: { 'Idempotency-Key': reference, 'X-Reference-Id': randomUUID() },
      data: { reference, amount: 100, currency: 'KES' },
    });
  }

  read() {
    return this.http.request(this.#at(this.examples.read, 'GET', '/sandbox/echo'));
  }

  #at(example: ExampleCall | undefined, method: string, elsewhere: string): AxiosRequestConfig {
    if (example === undefined) return { method, url: elsewhere };
    const { host, path } = example;
    return {
      method: example.method,
      url: path,
      ...(host === this.firstHost ? {} : { paymentsAuth: { host } }),
    };
  }
}
