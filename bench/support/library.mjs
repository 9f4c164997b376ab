import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { defineBenchProvider } from './bench-provider.mjs';
import * as library from '../../libs/payments-auth/dist/esm/index.js';

const { PaymentsAuthModule, PaymentsAuthService } = library;

/** An application with this library, set up as the README says. */
export async function startLibrary(url, { provider = {}, module = {} } = {}) {
  const application = await NestFactory.createApplicationContext(
    PaymentsAuthModule.forRoot({
      ...module,
      providers: {
        bench: {
          provider: defineBenchProvider(library),
          baseUrl: url,
          credentials: { clientId: 'bench-client', clientSecret: 'bench-secret-not-real' },
          keepWarm: 'when-used',
          ...provider,
        },
      },
    }),
    { logger: ['error'] },
  );
  const service = application.get(PaymentsAuthService);
  return { application, service, close: () => application.close() };
}
