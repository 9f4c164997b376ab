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
import { type CredentialStatus, type PaymentsAuthEvent, PaymentsAuthService } from '../index.js';
import { ownCopy } from '../own-properties.js';
import { errorType } from './error-type.js';
import { INCIDENTS } from './incidents.js';
import { CREDENTIAL_STATES, KNOWN_REQUESTS, REFUSAL_STATUSES } from './known-labels.js';
import { createInstruments, type Instruments } from './instruments.js';

const SCOPE = 'nestjs-payments-auth';

/** The instruments that are read when metrics are collected. The others are counted when something happens. */
type Observed = 'calls' | 'callFailures' | 'credentials' | 'timeToLive' | 'outdated' | 'storeLost';

/**
 * Turns events into OpenTelemetry metrics and spans. It uses the providers that the application has registered with
 * `@opentelemetry/api`. The number of labels is bounded: providers, reasons, outcomes and statuses, but never an
 * account or a credential.
 */
@Injectable()
export class PaymentsAuthTelemetry implements OnModuleInit, OnApplicationShutdown {
  readonly #paymentsAuth: PaymentsAuthService;
  #instruments: Instruments | undefined;
  #tracer: Tracer | undefined;
  #subscription: Subscription | undefined;
  #isStoreLost = false;
  readonly #observers: readonly [name: Observed, observe: (result: ObservableResult) => void][] = [
    ['calls', (result) => this.#observeCalls(result)],
    ['callFailures', (result) => this.#observeFailures(result)],
    ['credentials', (result) => this.#observeStates(result)],
    ['timeToLive', (result) => this.#observeLife(result)],
    ['outdated', (result) => this.#observeOutdated(result)],
    ['storeLost', (result) => result.observe(this.#isStoreLost ? 1 : 0)],
  ];

  constructor(@Inject(PaymentsAuthService) paymentsAuth: PaymentsAuthService) {
    this.#paymentsAuth = paymentsAuth;
  }

  onModuleInit(): void {
    this.#instruments = createInstruments(metrics.getMeter(SCOPE));
    this.#tracer = trace.getTracer(SCOPE);
    for (const [name, observe] of this.#observers) this.#instruments[name].addCallback(observe);
    for (const { name, logsIn } of this.#paymentsAuth.providers) startAtZero(this.#instruments, name, logsIn);
    this.#subscription = this.#paymentsAuth.events$.subscribe((event) => this.#record(event));
  }

  onApplicationShutdown(): void {
    this.#subscription?.unsubscribe();
    for (const [name, observe] of this.#observers) this.#instruments?.[name].removeCallback(observe);
  }

  #record(emitted: PaymentsAuthEvent): void {
    const event = ownCopy(emitted);
    const instruments = this.#instruments;
    if (instruments === undefined) return;
    const labels: Attributes = { 'payments_auth.provider': event.provider };
    if (event.type === 'store-lost') this.#isStoreLost = true;
    if (event.type === 'store-back') this.#isStoreLost = false;
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
   * A client span per token request, made when it has ended. Events are emitted in the context of their call, so the
   * span is a child of the call that first needed the token. A background renewal is a trace of its own, because the
   * call in whose context its timer was set has ended long ago.
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

  #observeCalls(result: ObservableResult): void {
    for (const { name, totals } of this.#paymentsAuth.providers)
      result.observe(totals.calls, { 'payments_auth.provider': name });
  }

  #observeFailures(result: ObservableResult): void {
    for (const { name, totals } of this.#paymentsAuth.providers)
      for (const [why, count] of Object.entries(totals.failures))
        result.observe(count, { 'payments_auth.provider': name, 'payments_auth.failure': why });
  }

  #observeStates(result: ObservableResult): void {
    const counts = new Map<string, Map<string, number>>();
    for (const { name } of this.#paymentsAuth.providers)
      counts.set(name, new Map(CREDENTIAL_STATES.map((state) => [state, 0])));
    for (const { provider, state } of this.#paymentsAuth.status()) {
      const ofProvider = counts.get(provider);
      ofProvider?.set(state, (ofProvider.get(state) ?? 0) + 1);
    }
    for (const [name, ofProvider] of counts)
      for (const [state, count] of ofProvider)
        result.observe(count, { 'payments_auth.provider': name, 'payments_auth.state': state });
  }

  #observeOutdated(result: ObservableResult): void {
    const counts = new Map(this.#paymentsAuth.providers.map(({ name }) => [name, 0]));
    for (const { provider, outdatedSinceMs } of this.#paymentsAuth.status().map(ownCopy))
      if (outdatedSinceMs !== undefined) counts.set(provider, (counts.get(provider) ?? 0) + 1);
    for (const [name, count] of counts) result.observe(count, { 'payments_auth.provider': name });
  }

  #observeLife(result: ObservableResult): void {
    const shortest = new Map<string, number>();
    const logIn = new Set(this.#paymentsAuth.providers.filter((each) => each.logsIn).map(({ name }) => name));
    for (const status of this.#paymentsAuth.status().map(ownCopy)) {
      const { provider } = status;
      const endsAtMs = logIn.has(provider) && isOut(status) ? 0 : status.expiresAtMs;
      if (endsAtMs === undefined) continue;
      shortest.set(provider, Math.min(shortest.get(provider) ?? Infinity, endsAtMs));
    }
    for (const [provider, expiresAtMs] of shortest) {
      const seconds = Math.max(0, expiresAtMs - this.#paymentsAuth.nowMs) / 1_000;
      result.observe(seconds, { 'payments_auth.provider': provider });
    }
  }
}

/** Whether calls need a token and there is no usable one. A token that has ended or is refused counts as not usable. */
function isOut({ state, failing = [] }: CredentialStatus): boolean {
  const failsToLogIn = failing.includes('login') || failing.includes('load');
  return state === 'unavailable' || state === 'rejected' || (state === 'acquiring' && failsToLogIn);
}

/**
 * A counter that appears with its first count begins at 1, and Prometheus does not see that as an increase. So every
 * counter that alerts and dashboards use begins at 0, from the start. A provider with logins gets about 90 series.
 */
function startAtZero(instruments: Instruments, name: string, logsIn: boolean): void {
  const labels: Attributes = { 'payments_auth.provider': name };
  for (const type of INCIDENTS) instruments.incidents.add(0, { ...labels, 'payments_auth.incident': type });
  for (const status of REFUSAL_STATUSES)
    instruments.refusals.add(0, { ...labels, 'http.response.status_code': status });
  for (const again of [false, true])
    instruments.replays.add(0, { ...labels, 'payments_auth.refused_again': again });
  instruments.renewalFailures.add(0, labels);
  if (!logsIn) return;
  for (const known of KNOWN_REQUESTS) instruments.tokenRequests.add(0, { ...labels, ...known });
}

/** `server.address`, and `server.port` where it is not the default port of the scheme. */
function serverOf(host: string): Attributes {
  const [, address = host, port] = /^(.*?)(?::(\d+))?$/.exec(host) ?? [];
  return { 'server.address': address, ...(port === undefined ? {} : { 'server.port': Number(port) }) };
}
