/** Prints the milliseconds since its start at which a cold process has imported, logged in, listened and got its first answer. */
import { once } from 'node:events';
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { defineBenchProvider } from './bench-provider.mjs';
import { SIX } from './six.mjs';
import * as library from '../../libs/payments-auth/dist/esm/index.js';

const [url] = process.argv.slice(2);
const imported = performance.now();
let loginSent;
const { PaymentsAuthModule, PaymentsAuthService } = library;
const bench = {
  provider: defineBenchProvider(library),
  baseUrl: url,
  credentials: { clientId: 'bench-client', clientSecret: 'bench-secret-not-real' },
};
const application = await NestFactory.create(
  {
    module: class BenchModule {},
    imports: [PaymentsAuthModule.forRoot({ providers: { ...SIX, bench } })],
    providers: [
      {
        provide: 'watch',
        inject: [PaymentsAuthService],
        useFactory: ({ events$ }) =>
          events$.subscribe(({ type }) => {
            if (type === 'credential-requested') loginSent ??= performance.now();
          }),
      },
    ],
  },
  { logger: false },
);
const server = await application.listen(0, '127.0.0.1');
if (!server.listening) await once(server, 'listening');
const listening = performance.now();
const http = application.get(PaymentsAuthService).http('bench').axiosRef;
await http.post('/payments/', { amount: '0.01' }, { headers: { 'Idempotency-Key': 'first' } });
const answered = performance.now();
process.stdout.write(JSON.stringify({ imported, loginSent, listening, answered }));
await application.close();
