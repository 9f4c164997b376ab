/**
 * An application with Sentry. It runs in a process of its own, because Sentry watches the whole process. It receives a
 * webhook that carries a secret, and calls ClickPesa while it handles the webhook. Then it sends one message to its parent:
 * everything that Sentry would have sent.
 */
import { Controller, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import * as Sentry from '@sentry/node';
import type { AddressInfo } from 'node:net';
import { PaymentsAuthModule, PaymentsAuthService, VerifiedWebhook } from 'nestjs-payments-auth';
import { startSandbox } from 'payments-sandbox';
import { runInNewContext } from 'node:vm';
import { textOf } from './markdown.js';

const sent: string[] = [];
const isSet = process.argv.includes('as-documented');

/** The options that the documents tell an application to give to `Sentry.init`. */
function documented(): Sentry.NodeOptions {
  const [, block = ''] = /^(Sentry\.init\(.+?)^```$/ms.exec(textOf('docs/beside-other-libraries.md')) ?? [];
  let given: Sentry.NodeOptions = {};
  const init = (options: Sentry.NodeOptions) => void (given = options);
  runInNewContext(block, { Sentry: { init }, process: { env: {} } });
  return { dataCollection: given.dataCollection };
}

Sentry.init({
  dsn: 'http://public@127.0.0.1:1/1',
  tracesSampleRate: 1,
  includeLocalVariables: true,
  transport: () => ({
    send: async (envelope) => {
      sent.push(JSON.stringify(envelope));
      return {};
    },
    flush: async () => true,
  }),
  ...(isSet ? documented() : {}),
});

const sandbox = await startSandbox({ providers: ['clickpesa'] });
const clickpesa = sandbox.provider('clickpesa');

@Controller('hook')
class Hook {
  constructor(private readonly payments: PaymentsAuthService) {}

  @Post()
  @VerifiedWebhook('flutterwave', { proof: 'sender' })
  async handle(): Promise<void> {
    await this.payments.http('clickpesa').axiosRef.get('/third-parties/account/balance');
    // The application itself sends a request with the credential, without the library.
    await fetch(`${clickpesa.baseUrls['api']}/sandbox/echo?client=${process.env['QUERY_SECRET']}`, {
      headers: await this.payments.credentials('clickpesa').headers(),
    });
    throw new Error('the handler fails');
  }
}

const secretHash = process.env['WEBHOOK_SECRET'] as string;

@Module({
  imports: [
    PaymentsAuthModule.forRoot({
      providers: {
        clickpesa: { baseUrl: clickpesa.baseUrls, credentials: clickpesa.credentials },
        flutterwave: { credentials: { secretKey: 'test-flutterwave-key', secretHash } },
      },
    }),
  ],
  controllers: [Hook],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { rawBody: true, logger: false });
await app.listen(0, '127.0.0.1');
const { port } = app.getHttpServer().address() as AddressInfo;
const answer = await fetch(`http://127.0.0.1:${port}/hook`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'verif-hash': secretHash },
  body: JSON.stringify({ event: 'charge.completed', note: process.env['BODY_SECRET'] }),
});
Sentry.captureException(new Error('something of the application'));
await Sentry.flush(5_000);
await app.close();
await sandbox.close();
process.send?.({ status: answer.status, sent: sent.join('\n'), clientId: clickpesa.credentials.clientId });
