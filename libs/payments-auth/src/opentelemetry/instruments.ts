import type { Counter, Histogram, Meter, ObservableCounter, ObservableGauge } from '@opentelemetry/api';

/** Everything this library measures, by name. Names, units and labels are public: dashboards are built on them. */
export interface Instruments {
  /** `payments_auth.token_requests` {request}: requests to token endpoints, by outcome and reason. */
  readonly tokenRequests: Counter;
  /** `payments_auth.token_request.duration` s: how long a request took. */
  readonly tokenRequestDuration: Histogram;
  /** `payments_auth.acquisition.duration` s: from the request for a credential until it was there, retries included. */
  readonly acquisitionDuration: Histogram;
  /** `payments_auth.calls` {call}: calls that have ended, each once however often it was sent. */
  readonly calls: ObservableCounter;
  /** `payments_auth.call.failures` {call}: calls that failed in the end, by reason. */
  readonly callFailures: ObservableCounter;
  /**
   * `payments_auth.call.wait.duration` s: how long calls waited for a credential. Its count is the number of calls
   * that waited.
   */
  readonly waitDuration: Histogram;
  /** `payments_auth.call.refusals` {call}: calls whose credential the provider refused. */
  readonly refusals: Counter;
  /** `payments_auth.call.replays` {call}: calls sent a second time, by whether they were refused again. */
  readonly replays: Counter;
  /** `payments_auth.renewal.ahead` s: the life that was left of the old token when it was renewed early. */
  readonly renewalAhead: Histogram;
  /** `payments_auth.renewal.failures` {renewal}: renewals that failed while the old token was still valid. */
  readonly renewalFailures: Counter;
  /** `payments_auth.credential.incidents` {incident}: rejected, unavailable, not signed, contested, rate limited and more. */
  readonly incidents: Counter;
  /** `payments_auth.credentials` {credential}: credentials that are kept, by state. */
  readonly credentials: ObservableGauge;
  /**
   * `payments_auth.token.time_to_live` s: the life that is left of the provider's token that ends first; 0 where
   * there is no token.
   */
  readonly timeToLive: ObservableGauge;
  /** `payments_auth.credentials.outdated` {credential}: those with an earlier secret, whose file cannot be used. */
  readonly outdated: ObservableGauge;
  /** `payments_auth.store.lost` {store}: 1 while the store that a fleet shares does not answer, otherwise 0. */
  readonly storeLost: ObservableGauge;
}

/** The boundaries in seconds that the semantic conventions give for `http.client.request.duration`. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const LIFE_SECONDS = [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];

export function createInstruments(meter: Meter): Instruments {
  return {
    tokenRequests: meter.createCounter('payments_auth.token_requests', {
      description: 'Requests sent to token endpoints',
      unit: '{request}',
    }),
    tokenRequestDuration: meter.createHistogram(
      'payments_auth.token_request.duration',
      seconds('Duration of requests to token endpoints', REQUEST_SECONDS),
    ),
    acquisitionDuration: meter.createHistogram(
      'payments_auth.acquisition.duration',
      seconds('Time until a credential was there, retries included', REQUEST_SECONDS),
    ),
    calls: meter.createObservableCounter('payments_auth.calls', {
      description: 'Calls that have ended',
      unit: '{call}',
    }),
    callFailures: meter.createObservableCounter('payments_auth.call.failures', {
      description: 'Calls that failed in the end: refused, limited, not served, not answered or not sent',
      unit: '{call}',
    }),
    waitDuration: meter.createHistogram(
      'payments_auth.call.wait.duration',
      seconds('Time that calls waited for a credential', REQUEST_SECONDS),
    ),
    refusals: meter.createCounter('payments_auth.call.refusals', {
      description: 'Calls whose credential the provider refused',
      unit: '{call}',
    }),
    replays: meter.createCounter('payments_auth.call.replays', {
      description: 'Calls sent a second time after a refusal',
      unit: '{call}',
    }),
    renewalAhead: meter.createHistogram(
      'payments_auth.renewal.ahead',
      seconds('Life that was left when a token was renewed early', LIFE_SECONDS),
    ),
    renewalFailures: meter.createCounter('payments_auth.renewal.failures', {
      description: 'Renewals that failed while the old token still served',
      unit: '{renewal}',
    }),
    incidents: meter.createCounter('payments_auth.credential.incidents', {
      description: 'What operators want to know of: rejections, outages, pauses, contests, limits',
      unit: '{incident}',
    }),
    credentials: meter.createObservableGauge('payments_auth.credentials', {
      description: 'Credentials that are kept, by state',
      unit: '{credential}',
    }),
    timeToLive: meter.createObservableGauge('payments_auth.token.time_to_live', {
      description: 'Life left of the shortest-lived token, 0 where no token can be had',
      unit: 's',
    }),
    outdated: meter.createObservableGauge('payments_auth.credentials.outdated', {
      description: 'Credentials with an earlier secret, because the file of the secret cannot be used',
      unit: '{credential}',
    }),
    storeLost: meter.createObservableGauge('payments_auth.store.lost', {
      description: 'Whether the store of tokens that is shared does not answer',
      unit: '{store}',
    }),
  };
}

function seconds(description: string, boundaries: number[]) {
  return { description, unit: 's', advice: { explicitBucketBoundaries: boundaries } };
}
