import type { HttpService } from '@nestjs/axios';
import type { FactoryProvider, InjectionToken } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import type { Clock } from '../payments-auth.clock.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import type { CredentialsInForce } from '../providers/credentials-in-force.js';
import { FastifyWebhooks } from './fastify-webhooks.js';
import { PaymentsSignaturesService } from './payments-signatures.service.js';
import { RawBodyWatch } from './raw-body-watch.js';
import { WebhookBootCheck } from './webhook-boot-check.js';
import { WebhookLog } from './webhook-log.js';
import type { KeysTroubleSink } from './webhook-keys-trouble.js';
import { webhookHandlers } from './webhook-routes.js';
import { WebhookVerifier } from './webhook-verifier.js';

/**
 * The service for applications, and the dependencies of the guard. Nest makes the guard in the module of its
 * controller, so this module has to export them.
 */
export const SIGNATURE_EXPORTS = [PaymentsSignaturesService, WebhookVerifier, RawBodyWatch, WebhookLog];

/** The registry, which knows the current credentials of a provider's accounts. */
interface CredentialsHolder {
  credentialsInForce(name: string): CredentialsInForce;
}

/** The services, which give the authenticated `HttpService` of each provider. */
interface HttpHolder {
  http(name: string, account?: string): HttpService;
}

/** The providers for signatures, made from the resolved options. */
export function signatureProviders(tokens: {
  readonly configuredProviders: InjectionToken<readonly ConfiguredProvider[]>;
  readonly credentials: InjectionToken<CredentialsHolder>;
  readonly clock: InjectionToken<Clock>;
  readonly events: InjectionToken<KeysTroubleSink>;
  /** Looked up when a `customWebhook` calls its provider. */
  readonly http: InjectionToken<HttpHolder>;
  /** Names that the application may have besides the built-in ones. */
  readonly names?: readonly string[];
}): FactoryProvider[] {
  return [
    {
      provide: WebhookVerifier,
      inject: [tokens.configuredProviders, tokens.credentials, tokens.clock, tokens.events, ModuleRef],
      useFactory: (
        providers: readonly ConfiguredProvider[],
        credentials: CredentialsHolder,
        clock: Clock,
        events: KeysTroubleSink,
        module: ModuleRef,
      ) =>
        new WebhookVerifier(providers, {
          inForce: (name) => credentials.credentialsInForce(name),
          http: (name, account) => {
            const services = module.get<HttpHolder>(tokens.http, { strict: false });
            return account === undefined ? services.http(name) : services.http(name, account);
          },
          clock,
          events,
          names: tokens.names,
        }),
    },
    {
      provide: PaymentsSignaturesService,
      inject: [WebhookVerifier],
      useFactory: (verifier: WebhookVerifier) => new PaymentsSignaturesService(verifier),
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
      provide: FastifyWebhooks,
      inject: [HttpAdapterHost, ModulesContainer],
      useFactory: (host: HttpAdapterHost, modules: ModulesContainer) =>
        new FastifyWebhooks(host, webhookHandlers(modules)),
    },
    {
      provide: WebhookBootCheck,
      inject: [ModulesContainer, WebhookVerifier, RawBodyWatch],
      useFactory: (modules: ModulesContainer, verifier: WebhookVerifier, rawBodies: RawBodyWatch) =>
        new WebhookBootCheck(webhookHandlers(modules), verifier, rawBodies),
    },
  ];
}
