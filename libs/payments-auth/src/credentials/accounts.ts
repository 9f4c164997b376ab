import { isPaymentsAuthError, PaymentsAuthError } from '../payments-auth.errors.js';
import { Account, type AccountHome } from './account.js';
import { SecretSource } from './secrets/secret-source.js';
import { accountUnknown, UnusableCredentialsError } from './credential-errors.js';
import type { CredentialSlot } from './slot/credential-slot.js';
import type { CallFailure } from './call-answer.js';
import type { CredentialSpenders } from './credential-spender.js';
import {
  type AccountName,
  type CredentialExplanation,
  type CredentialState,
  OWN_ACCOUNT,
} from './credential.service.js';
import { explanationOf, idleExplanation } from './slot/slot-status.js';
import { SlotHistory } from './slot/slot-history.js';
import { RecencyList } from './recency-list.js';
import type { Renewable } from './renewing/renewal-queue.js';
import type { SlotContext } from './slot/slot-context.js';

/** How many of the least recently used accounts are checked to find one that is not busy. */
const LOOKED_AT = 16;

/** When busy accounts have exceeded the limit, the idle ones are dropped after this time. */
const SHRINK_AGAIN_AFTER_MS = 10_000;

/** For how many dropped merchants their last failure is remembered. */
const MOST_LEFT = 1_000;

const WORST_FIRST: readonly CredentialState[] = [
  'rejected',
  'unavailable',
  'degraded',
  'acquiring',
  'due',
  'fresh',
  'idle',
];

/**
 * The accounts of one provider: its own, and those of the merchants that calls have named. Their number is limited.
 * Beyond the limit, the least recently used account is dropped; its credential is obtained again when a call names it.
 */
export class Accounts implements AccountHome, CredentialSpenders, Renewable {
  renewalPosition = -1;
  readonly context: SlotContext;
  readonly source: SecretSource;
  readonly #own: Account | undefined;
  readonly #merchants = new Map<string, Account>();
  readonly #recency = new RecencyList<Account>();
  readonly #most: number;
  /** The last failures of merchants that are not kept any more. */
  readonly #left = new Map<string, SlotHistory>();

  constructor(context: SlotContext, most: number) {
    this.context = context;
    this.#most = most;
    this.source = new SecretSource(context.provider, context.clock, context.hash, most);
    if (context.provider.own !== undefined) this.#own = new Account(this, undefined);
  }

  spender(account: AccountName, scopes?: readonly string[], audience?: string): CredentialSlot {
    let found: Account;
    try {
      found = this.account(account);
    } catch (error) {
      if (isPaymentsAuthError(error))
        this.unsent(account, {
          kind: 'not-sent',
          code: error.code,
          reason: 'the application knows no such account, or the call names none',
        });
      throw error;
    }
    return found.slot(scopes, audience);
  }

  unsent(account: AccountName, { code = '', reason }: CallFailure): void {
    const { clock, emit, provider } = this.context;
    const whose = typeof account === 'string' && account !== '' ? { account } : {};
    emit({ type: 'call-unsent', provider: provider.name, ...whose, atMs: clock.now(), code, reason });
  }

  /** @throws PaymentsAuthError ACCOUNT_UNKNOWN, as far as that is known without asking a resolver */
  account(id: AccountName): Account {
    const { provider } = this.context;
    // A provider without merchants has only its own account, so a call without a name means that one.
    const isUnnamed = id === undefined || id === null;
    if (id === OWN_ACCOUNT || (isUnnamed && provider.accounts === undefined) || this.#takesUnnamed(id)) {
      if (this.#own === undefined) throw accountUnknown(provider.name, id ?? OWN_ACCOUNT);
      return this.#own;
    }
    if (typeof id !== 'string' || id === '' || provider.accounts === undefined)
      throw accountUnknown(provider.name, id);
    let account = this.#merchants.get(id);
    if (account === undefined) {
      this.#makeRoom();
      account = new Account(this, id);
      this.#merchants.set(id, account);
    }
    this.#recency.touch(account);
    return account;
  }

  /**
   * Whether a call without an account may still use one, as in tests, which do not know the application's
   * accounts.
   */
  #takesUnnamed(id: AccountName): boolean {
    return id === undefined && this.context.provider.accounts?.takesUnnamed === true;
  }

  /** The account, if it is kept. This look-up does not count as use. */
  known(id: AccountName): Account | undefined {
    if (typeof id === 'string') return this.#merchants.get(id);
    return id === null ? undefined : this.#own;
  }

