import type { AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import { applicationAxios } from '../application-axios.js';
import type { CredentialSpenders } from '../credentials/credential-spender.js';
import type { Credential } from '../credentials/credential.js';
import { ownCopy } from '../own-properties.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { discardAnswer } from './answer-body.js';
import { type Attempted, Attempts, type Call, type ExchangeEnvironment } from './attempt.js';
import { CallDeadline } from './call-deadline.js';
import type { PaymentsAuthOutcome, PaymentsAuthRequest } from './payments-auth-request.js';
import { mayReplay } from './replay-policy.js';
import { hideSecretFields } from './secret-fields.js';
import type { TransportSettings } from './transport-settings.js';

const NOTHING_SAID: PaymentsAuthRequest = Object.freeze(ownCopy({}));
/** A refusal without the provider’s own words may come from a gateway: only reading calls are sent again after it. */
const NOT_OWN = Object.freeze({ own: false });
const OWN = Object.freeze({ own: true });
const MOST_ATTEMPTS = 3;
const SENT_ONCE: PaymentsAuthOutcome = Object.freeze({ attempts: 1, replayed: false });

/**
 * What stands around the caller's adapter (R10): it spends a credential, sees a refusal in the raw answer, sends the
 * call again while that can help, and delivers the last answer.
 *
 * Here the body is serialised already and the answer is not yet parsed. So a replay sends the same bytes, and the
 * caller's interceptors and transforms run once, however often a request is sent.
 */
export class Exchange {
  readonly #provider: ConfiguredProvider;
  readonly #spenders: CredentialSpenders;
  readonly #attempts: Attempts;
  readonly #environment: ExchangeEnvironment;
  readonly #secretFields: ReadonlySet<string>;

  constructor(
    provider: ConfiguredProvider,
    spenders: CredentialSpenders,
    transport: TransportSettings,
    environment: ExchangeEnvironment,
  ) {
    this.#provider = provider;
    this.#spenders = spenders;
    this.#attempts = new Attempts(provider, transport, environment);
    this.#environment = environment;
    this.#secretFields = new Set(provider.definition.secretResponseFields);
  }

  /** @param adapter the caller's own, or the list axios picks from */
  async send(
    config: InternalAxiosRequestConfig,
    adapter: InternalAxiosRequestConfig['adapter'],
  ): Promise<AxiosResponse> {
    // From here on the config is the caller's again: sent once more, it starts from the beginning.
    config.adapter = adapter;
    const spender = this.#spenderOf(config);
    const deadline = new CallDeadline(config, this.#environment.clock);
    // Written out: a spread would cost more than all the rest of this method.
    const call: Call = {
      config,
      adapter,
      deadline,
      spender,
      waited: false,
      refused: [],
      sent: 0,
      previous: undefined,
    };
    let credential = spender.peek(() => this.#mayReplay(config, NOT_OWN));
    if (credential === undefined) {
      // Before anybody logs in for a request that will not be sent.
      this.#attempts.check(config);
      credential = await deadline.bound(spender.obtain(), () => spender.awaits);
      call.waited = true;
    }
    const first = await this.#attempts.make(call, credential);
    const { kind } = first.verdict;
    if (kind !== 'refused' && kind !== 'challenged') return this.#deliver(call, first, SENT_ONCE);
    const last = await this.#sendAgain(call, credential, first);
    const firstStatus = first.response?.status ?? 0;
    const { sent: attempts } = call;
    if (last.verdict.kind === 'refused') sayWhy(last, call.spender.definitionFault);
    return this.#deliver(call, last, attempts === 1 ? SENT_ONCE : { attempts, replayed: true, firstStatus });
  }

  /** Sends a refused call again, as long as there is something that may cure it (R11, R12). */
  async #sendAgain(call: Call, credential: Credential, first: Attempted): Promise<Attempted> {
    let [carried, attempted] = [credential, first];
    // A new signature is the cure, and no other credential; it is asked for once.
    if (first.verdict.kind === 'challenged' && this.#mayReplay(call.config, OWN))
      attempted = await this.#again(call, carried, first);
    while (attempted.verdict.kind === 'refused') {
      const { response, verdict, sentAtMs } = attempted;
      const status = response?.status ?? 0;
      const refusedAtMs = this.#environment.clock.monotonic();
      call.refused.push({ credential: carried, status, sentAtMs, refusedAtMs });
      // What the call was sent with may have been dropped meanwhile, and its account with it.
      call.spender = this.#spenderOf(call.config);
      const replayable = call.sent < MOST_ATTEMPTS && this.#mayReplay(call.config, verdict);
      const { refused: attempts } = call;
      const refusal = { status, own: verdict.own, replayable, attempts };
      const replacing = call.spender.replace(carried, refusal).catch(() => undefined);
      // Otherwise it is replaced for the next caller: this one has an answer, and does not wait.
      const other = replayable ? await waitForOther(replacing, response, call.deadline) : undefined;
      if (other === undefined || this.#carriesTheSame(carried, other)) break;
      carried = other;
      attempted = await this.#again(call, other, attempted);
    }
    return attempted;
  }

  #again(call: Call, credential: Credential, { response, answer }: Attempted): Promise<Attempted> {
    discardAnswer(response);
    call.previous = answer;
    return this.#attempts.make(call, credential);
  }

  #spenderOf({ paymentsAuth: said = NOTHING_SAID }: InternalAxiosRequestConfig) {
    // An account that is named but not there is not the same as none: axios keeps `{ account: undefined }` as it is.
    const account = 'account' in said ? (said.account ?? null) : undefined;
    return this.#spenders.spender(account, said.scopes, said.audience);
  }

  #mayReplay(config: InternalAxiosRequestConfig, refusal: { readonly own: boolean }): boolean {
    return mayReplay(config, config.paymentsAuth?.replay ?? this.#provider.replay, refusal);
  }

  /** Two keys can differ in what no call carries. What a signature is made of cannot be seen from here. */
  #carriesTheSame(before: Credential, now: Credential): boolean {
    if (before.isSameAs(now) || this.#provider.definition.sign !== undefined) return false;
    return JSON.stringify(before.headers) === JSON.stringify(now.headers);
  }

  #deliver(
    { spender }: Call,
    { response, failed, error, verdict, failure }: Attempted,
    outcome: PaymentsAuthOutcome,
  ): AxiosResponse {
    spender.ended(failure !== undefined);
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

/** The caller's error is axios's own, and says what the provider's answer cannot. */
function sayWhy({ failed, error }: Attempted, fault: string | undefined): void {
  if (failed && fault !== undefined && error instanceof Error) error.message += `. The definition: ${fault}.`;
}

/** `undefined` too when the call's time runs out: the refusal it has says more than a timeout would. */
async function waitForOther(
  replacing: Promise<Credential | undefined>,
  response: AxiosResponse | undefined,
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
