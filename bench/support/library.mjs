import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { defineBenchProvider, defineSigningProvider } from './bench-provider.mjs';
import * as library from '../../libs/payments-auth/dist/esm/index.js';

const { PaymentsAuthModule, PaymentsAuthService } = library;

export const { hmac } = library;

const ELSEWHERE = { baseUrl: 'http://127.0.0.1:9', keepWarm: 'when-used' };

/** The six, which a call of another provider must not notice. */
export const SIX = {
  cashfin: { ...ELSEWHERE, credentials: { clientSecret: 'cs_bench_not_real' } },
  kashier: { ...ELSEWHERE, credentials: { secretKey: 'bench$not-real' } },
  pesapal: { ...ELSEWHERE, credentials: { consumerKey: 'bench', consumerSecret: 'bench-not-real' } },
  clickpesa: { ...ELSEWHERE, credentials: { clientId: 'bench', apiKey: 'bench-not-real' } },
  wakapay: { ...ELSEWHERE, credentials: { apiKey: 'bench', apiSecret: 'bench-not-real' } },
  cryptofuse: { ...ELSEWHERE, credentials: { clientId: 'bench', clientSecret: 'bench-not-real' } },
};

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