  /**
   * Explains the state of an account. Where the account is not in use, the application is asked whether it exists. The
   * provider is never asked. Where the account has several sets of scopes, the one in the worst state is explained.
   *
   * @param idleSinceMs since when an account without use is idle
   * @throws PaymentsAuthError ACCOUNT_UNKNOWN
   */
  async explain(name: AccountName, idleSinceMs: number): Promise<CredentialExplanation> {
    const { provider, clock } = this.context;
    const slots = this.known(this.#meant(name))?.slots ?? [];
    const [worst] = slots
      .map((slot) => explanationOf(slot))
      .toSorted(
        (a, b) => WORST_FIRST.indexOf(a.state) - WORST_FIRST.indexOf(b.state) || failing(b) - failing(a),
      );
    if (worst !== undefined) return worst;
    const account = typeof name === 'string' ? name : undefined;
    const history = account === undefined ? undefined : this.#left.get(account);
    const idle = idleExplanation(provider, account, idleSinceMs, history);
    try {
      await this.source.resolve(account);
      return idle;
    } catch (error) {
      if (!(error instanceof UnusableCredentialsError)) throw error;
      const unloadable = new SlotHistory();
      unloadable.failed({ on: 'load', atMs: clock.now(), reason: error.message });
      return { ...idleExplanation(provider, account, idleSinceMs, unloadable), state: 'unavailable' };
    }
  }

  /** @throws PaymentsAuthError ACCOUNT_UNKNOWN, for a name that no account can have */
  #meant(name: AccountName): AccountName {
    const { provider } = this.context;
    if (typeof name === 'string' && name !== '' && provider.accounts !== undefined) return name;
    // This look-up creates no account, because there may be thousands of names.
    return this.account(name).account ?? OWN_ACCOUNT;
  }

  remember(account: string, history: SlotHistory | undefined): void {
    this.#left.delete(account);
    if (history === undefined) return;
    this.#left.set(account, history);
    const [oldest] = this.#left.keys();
    if (this.#left.size > MOST_LEFT) this.#left.delete(oldest as string);
  }

  /** All slots. */
  *slots(): Iterable<CredentialSlot> {
    if (this.#own !== undefined) yield* this.#own.slots;
    for (const account of this.#recency) yield* account.slots;
  }

  /** The number of merchants that are kept. */
  get size(): number {
    return this.#merchants.size;
  }

  /** @param credentials an object, or a list of them, newest first; `undefined` for the configured credentials */
  async rotate(name: AccountName, credentials: unknown): Promise<void> {
    const account = this.account(name);
    const { account: id } = account;
    this.source.rotate(id, credentials === undefined ? undefined : this.#read(id, credentials));
    await account.rotated();
  }

  #read(id: string | undefined, credentials: unknown) {
    try {
      return this.source.read(credentials);
    } catch (error) {
      if (!(error instanceof UnusableCredentialsError)) throw error;
      const { name } = this.context.provider;
      throw new PaymentsAuthError(
        'INVALID_OPTIONS',
        `The new credentials of provider "${name}" cannot be used: ${error.message}. The earlier credentials stay in use.`,
        { provider: name, account: id, problems: [error.message] },
      );
    }
  }

  isEmpty(account: Account): void {
    const { account: id } = account;
    if (id === undefined || this.#merchants.get(id) !== account) return;
    this.#merchants.delete(id);
    this.#recency.remove(account);
  }

  /** More accounts than the limit were busy at once. Those that are idle by now are dropped. */
  onRenewalDue(): void {
    this.#shrinkTo(this.#most, Infinity);
  }

  #makeRoom(): void {
    this.#shrinkTo(this.#most - 1, LOOKED_AT);
  }

  /** @param lookAt after how many busy accounts the search ends */
  #shrinkTo(most: number, lookAt: number): void {
    let busy = 0;
    for (const account of this.#recency) {
      if (this.#merchants.size <= most) return;
      if (!account.isBusy) account.letGo();
      else if (++busy >= lookAt) break;
    }
    const { renewals } = this.context;
    if (this.#merchants.size > most && this.renewalPosition < 0)
      renewals.schedule(this, SHRINK_AGAIN_AFTER_MS);
  }
}

/** A credential whose calls fail has the same state as a working one, so failures decide between the two. */
function failing({ cause }: CredentialExplanation): number {
  return cause === undefined ? 0 : 1;
}
