import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { defineBenchProvider, defineSigningProvider } from './bench-provider.mjs';
import * as library from '../../libs/payments-auth/dist/esm/index.js';

const { PaymentsAuthModule, PaymentsAuthService } = library;

export const { hmac } = library;

/** An application with this library, set up as the README says. `signs`: every attempt is signed. */
export async function startLibrary(url, { provider = {}, module = {}, others = {}, signs = false } = {}) {
  const definition = signs ? defineSigningProvider(library) : defineBenchProvider(library);
  const application = await NestFactory.createApplicationContext(
    PaymentsAuthModule.forRoot({
      ...module,
      providers: {
        ...others,
        bench: {
          provider: definition,
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
