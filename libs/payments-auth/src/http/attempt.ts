import { ownCopy } from '../own-properties.js';
import type { AxiosAdapter, AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import { applicationAxios } from '../application-axios.js';
import type { CallFailure, RefusedAttempt } from '../credentials/call-answer.js';
import type { AwaitedLogin, CredentialSpender } from '../credentials/credential-spender.js';
import type { Credential } from '../credentials/credential.js';
import type { Clock } from '../payments-auth.clock.js';
import { isPaymentsAuthError } from '../payments-auth.errors.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import type { ApiAnswer } from '../strategies/strategy.js';
import { readAnswerBody, relayAnswer } from './answer-body.js';
import { authenticateAttempt, startAttempt } from './attempt-config.js';
import { callFailure, unsentFailure } from './call-failure.js';
import { nameCredential } from './named-credential.js';
import { CallDeadline } from './call-deadline.js';
import { CallEnds } from './call-ends.js';
import { cleanBody, cleanError, cleanResponse, type Traces } from './cleaning.js';
import { addDefaultHeaders } from './default-headers.js';
import { AccountDestinations } from './account-destinations.js';
import type { Destination } from './destination.js';
import { told } from '../scrubbing.js';
import { answerOf, judge, mayRefuse, type Verdict } from './refusal.js';
import { signAttempt, signedInTime, UNSIGNED } from './sign-attempt.js';
import { certifyAttempt } from './certify-attempt.js';
import { routeAttempt, type TransportSettings } from './transport-settings.js';

/** The parts that HTTP calls need besides a provider and its credentials. */
export interface ExchangeEnvironment {
  readonly clock: Clock;
}

/** One call that has not ended: the values that its attempts share. */
export interface Call {
  /** The config as its caller knows it. It never holds a credential. */
  readonly config: InternalAxiosRequestConfig;
  /** The caller's own, or the list axios picks from. */
  readonly adapter: InternalAxiosRequestConfig['adapter'];
  readonly deadline: CallDeadline;
  /** Gives the call its credentials, and is told what became of them. */
  spender: CredentialSpender;
  /** Whether the call has waited for a credential. Then its attempt gets the rest of its `timeout`. */
  waited: boolean;
  /** The attempts of the call that the provider has refused. */
  readonly refused: RefusedAttempt[];
  /** How often the call was sent. */
  sent: number;
  /** The answer to the previous attempt, for the code that signs the next one. */
  previous: ApiAnswer | undefined;
}

/** How one attempt ended: with an answer that `validateStatus` accepts, or with an error, with or without an answer. */
export interface Attempted {
  readonly response: AxiosResponse | undefined;
  readonly failed: boolean;
  readonly error: unknown;
  readonly verdict: Verdict;
  /** The part of the answer from which the verdict was made; absent where no answer was read. */
  readonly answer: ApiAnswer | undefined;
  /** Present when there is a problem for operators. */
  readonly failure: CallFailure | undefined;
  /** On the monotonic clock, in milliseconds. */
  readonly sentAtMs: number;
}

const ACCEPTED: Verdict = Object.freeze({ kind: 'accepted' });

/** Does the wire work of one attempt: copies, checks, authenticates, signs, routes, sends, cleans, judges. */
export class Attempts {
  readonly #provider: ConfiguredProvider;
  readonly #transport: TransportSettings;
  readonly #environment: ExchangeEnvironment;
  readonly #destinations: AccountDestinations;
  /** The fields in which the answer may repeat a secret. */
  readonly secretFields: ReadonlySet<string>;
  readonly #ends: CallEnds;

  constructor(provider: ConfiguredProvider, transport: TransportSettings, environment: ExchangeEnvironment) {
    this.#provider = provider;
    this.#transport = transport;
    this.#environment = environment;
    this.#destinations = new AccountDestinations(provider, transport);
    this.secretFields = new Set(provider.definition.secretResponseFields);
    this.#ends = new CallEnds(environment.clock);
  }

  /** @param adapter the caller's own, or the list axios picks from */
  begin(config: Call['config'], adapter: Call['adapter'], spender: CredentialSpender): Call {
    const deadline = new CallDeadline(config, this.#environment.clock);
    // The fields are written out, because a spread would cost more than the rest of this function.
    return { config, adapter, deadline, spender, waited: false, refused: [], sent: 0, previous: undefined };
  }

  /** Refuses a call that does not go to the provider, as far as this can be known without a credential. */
  #check(config: InternalAxiosRequestConfig, { journal }: CredentialSpender): void {
    try {
      this.#destinations.check(startAttempt(config), config.paymentsAuth?.host);
    } catch (error) {
      const failure = unsentFailure(error);
      journal.ended(failure?.kind);
      if (failure !== undefined) journal.unsent(failure);
      throw error;
    }
  }

  /**
   * Waits for the credential of a call. A call that ends without one has failed, unless its caller has ended it.
   *
   * @throws PaymentsAuthError INSECURE_DESTINATION, before a login for a call that will not be sent
   */
  async obtain(call: Call): Promise<Credential> {
    const { config, deadline, spender } = call;
    this.#check(config, spender);
    call.waited = true;
    try {
      return await deadline.bound(spender.obtain(), () => spender.awaits);
    } catch (error) {
      spender.journal.ended(applicationAxios.isCancel(error) ? undefined : 'no-credential');
      throw error;
    }
  }

  /** Sends a call once, with `credential`; tells its spender the outcome in any case. */
  async make(call: Call, credential: Credential): Promise<Attempted> {
    const { config, spender, refused: before } = call;
    const { clock } = this.#environment;
    let sentAtMs: number | undefined;
    let response: AxiosResponse | undefined;
    let verdict = ACCEPTED;
    let answer: ApiAnswer | undefined;
    let failure: CallFailure | undefined;
    let definitionFault: string | undefined;
    let place: Destination | undefined;
    try {
      const attempt = startAttempt(config);
      const destination = this.#destinationOf(attempt, config, credential);
      place = destination;
      const { definition } = this.#provider;
      authenticateAttempt(attempt, credential.headers);
      routeAttempt(attempt, destination, this.#transport);
      const send = resolveAdapter(call.adapter, attempt);
      certifyAttempt(attempt, config, send, this.#provider, credential, destination);
      adjustAttempt(attempt, call);
      if (definition.defaultHeaders !== undefined)
        addDefaultHeaders(attempt, credential, this.#provider, destination);
      let signed = UNSIGNED;
      if (definition.sign !== undefined) {
        const parts = {
          visible: config,
          provider: this.#provider,
          credential,
          destination,
          nowMs: clock.now(),
          attempt: call.sent + 1,
          previous: call.previous,
        };
        const signing = signAttempt(attempt, parts);
        // A call without a timeout gets a limit here. Otherwise it would wait for ever for a signer that does not
        // answer.
        if (!(signing instanceof Promise)) signed = signing;
        else {
          const isBound = call.deadline.remainingMs !== undefined;
          const inTime = isBound ? signing : signedInTime(signing, parts, clock);
          signed = await call.deadline.bound(inTime, () => awaitsSignature(credential, destination));
        }
      }

      const traces: Traces = {
        config,
        destination,
        // An answer may repeat a secret that an earlier attempt carried.
        secrets: () => [
          ...before.flatMap((refused) => secretsOf(refused.credential)),
          ...secretsOf(credential),
          ...signed.secrets,
        ],
        hidesQuery: signed.hidesQuery,
      };
      let error: unknown;
      let failed = false;
      // Most calls have waited for nothing since they began, and then the clock need not be read again.
      const hasWaited = call.waited || call.sent > 0 || signed !== UNSIGNED;
      sentAtMs = hasWaited ? clock.monotonic() : call.deadline.startedAtMs;
      call.sent += 1;
      try {
        response = answered(await call.deadline.carry(send, attempt, this.#ends), config);
      } catch (reason) {
        failed = true;
        error = cleanError(thawed(reason), traces);
        nameCredential(error, credential, destination);
        response = responseOf(error);
      }
      if (response !== undefined) {
        cleanResponse(response, traces);
        cleanBody(response, traces, this.secretFields);
        const { status } = response;
        const relayed = relayAnswer(response, (reason) => {
          const broken = cleanError(reason, traces);
          nameCredential(broken, credential, destination, status);
          return broken;
        });
        if (mayRefuse(definition.refusal, response.status)) {
          answer = await this.#answerOf(response, relayed, call.deadline.remainingMs);
          if (answer !== undefined)
            verdict = judge(definition.refusal, answer, ({ message }) => {
              definitionFault ??= told(message, traces.secrets());
            });
        }
      }
      if (response === undefined || response.status >= 400 || verdict !== ACCEPTED)
        failure = callFailure({
          destination,
          response,
          error,
          verdict,
          answer,
          secrets: traces.secrets,
          sentAtMs: clock.now() - (clock.monotonic() - sentAtMs),
          durationMs: clock.monotonic() - sentAtMs,
        });
      return { response, failed, error, verdict, answer, failure, sentAtMs };
    } catch (error) {
      if (sentAtMs === undefined) failure = unsentFailure(error, place);
      if (failure !== undefined && place !== undefined) nameCredential(error, credential, place);
      throw error;
    } finally {
      spender.answered(credential, {
        before,
        sentAtMs,
        status: response?.status,
        headers: response?.headers,
        refused: verdict.kind === 'refused' ? verdict : undefined,
        isUnsent: sentAtMs === undefined,
        failure,
        definitionFault,
      });
    }
  }

  /** @throws PaymentsAuthError INSECURE_DESTINATION, which names the credential and its account */
  #destinationOf(
    attempt: InternalAxiosRequestConfig,
    config: InternalAxiosRequestConfig,
    credential: Credential,
  ): Destination {
    try {
      return this.#destinations.of(credential).check(attempt, config.paymentsAuth?.host);
    } catch (error) {
      if (!isPaymentsAuthError(error)) throw error;
      const account = credential.account === undefined ? {} : { account: credential.account };
      throw Object.assign(error, account, { credential: credential.id });
    }
  }

  /**
   * The answer as a definition gets it; `undefined` where the answer cannot be read. An adapter of the application may
   * have answered without any headers.
   */
  async #answerOf(
    response: AxiosResponse,
    relayed: ReturnType<typeof relayAnswer>,
    leftMs: number | undefined,
  ): Promise<ApiAnswer | undefined> {
    const { data, headers } = response as AxiosResponse & { headers?: AxiosResponse['headers'] };
    const type: unknown = headers?.['content-type'];
    try {
      const contentType = typeof type === 'string' ? type : undefined;
      const body = await readAnswerBody(data, relayed, contentType, {
        clock: this.#environment.clock,
        leftMs,
      });
      return answerOf(response, body);
    } catch {
      return undefined;
    }
  }
}

/** The timeout of a call covers the whole call, so the time of waiting and of earlier attempts is taken off. */
function adjustAttempt(attempt: InternalAxiosRequestConfig, { deadline, sent, waited }: Call): void {
  const isAgain = sent > 0;
  // The body is sent again, so axios counts its length again.
  if (isAgain) attempt.headers.delete('content-length');
  const leftMs = isAgain || waited ? deadline.remainingMs : undefined;
  if (leftMs === undefined) return;
  attempt.timeout = Math.max(1, Math.ceil(leftMs));
  attempt.timeoutErrorMessage = deadline.timeoutMessage;
}

function resolveAdapter(
  adapter: InternalAxiosRequestConfig['adapter'],
  attempt: InternalAxiosRequestConfig,
): AxiosAdapter {
  return typeof adapter === 'function' ? adapter : applicationAxios.getAdapter(adapter, attempt);
}

/**
 * Checks the answer of an adapter. An adapter of the application may return anything, and the provider may have made
 * the payment nevertheless. So the error says that the request may have been sent.
 *
 * @throws AxiosError where the answer is no response
 */
function answered(response: unknown, config: InternalAxiosRequestConfig): AxiosResponse {
  const { AxiosError } = applicationAxios;
  if (!isObject(response)) {
    const what = response === null ? 'null' : typeof response;
    const message = `The adapter of the call answered ${what} in place of a response. The request may have been sent: correct the adapter.`;
    throw new AxiosError(message, AxiosError.ERR_BAD_RESPONSE, config);
  }
  return thawed(response) as AxiosResponse;
}

/**
 * axios writes the parsed body into the object that an adapter returns, and this library writes the cleaned fields
 * into it. An object that cannot be written is replaced by a copy of the same class with the same fields.
 */
function thawed(value: unknown): unknown {
  if (!isObject(value) || Object.isExtensible(value)) return value;
  const fields = Object.entries(Object.getOwnPropertyDescriptors(value)).map(([name, field]) => [
    name,
    ownCopy({ ...field, configurable: true, ...(Object.hasOwn(field, 'value') && { writable: true }) }),
  ]);
  return Object.create(
    Object.getPrototypeOf(value) as object | null,
    Object.fromEntries(fields) as PropertyDescriptorMap,
  );
}

/**
 * Returns the response of an error, as an object that can be written. The error gets the same object, so that
 * cleaning the response also cleans the error.
 */
function responseOf(error: unknown): AxiosResponse | undefined {
  const { response } = (error ?? {}) as { response?: unknown };
  if (!isObject(response)) return undefined;
  const own = thawed(response) as AxiosResponse;
  if (own !== response) Reflect.set(error as object, 'response', own);
  return own;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function secretsOf({ token, headers }: Credential): string[] {
  return [token, ...Object.values(headers)];
}

/** Says what a call waits for while its signature is made elsewhere. */
function awaitsSignature({ id: credential }: Credential, { origin }: Destination): AwaitedLogin {
  return { credential, host: new URL(origin).host, words: 'waiting for sign of the definition to answer' };
}
