import type { AxiosAdapter, AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import { applicationAxios } from '../application-axios.js';
import type { CredentialSpender, CredentialSpenders } from '../credentials/credential-spender.js';
import type { Credential } from '../credentials/credential.js';
import type { KeyTrials } from '../credentials/secrets/key-trials.js';
import { ownCopy } from '../own-properties.js';
import type { Clock } from '../payments-auth.clock.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import type { ApiAnswer } from '../strategies/strategy.js';
import { discardAnswer, readAnswerBody, relayAnswer } from './answer-body.js';
import { authenticateAttempt, startAttempt } from './attempt.js';
import type { BodySigner } from './body-signer.js';
import { addDefaultHeaders } from './default-headers.js';
import { CallDeadline } from './call-deadline.js';
import { cleanBody, cleanError, cleanResponse, type Traces } from './cleaning.js';
import { Destinations, type Destination } from './destination.js';
import type { PaymentsAuthOutcome, PaymentsAuthRequest } from './payments-auth-request.js';
import { answerOf, judge, mayRefuse, type Verdict } from './refusal.js';
import { signAttempt } from './sign-attempt.js';
import { mayReplay } from './replay-policy.js';
import { hideSecretFields } from './secret-fields.js';
import { routeAttempt, type TransportSettings } from './transport-settings.js';

/** What the HTTP room needs besides a provider and its credentials. */
export interface ExchangeEnvironment {
  readonly clock: Clock;
  readonly signBody?: BodySigner;
}

/** One call on its way: what stays the same from its first attempt to its replay. */
interface Call {
  /** As its caller knows it. No credential ever stands in it. */
  readonly config: InternalAxiosRequestConfig;
  readonly adapter: InternalAxiosRequestConfig['adapter'];
  readonly spender: CredentialSpender;
  readonly deadline: CallDeadline;
}

/** An attempt that does not start with its call: one that waited for a credential, or a replay. */
interface LaterAttempt {
  /** What is left of the call's timeout; `undefined` where it has none. */
  readonly leftMs: number | undefined;
  readonly again: boolean;
  /** Which attempt of the call it is. @default 1, or 2 where it is made again */
  readonly number?: number;
  /** The answer to the one before. */
  readonly previous?: ApiAnswer | undefined;
}

/** How one attempt ended: an answer that `validateStatus` accepts, or an error with or without one. */
interface Attempted {
  readonly response: AxiosResponse | undefined;
  readonly failed: boolean;
  readonly error: unknown;
  readonly verdict: Verdict;
  /** What the verdict was made of; absent where nothing came that had to be looked at. */
  readonly answer?: ApiAnswer;
}

const NOTHING_SAID: PaymentsAuthRequest = Object.freeze(ownCopy({}));
const ACCEPTED: Verdict = Object.freeze({ kind: 'accepted' });
/** Such a refusal may come of anything: what may be repeated after it may be repeated after all. */
const NOT_OWN = Object.freeze({ own: false });
const OWN = Object.freeze({ own: true });
const NOT_REPLAYED: PaymentsAuthOutcome = Object.freeze({ replayed: false });

/**
 * What stands around the caller's adapter (R10): it checks where a request goes, lends it a credential for one
 * attempt, sees a refusal in the raw answer, replays once, and leaves nothing secret behind.
 *
 * Here the body is serialised already and the answer is not yet parsed. So a replay sends the same bytes, and the
 * caller's interceptors and transforms run once, however often a request is sent.
 */
export class Exchange {
  readonly #provider: ConfiguredProvider;
  readonly #spenders: CredentialSpenders;
  readonly #transport: TransportSettings;
  readonly #environment: ExchangeEnvironment;
  readonly #destinations: Destinations;
  readonly #secretFields: ReadonlySet<string>;

  constructor(
    provider: ConfiguredProvider,
    spenders: CredentialSpenders,
    transport: TransportSettings,
    environment: ExchangeEnvironment,
  ) {
    this.#provider = provider;
    this.#spenders = spenders;
    this.#transport = transport;
    this.#environment = environment;
    this.#destinations = new Destinations(provider);
    this.#secretFields = new Set(provider.definition.secretResponseFields);
  }

  /** @param adapter the caller's own, or the list axios picks from */
  async send(
    config: InternalAxiosRequestConfig,
    adapter: InternalAxiosRequestConfig['adapter'],
  ): Promise<AxiosResponse> {
    // From here on the config is the caller's again: sent once more, it starts from the beginning.
    config.adapter = adapter;
    const said = config.paymentsAuth ?? NOTHING_SAID;
    const { scopes, host, replay = this.#provider.replay } = said;
    // An account that is named but not there is not the same as none: axios keeps `{ account: undefined }` as it is.
    const account = 'account' in said ? (said.account ?? null) : undefined;
    const spender = this.#spenders.spender(account, scopes);
    const deadline = new CallDeadline(config, this.#environment.clock);
    const call: Call = { config, adapter, spender, deadline };

    let first: Attempted;
    let credential = spender.peek();
    const trials = spender.trials;
    const trial =
      trials?.isWanted === true && mayReplay(config, replay, NOT_OWN) ? trials.start() : undefined;
    if (trial !== undefined) first = await this.#try((credential = trial), trials as KeyTrials, call);
    else if (credential !== undefined) first = await this.#attempt(call, credential);
    else {
      // Before anybody logs in for a request that will not be sent.
      this.#destinations.check(startAttempt(config), host);
      credential = await deadline.bound(spender.obtain());
      first = await this.#attempt(call, credential, { leftMs: deadline.remainingMs, again: false });
    }
    let outcome = NOT_REPLAYED;
    if (first.verdict.kind === 'challenged' && mayReplay(config, replay, OWN)) {
      outcome = { replayed: true, firstStatus: first.response?.status ?? 0 };
      first = await this.#again(call, credential, first, 2);
    }
    if (first.verdict.kind !== 'refused') return this.#deliver(first, outcome);

    const firstStatus = outcome.firstStatus ?? first.response?.status ?? 0;
    const { own } = first.verdict;
    const replayable = mayReplay(config, replay, { own });
    const replacing = spender
      .replace(credential, { status: firstStatus, own, replayable })
      .catch(() => undefined);
    // Otherwise it is replaced for the next caller: this one has an answer, and does not wait.
    const other = replayable ? await this.#waitForOther(replacing, first, deadline) : undefined;
    if (other === undefined || this.#carriesTheSame(call, credential, other))
      return this.#deliver(first, outcome);

    const second = await this.#again(call, other, first, outcome.replayed ? 3 : 2);
    const { verdict } = second;
    spender.replayed(other, {
      firstStatus,
      ...(second.response === undefined ? {} : { status: second.response.status }),
      ...(verdict.kind === 'refused' ? { refusedAgain: true, own: verdict.own } : { refusedAgain: false }),
    });
    return this.#deliver(second, { replayed: true, firstStatus });
  }

  /** The first attempt of a call that can be repeated, with a newer key that was refused before. */
  async #try(key: Credential, trials: KeyTrials, call: Call): Promise<Attempted> {
    let accepted: boolean | undefined;
    try {
      const attempted = await this.#attempt(call, key);
      const { verdict, response } = attempted;
      if (verdict.kind === 'refused') accepted = false;
      else if (response !== undefined && response.status < 400) accepted = true;
      return attempted;
    } finally {
      trials.end(key, accepted);
    }
  }

  /** Two keys can differ in what this call does not carry. */
  #carriesTheSame({ config, spender }: Call, before: Credential, now: Credential): boolean {
    const { definition } = this.#provider;
    if ('bodySignature' in definition || 'sign' in definition) return false;
    const destination = this.#destinations.check(startAttempt(config), config.paymentsAuth?.host);
    const [one, other] = [before, now].map((each) =>
      JSON.stringify({ ...each.headers, ...spender.callHeaders(each, destination) }),
    );
    return one === other;
  }

  /** Sends a call once more, with the answer to the attempt before at hand for who signs it. */
  #again(call: Call, credential: Credential, before: Attempted, number: number): Promise<Attempted> {
    discardAnswer(before.response);
    const leftMs = call.deadline.remainingMs;
    return this.#attempt(call, credential, { leftMs, again: true, number, previous: before.answer });
  }

  async #attempt(call: Call, credential: Credential, later?: LaterAttempt): Promise<Attempted> {
    const { config, adapter, spender } = call;
    const attempt = startAttempt(config);
    const destination = this.#destinations.check(attempt, config.paymentsAuth?.host);
    const callHeaders = spender.callHeaders(credential, destination);
    authenticateAttempt(attempt, credential.headers, callHeaders);
    routeAttempt(attempt, destination, this.#transport);
    if (later !== undefined) adjust(attempt, later, call.deadline);
    if (this.#environment.signBody !== undefined) await this.#sign(attempt, destination, credential);

    const { definition } = this.#provider;
    if (definition.defaultHeaders !== undefined) addDefaultHeaders(attempt, credential, this.#provider);
    let signed: readonly string[] = [];
    if (definition.sign !== undefined) {
      const parts = { visible: config, provider: this.#provider, credential, destination };
      const { number = later?.again === true ? 2 : 1, previous } = later ?? {};
      const signing = signAttempt(attempt, {
        ...parts,
        nowMs: this.#environment.clock.now(),
        attempt: number,
        previous,
      });
      signed = signing instanceof Promise ? await call.deadline.bound(signing) : signing;
    }

    const traces: Traces = {
      config,
      destination,
      secrets: () => [...secretsOf(credential, callHeaders), ...signed],
      hidesQuery: signed.length > 0,
    };
    let response: AxiosResponse | undefined;
    let error: unknown;
    let failed = false;
    try {
      response = await call.deadline.carry(resolveAdapter(adapter, attempt), attempt);
    } catch (reason) {
      failed = true;
      error = cleanError(reason, traces);
      response = (reason as { response?: AxiosResponse } | undefined)?.response;
    }
    if (response === undefined) return { response, failed, error, verdict: ACCEPTED };
    cleanResponse(response, traces);
    cleanBody(response, traces, this.#secretFields);
    const relayed = relayAnswer(response, (reason) => cleanError(reason, traces));
    spender.observe(response.headers);
    const { refusal } = definition;
    if (!mayRefuse(refusal, response.status)) return { response, failed, error, verdict: ACCEPTED };
    const contentType: unknown = response.headers['content-type'];
    const body = await readAnswerBody(
      response.data,
      relayed,
      typeof contentType === 'string' ? contentType : undefined,
      this.#environment.clock,
    );
    const answer = answerOf(response, body);
    return { response, failed, error, answer, verdict: judge(refusal, answer) };
  }

  async #sign(
    attempt: InternalAxiosRequestConfig,
    { method, host, path }: Destination,
    credential: Credential,
  ): Promise<void> {
    const body: unknown = attempt.data;
    if (typeof body !== 'string' || this.#environment.signBody === undefined) return;
    const { account } = attempt.paymentsAuth ?? NOTHING_SAID;
    const contentType = String(attempt.headers.getContentType() ?? '');
    const whose = typeof account === 'string' ? { account } : {};
    const call = { method, host, path, ...whose, contentType, credential };
    attempt.data = await this.#environment.signBody(body, call);
    // A length that the caller had counted is no longer that of the body; axios counts anew.
    attempt.headers.delete('content-length');
  }

  /** `undefined` too when the call's time runs out: the refusal it has says more than a timeout would. */
  async #waitForOther(
    replacing: Promise<Credential | undefined>,
    { response }: Attempted,
    deadline: CallDeadline,
  ): Promise<Credential | undefined> {
    try {
      return await deadline.bound(replacing);
    } catch (error) {
      if (!applicationAxios.isCancel(error)) return undefined;
      discardAnswer(response);
      throw error;
    }
  }

  #deliver({ response, failed, error, verdict }: Attempted, outcome: PaymentsAuthOutcome): AxiosResponse {
    if (response !== undefined) {
      const scope = verdict.kind === 'incurable' ? verdict.scope : undefined;
      response.paymentsAuth = scope === undefined ? outcome : { ...outcome, reason: 'scope', ...scope };
      if (this.#secretFields.size > 0) hideSecretFields(response, this.#secretFields);
    } else if (typeof error === 'object' && error !== null) {
      // Nothing came back that could say it, and a caller has to know that a payment was sent a second time.
      Reflect.set(error, 'paymentsAuth', outcome);
    }
    if (failed) throw error;
    return response as AxiosResponse;
  }
}

function resolveAdapter(
  adapter: InternalAxiosRequestConfig['adapter'],
  attempt: InternalAxiosRequestConfig,
): AxiosAdapter {
  return typeof adapter === 'function' ? adapter : applicationAxios.getAdapter(adapter, attempt);
}

/** The timeout of a call is one for all of it: what waiting and a first attempt have used up is gone. */
function adjust(
  attempt: InternalAxiosRequestConfig,
  { leftMs, again }: LaterAttempt,
  deadline: CallDeadline,
): void {
  // The body is sent a second time, and counted a second time.
  if (again) attempt.headers.delete('content-length');
  if (leftMs === undefined) return;
  attempt.timeout = Math.max(1, Math.ceil(leftMs));
  attempt.timeoutErrorMessage = deadline.timeoutMessage;
}

function secretsOf(
  { token, headers }: Credential,
  extra: Readonly<Record<string, string>> | undefined,
): string[] {
  return [token, ...Object.values(headers), ...Object.values(extra ?? {})];
}
