import type { InjectionToken, Provider } from '@nestjs/common';
import type { Clock } from '../payments-auth.clock.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { PaymentsSignaturesService } from './payments-signatures.service.js';
import { RawBodyWatch } from './raw-body-watch.js';
import { WebhookBootCheck } from './webhook-boot-check.js';
import { WebhookLog } from './webhook-log.js';

/** What the guard is made of, and so what the module has to export. */
export const SIGNATURE_EXPORTS = [PaymentsSignaturesService, RawBodyWatch, WebhookLog];

/** The providers of this room, given what the module resolved. */
export function signatureProviders(tokens: {
  readonly configuredProviders: InjectionToken<readonly ConfiguredProvider[]>;
  readonly clock: InjectionToken<Clock>;
}): Provider[] {
  return [
    {
      provide: PaymentsSignaturesService,
      useFactory: (providers: readonly ConfiguredProvider[], clock: Clock) =>
        new PaymentsSignaturesService(providers, clock),
      inject: [tokens.configuredProviders, tokens.clock],
    },
    { provide: WebhookLog, useFactory: (clock: Clock) => new WebhookLog(clock), inject: [tokens.clock] },
    RawBodyWatch,
    WebhookBootCheck,
  ];
}
