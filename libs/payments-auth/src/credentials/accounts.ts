import { PaymentsAuthError } from '../payments-auth.errors.js';
import { Account, type AccountHome } from './account.js';
import { SecretSource } from './secrets/secret-source.js';
import { accountUnknown, UnusableCredentialsError } from './credential-errors.js';
import type { CredentialSlot } from './slot/credential-slot.js';
import { type AccountName, type CredentialSpenders, OWN_ACCOUNT } from './credential-spender.js';
import { RecencyList } from './recency-list.js';
import type { Renewable } from './renewing/renewal-queue.js';
import type { SlotContext } from './slot/slot-context.js';

/** So many of the accounts that are due for being dropped are looked at for one that is not busy. */
const LOOKED_AT = 16;

/** Where more are kept than may be, because they were busy, those who are idle go this soon. */
const SHRINK_AGAIN_AFTER_MS = 10_000;

/**
 * The accounts of one provider: its own, and those of the merchants that calls have named. At most so many are kept;
 * beyond that the least recently used one goes, and is asked for anew should a call name it again.
 */
export class Accounts implements AccountHome, CredentialSpenders, Renewable {
  renewalPosition = -1;
  readonly context: SlotContext;
  readonly source: SecretSource;
  readonly #own: Account | undefined;
  readonly #merchants = new Map<string, Account>();
  readonly #recency = new RecencyList<Account>();
  readonly #most: number;

  constructor(context: SlotContext, most: number) {
    this.context = context;
    this.#most = most;
    this.source = new SecretSource(context.provider, context.clock, context.hash, most);
    if (context.provider.own !== undefined) this.#own = new Account(this, undefined);
  }

  spender(account: AccountName, scopes?: readonly string[], audience?: string): CredentialSlot {
    return this.account(account).slot(scopes, audience);
  }

  /** @throws PaymentsAuthError ACCOUNT_UNKNOWN, as far as that is known without asking a resolver */
  account(id: AccountName): Account {
    const { provider } = this.context;
    // Where there are no merchants, there is nobody else whom no name could mean.
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

  /** In tests, which know nothing of the application's accounts. */
  #takesUnnamed(id: AccountName): boolean {
    return id === undefined && this.context.provider.accounts?.takesUnnamed === true;
  }

  /** The account, if anything is kept of it; looking does not count as use. */
  known(id: AccountName): Account | undefined {
    if (typeof id === 'string') return this.#merchants.get(id);
    return id === null ? undefined : this.#own;
  }

  /** Every slot there is. */
  *slots(): Iterable<CredentialSlot> {
    if (this.#own !== undefined) yield* this.#own.slots;
    for (const account of this.#recency) yield* account.slots;
  }

  /** How many merchants are kept. */
  get size(): number {
    return this.#merchants.size;
  }

  /** @param credentials an object, or a list of them, newest first; `undefined` for what was configured */
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
        `The new credentials of provider "${name}" cannot be used: ${error.message}. The ones before stay in place.`,
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

  /** More were busy at once than may be kept: those who have become idle since go. */
  onRenewalDue(): void {
    this.#shrinkTo(this.#most, Infinity);
  }

  #makeRoom(): void {
    this.#shrinkTo(this.#most - 1, LOOKED_AT);
  }

  /** @param lookAt so many of those that are busy are passed over */
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
