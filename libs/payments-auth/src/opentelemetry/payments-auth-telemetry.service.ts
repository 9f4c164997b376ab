import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import {
  type Attributes,
  context,
  metrics,
  type ObservableResult,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import type { Subscription } from 'rxjs';
import { type PaymentsAuthEvent, PaymentsAuthService } from '../index.js';
import { errorType } from './error-type.js';
import { INCIDENTS } from './incidents.js';
import { createInstruments, type Instruments } from './instruments.js';

const SCOPE = 'nestjs-payments-auth';

/**
 * Turns events into OpenTelemetry metrics and spans, through whatever providers the application has registered with
 * `@opentelemetry/api`. Labels are bounded: providers, reasons, outcomes, statuses; never an account or a credential.
 */
@Injectable()
export class PaymentsAuthTelemetry implements OnModuleInit, OnApplicationShutdown {
  readonly #paymentsAuth: PaymentsAuthService;
  #instruments: Instruments | undefined;
  #tracer: Tracer | undefined;
  #subscription: Subscription | undefined;
  readonly #observe = (result: ObservableResult) => this.#observeLife(result);

  constructor(@Inject(PaymentsAuthService) paymentsAuth: PaymentsAuthService) {
    this.#paymentsAuth = paymentsAuth;
  }

  onModuleInit(): void {
    this.#instruments = createInstruments(metrics.getMeter(SCOPE));
    this.#tracer = trace.getTracer(SCOPE);
    this.#instruments.timeToLive.addCallback(this.#observe);
    this.#subscription = this.#paymentsAuth.events$.subscribe((event) => this.#record(event));
  }

  onApplicationShutdown(): void {
    this.#subscription?.unsubscribe();
    this.#instruments?.timeToLive.removeCallback(this.#observe);
  }

  #record(event: PaymentsAuthEvent): void {
    const instruments = this.#instruments;
    if (instruments === undefined) return;
    const labels: Attributes = { 'payments_auth.provider': event.provider };
    switch (event.type) {
      case 'token-request': {
        const outcome = {
          ...labels,
          'payments_auth.outcome': event.outcome,
          'payments_auth.reason': event.reason,
          ...(event.outcome === 'issued' ? {} : { 'error.type': errorType(event) }),
        };
        instruments.tokenRequests.add(1, outcome);
        instruments.tokenRequestDuration.record(event.durationMs / 1_000, outcome);
        this.#span(event, outcome);
        break;
      }
      case 'credential-obtained':
        instruments.acquisitionDuration.record(event.durationMs / 1_000, {
          ...labels,
          'payments_auth.reason': event.reason,
          'payments_auth.from': event.from,
        });
        break;
      case 'call-waited':
        instruments.waitDuration.record(event.durationMs / 1_000, labels);
        break;
      case 'call-refused':
        instruments.refusals.add(1, { ...labels, 'http.response.status_code': event.status });
        break;
      case 'call-replayed':
        instruments.replays.add(1, { ...labels, 'payments_auth.refused_again': event.refusedAgain });
        break;
      case 'credential-renewed-early':
        instruments.renewalAhead.record(Math.max(0, event.aheadMs) / 1_000, labels);
        break;
      case 'renewal-failed':
        instruments.renewalFailures.add(1, labels);
        break;
      default:
        if (INCIDENTS.includes(event.type))
          instruments.incidents.add(1, { ...labels, 'payments_auth.incident': event.type });
    }
  }

  /**
   * A client span per token request, made when it has ended. Events come in the context of what they are about, so the
   * span stands below the call that first wanted the token. A renewal that nobody waited for is a trace of its own: the
   * call in whose context its timer was set has long ended.
   */
  #span(event: PaymentsAuthEvent & { type: 'token-request' }, outcome: Attributes): void {
    const span = this.#tracer?.startSpan(
      `payments_auth.token_request ${event.provider}`,
      {
        kind: SpanKind.CLIENT,
        root: !event.awaited,
        startTime: event.atMs - event.durationMs,
        attributes: {
          ...outcome,
          ...serverOf(event.host),
          ...(event.status === undefined ? {} : { 'http.response.status_code': event.status }),
        },
      },
      context.active(),
    );
    if (event.outcome !== 'issued') span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end(event.atMs);
  }

  #observeLife(result: ObservableResult): void {
    const shortest = new Map<string, number>();
    for (const { provider, expiresAtMs } of this.#paymentsAuth.status()) {
      if (expiresAtMs === undefined) continue;
      shortest.set(provider, Math.min(shortest.get(provider) ?? Infinity, expiresAtMs));
    }
    for (const [provider, expiresAtMs] of shortest) {
      const seconds = Math.max(0, expiresAtMs - Date.now()) / 1_000;
      result.observe(seconds, { 'payments_auth.provider': provider });
    }
  }
}

/** `server.address`, and `server.port` where it is not that of the scheme. */
function serverOf(host: string): Attributes {
  const [, address = host, port] = /^(.*?)(?::(\d+))?$/.exec(host) ?? [];
  return { 'server.address': address, ...(port === undefined ? {} : { 'server.port': Number(port) }) };
}
