import type { AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import type { CredentialSpenders } from '../credentials/credential-spender.js';
import type { Credential } from '../credentials/credential.js';
import { ownCopy } from '../own-properties.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { discardAnswer } from './answer-body.js';
import { type Attempted, Attempts, type Call, type ExchangeEnvironment } from './attempt.js';
import { deliver } from './delivery.js';
import type { PaymentsAuthRequest } from './payments-auth-request.js';
import { carriesTheSame, mayReplay } from './replay-policy.js';
import type { TransportSettings } from './transport-settings.js';

const NOTHING_SAID: PaymentsAuthRequest = Object.freeze(ownCopy({}));
/** A refusal without the provider’s own words may come from a gateway: only reading calls are sent again after it. */
const NOT_OWN = Object.freeze({ own: false });
const OWN = Object.freeze({ own: true });
const MOST_ATTEMPTS = 3;

/**
 * The code around the caller's adapter (R10): it uses a credential, sees a refusal in the raw answer, sends the call
 * again while that can help, and delivers the last answer.
 *
 * Here the body is serialised already and the answer is not yet parsed. So a replay sends the same bytes, and the
 * caller's interceptors and transforms run once, however often a request is sent.
 */
export class Exchange {
  readonly #provider: ConfiguredProvider;
  readonly #spenders: CredentialSpenders;
  readonly #attempts: Attempts;
  readonly #environment: ExchangeEnvironment;

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
  }

  /** @param adapter the caller's own, or the list axios picks from */
  async send(
    config: InternalAxiosRequestConfig,
    adapter: InternalAxiosRequestConfig['adapter'],
  ): Promise<AxiosResponse> {
    // From here on the caller owns the config again. If the caller sends it once more, the call starts from the
    // beginning.
    config.adapter = adapter;
    const spender = this.#spenderOf(config);
    const call = this.#attempts.begin(config, adapter, spender);
    const usable = spender.peek(() => this.#mayReplay(config, NOT_OWN));
    const credential = usable ?? (await this.#attempts.obtain(call));
    const first = await this.#attempts.make(call, credential);
    const { kind } = first.verdict;
    const isLast = kind !== 'refused' && kind !== 'challenged';
    const last = isLast ? first : await this.#sendAgain(call, credential, first);
    return deliver(call, first, last, this.#attempts.secretFields);
  }

  /** Sends a refused call again, as long as another attempt can help (R11, R12). */
  async #sendAgain(call: Call, credential: Credential, first: Attempted): Promise<Attempted> {
    let [carried, attempted] = [credential, first];
    // A new signature helps here, and no other credential. The call is signed again once.
    if (first.verdict.kind === 'challenged' && this.#mayReplay(call.config, OWN))
      attempted = await this.#again(call, carried, first);
    while (attempted.verdict.kind === 'refused') {
      const { response, verdict, sentAtMs } = attempted;
      const status = response?.status ?? 0;
      const refusedAtMs = this.#environment.clock.monotonic();
      call.refused.push({ credential: carried, status, sentAtMs, refusedAtMs });
      // The credential of the call may have been dropped meanwhile, with its account.
      call.spender = this.#spenderOf(call.config);
      const replayable = call.sent < MOST_ATTEMPTS && this.#mayReplay(call.config, verdict);
      const refusal = { status, own: verdict.own, replayable, attempts: call.refused };
      const replacing = call.spender.replace(carried, refusal).catch(() => undefined);
      // For a call that is not sent again, the new credential serves the next call. This call does not wait for it.
      if (!replayable) break;
      // When the call's time is over, its refusal says more than a timeout would.
      const other = await call.deadline.boundOrNone(replacing, () => discardAnswer(response));
      if (other === undefined || carriesTheSame(carried, other, this.#provider)) break;
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
    // `{ account: undefined }` is not the same as a call without `account`, and axios keeps it as it is.
    const account = 'account' in said ? (said.account ?? null) : undefined;
    return this.#spenders.spender(account, said.scopes, said.audience);
  }

  #mayReplay(config: InternalAxiosRequestConfig, refusal: { readonly own: boolean }): boolean {
    return mayReplay(config, config.paymentsAuth?.replay ?? this.#provider.replay, refusal);
  }
}
