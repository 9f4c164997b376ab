import type { Clock } from '../payments-auth.clock.js';
import { isPaymentsAuthError, PaymentsAuthError } from '../payments-auth.errors.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import type { CredentialsInForce } from '../providers/credentials-in-force.js';
import type { Credentials } from '../strategies/strategy.js';
import type { TellKeysTrouble } from './webhook-keys-trouble.js';

/** A resolver is not asked more often than this, however many forged messages arrive. */
const ASK_AGAIN_AFTER_MS = 1_000;
/** Operators are told at most this often, however many messages and accounts there are. */
const TELL_AGAIN_AFTER_MS = 10_000;
/** The sender of a message names the account, so the memory for accounts has an end. */
const MOST_ACCOUNTS = 1_000;

interface Answer {
  readonly askedAtMs: number;
  /** Until then, the resolver is not asked again without a reason. */
  goodUntilMs: number;
  readonly credentials: Promise<readonly Credentials[]>;
}

/**
 * The credentials that messages of one provider are signed with. They are the ones that calls authenticate with, but
 * are kept separately, because here the sender of a message names the account.
 */
export class SigningCredentials {
  readonly #provider: ConfiguredProvider;
  readonly #inForce: CredentialsInForce;
  readonly #clock: Clock;
  readonly #tell: TellKeysTrouble;
  #toldAtMs = -Infinity;
  readonly #answers = new Map<string | undefined, Answer>();

  constructor(
    provider: ConfiguredProvider,
    inForce: CredentialsInForce,
    { clock, tell }: { readonly clock: Clock; readonly tell: TellKeysTrouble },
  ) {
    this.#provider = provider;
    this.#inForce = inForce;
    this.#clock = clock;
    this.#tell = tell;
    inForce.onRotated((account) => this.#answers.delete(account));
  }

  /** Whether asking again can give other credentials. */
  isDynamic(account: string | undefined): boolean {
    return this.#inForce.isDynamic(account);
  }

  /**
   * The credentials, newest first; an empty list when there is no such account.
   *
   * @param again whether there is reason to believe that they have changed: then a resolver is asked again, but at most
   *   once a second
   * @throws PaymentsAuthError CREDENTIALS_UNAVAILABLE when a resolver fails or takes too long
   */
  get(account: string | undefined, again = false): Promise<readonly Credentials[]> {
    const nowMs = this.#clock.monotonic();
    const known = this.#answers.get(account);
    const isGood = known !== undefined && (!this.isDynamic(account) || nowMs < known.goodUntilMs);
    if (isGood && !(again && nowMs - known.askedAtMs >= ASK_AGAIN_AFTER_MS)) return known.credentials;

    const asking = this.#ask(account);
    const answer: Answer = {
      askedAtMs: nowMs,
      goodUntilMs: nowMs + this.#inForce.ttlMs(account),
      // If the resolver fails now, its earlier answer is used for as long as it is valid.
      credentials: isGood ? asking.catch(() => known.credentials) : asking,
    };
    asking.catch(() => {
      answer.goodUntilMs = isGood ? known.goodUntilMs : nowMs + ASK_AGAIN_AFTER_MS;
      if (!isGood) this.#tellOperators();
    });
    this.#remember(account, answer);
    return answer.credentials;
  }

  async #ask(account: string | undefined): Promise<readonly Credentials[]> {
    try {
      const list = await this.#inForce.resolve(account);
      return list.map(({ credentials }) => credentials);
    } catch (error) {
      if (isPaymentsAuthError(error) && error.code === 'ACCOUNT_UNKNOWN') return [];
      const { name } = this.#provider;
      // The cause is left out, because the error of a resolver can hold the secrets that it was resolving (R14).
      throw new PaymentsAuthError(
        'CREDENTIALS_UNAVAILABLE',
        `The credentials of "${name}" could not be resolved, so a message cannot be verified or signed now.`,
        { provider: name, ...(account === undefined ? {} : { account }) },
      );
    }
  }

  /** Which account it was is left out: the sender of a message names it. */
  #tellOperators(): void {
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#toldAtMs < TELL_AGAIN_AFTER_MS) return;
    this.#toldAtMs = nowMs;
    this.#tell({ type: 'webhook-keys-unavailable', reason: 'the credentials could not be resolved' });
  }

  #remember(account: string | undefined, answer: Answer): void {
    this.#answers.delete(account);
    this.#answers.set(account, answer);
    if (this.#answers.size <= MOST_ACCOUNTS) return;
    const [oldest] = this.#answers.keys();
    this.#answers.delete(oldest);
  }
}
