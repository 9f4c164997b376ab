import 'reflect-metadata';
import { Agent, type AgentOptions } from 'node:https';
import { connect } from 'node:tls';
import adyen from '@adyen/api-library';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  CheckoutPaymentIntent,
  Client as Paypal,
  Environment,
  OrdersController,
} from '@paypal/paypal-server-sdk';
import { PaymentsAuthModule, PaymentsAuthService } from 'nestjs-payments-auth';
import { firstValueFrom } from 'rxjs';
import { SquareClient } from 'square';
import { Stripe } from 'stripe';

// An application that uses the providers' own SDKs with their variables, and now also imports this library. It runs in a
// process of its own, reports the result of each call, and ends.

/** The addresses of the sandbox, behind TLS for SDKs that require it. */
interface Places {
  readonly stripe: string;
  readonly square: string;
  readonly adyen: string;
  readonly paypal: string;
  readonly adyenCa: string;
  readonly paypalCa: string;
}

const places = JSON.parse(process.argv[2] ?? '{}') as Places;

/** PayPal's SDK has no option for a base URL, so its connections are redirected to this address. */
class ToTheSandbox extends Agent {
  override createConnection(options: AgentOptions) {
    return connect({
      ...(options as object),
      host: '127.0.0.1',
      port: Number(new URL(places.paypal).port),
      ca: places.paypalCa,
      checkServerIdentity: () => undefined,
    });
  }
}

const variable = (name: string): string => process.env[name] ?? '';
const { hostname, port } = new URL(places.stripe);
const atTheSandbox = {
  host: hostname,
  port,
  protocol: 'http',
  telemetry: false,
  maxNetworkRetries: 0,
} as const;
const stripe = new Stripe(variable('STRIPE_SECRET_KEY'), atTheSandbox);
const square = new SquareClient({ token: variable('SQUARE_TOKEN'), baseUrl: places.square, maxRetries: 0 });
const paypalOrders = new OrdersController(
  new Paypal({
    environment: Environment.Sandbox,
    clientCredentialsAuthCredentials: {
      oAuthClientId: variable('PAYPAL_CLIENT_ID'),
      oAuthClientSecret: variable('PAYPAL_CLIENT_SECRET'),
    },
    httpClientOptions: { httpsAgent: new ToTheSandbox() },
  }),
);
const adyenClient = new adyen.Client({
  apiKey: variable('ADYEN_API_KEY'),
  environment: adyen.EnvironmentEnum.TEST,
});
Object.assign(adyenClient.httpClient, { agentOptions: { ca: places.adyenCa } });
const adyenPayments = new adyen.CheckoutAPI(adyenClient).PaymentsApi;
Object.assign(adyenPayments, { baseUrl: `${places.adyen}/v71` });

/** One call with each SDK. */
async function withSdks(): Promise<Readonly<Record<string, unknown>>> {
  const { object } = await stripe.balance.retrieve();
  const { locations } = await square.locations.list();
  const { paymentMethods } = await adyenPayments.paymentMethods({ merchantAccount: 'Sandbox' });
  const { statusCode } = await paypalOrders.createOrder({
    body: {
      intent: CheckoutPaymentIntent.Capture,
      purchaseUnits: [{ amount: { currencyCode: 'EUR', value: '1.00' } }],
    },
  });
  return { stripe: object, square: locations, adyen: paymentMethods, paypal: statusCode };
}

async function booted(options?: object) {
  @Module({ imports: [PaymentsAuthModule.forRoot(options)] })
  class AppModule {}
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  return { app, paymentsAuth: app.get(PaymentsAuthService) };
}

process.send?.({ before: await withSdks() });

const first = await booted();
process.send?.({ after: await withSdks(), configured: first.paymentsAuth.status() });
await first.app.close();

const second = await booted({ fromEnvironment: ['stripe', 'square', 'adyen', 'paypal'] });
const statusOf = async (name: string, url: string) =>
  (await firstValueFrom(second.paymentsAuth.http(name).get(url))).status;
const own = {
  stripe: await statusOf('stripe', '/v1/balance'),
  square: await statusOf('square', '/v2/locations'),
  adyen: await statusOf('adyen', '/sandbox/echo'),
  paypal: await statusOf('paypal', '/v1/notifications/webhooks'),
};
const credentials = second.paymentsAuth.credentials('stripe');
// The SDK has no key of its own. The library sets the current key on each request.
const keyless = new Stripe('', {
  ...atTheSandbox,
  authenticator: async (request) => {
    const { headers } = await credentials.authenticate({
      method: request.method,
      url: request.path,
      headers: request.headers,
      ...(request.body && { body: request.body }),
    });
    request.headers = headers;
  },
});
const { id } = await keyless.paymentIntents.create({ amount: 100, currency: 'eur' });
process.send?.({ beside: await withSdks(), own, withAuthenticate: typeof id });
await second.app.close();
process.disconnect?.();
