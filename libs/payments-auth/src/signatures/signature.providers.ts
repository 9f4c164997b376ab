import type { FactoryProvider, InjectionToken } from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import type { Clock } from '../payments-auth.clock.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import type { CredentialsInForce } from '../providers/credentials-in-force.js';
import { PaymentsSignaturesService } from './payments-signatures.service.js';
import { RawBodyWatch } from './raw-body-watch.js';
import { WebhookBootCheck } from './webhook-boot-check.js';
import { WebhookLog } from './webhook-log.js';

/** What the guard is made of. Nest makes it in the module of its controller, so the module has to export these. */
export const SIGNATURE_EXPORTS = [PaymentsSignaturesService, RawBodyWatch, WebhookLog];

/** Who knows what a provider's accounts authenticate with now. */
interface CredentialsHolder {
  credentialsInForce(name: string): CredentialsInForce;
}

/** What this room provides, given what the module has resolved. */
export function signatureProviders(tokens: {
  readonly configuredProviders: InjectionToken<readonly ConfiguredProvider[]>;
  readonly credentials: InjectionToken<CredentialsHolder>;
  readonly clock: InjectionToken<Clock>;
}): FactoryProvider[] {
  return [
    {
      provide: PaymentsSignaturesService,
      inject: [tokens.configuredProviders, tokens.credentials, tokens.clock],
      useFactory: (providers: readonly ConfiguredProvider[], credentials: CredentialsHolder, clock: Clock) =>
        new PaymentsSignaturesService(providers, (name) => credentials.credentialsInForce(name), clock),
    },
    {
      provide: RawBodyWatch,
      inject: [HttpAdapterHost],
      useFactory: (host: HttpAdapterHost) => new RawBodyWatch(host),
    },
    {
      provide: WebhookLog,
      inject: [tokens.clock],
      useFactory: (clock: Clock) => new WebhookLog(clock),
    },
    {
      provide: WebhookBootCheck,
      inject: [ModulesContainer, PaymentsSignaturesService, RawBodyWatch],
      useFactory: (
        modules: ModulesContainer,
        signatures: PaymentsSignaturesService,
        rawBodies: RawBodyWatch,
      ) => new WebhookBootCheck(modules, signatures, rawBodies),
    },
  ];
}
