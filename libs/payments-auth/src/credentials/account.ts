import { scopeSet } from '../strategies/scope-set.js';
import type { AskedFor } from './issuing/token-issuer.js';
import type { SecretSource } from './secrets/secret-source.js';
import { AccountSecrets } from './secrets/account-secrets.js';
import { CredentialSlot } from './slot/credential-slot.js';
import type { Recent } from './recency-list.js';
import type { SlotHistory } from './slot/slot-history.js';
import type { SlotContext, SlotOwner, SlotView } from './slot/slot-context.js';

/** How many sets of scopes and audiences one account keeps. Calls may take them from outside the application. */
const MOST_SETS = 64;

/** The parts that the accounts of one provider share. */
export interface AccountHome {
  readonly context: SlotContext;
  readonly source: SecretSource;
  /** Called when the account has no slot any more. */
  isEmpty(account: Account): void;
  /** Keeps the failures of a slot that is dropped while something still fails, so that they can be explained later. */
  remember(account: string, history: SlotHistory | undefined): void;
}

/**
 * One account of a provider: its static credentials, and one slot for each set of scopes and each audience that calls
 * have asked for. Accounts share nothing with each other.
 */
export class Account implements SlotOwner, Recent<Account> {
  older: Account | undefined = undefined;
  newer: Account | undefined = undefined;
  readonly account: string | undefined;
  readonly secrets: AccountSecrets;
  readonly #home: AccountHome;
  /** The slot of the provider's default scopes and audience. Most accounts never have another one. */
  #slot: CredentialSlot | undefined = undefined;
  #otherSlots: Map<string, CredentialSlot> | undefined = undefined;
  /**
   * How many calls wait until they may carry the token of a slot. Created for the first waiting call, to save memory.
   */
  #awaitingAge: Map<SlotView, number> | undefined = undefined;

  constructor(home: AccountHome, account: string | undefined) {
    this.#home = home;
    this.account = account;
    this.secrets = new AccountSecrets(home.source, account);
  }

  get context(): SlotContext {
    return this.#home.context;
  }

  get provider(): string {
    return this.context.provider.name;
  }

  get slots(): CredentialSlot[] {
    return [...(this.#slot === undefined ? [] : [this.#slot]), ...(this.#otherSlots?.values() ?? [])];
  }

  /** The slot of the default scopes, if there is one yet. */
  get defaultSlot(): CredentialSlot | undefined {
    return this.#slot;
  }

  get isBusy(): boolean {
    return (
      this.#awaitingAge !== undefined ||
      this.#slot?.isBusy === true ||
      (this.#otherSlots !== undefined && this.slots.some((slot) => slot.isBusy))
    );
  }

  async awaitAge(slot: SlotView, accepted: Promise<void>): Promise<void> {
    const awaiting = (this.#awaitingAge ??= new Map<SlotView, number>());
    awaiting.set(slot, (awaiting.get(slot) ?? 0) + 1);
    try {
      await accepted;
    } finally {
      const others = (awaiting.get(slot) ?? 1) - 1;
      if (others > 0) awaiting.set(slot, others);
      else awaiting.delete(slot);
      if (awaiting.size === 0) this.#awaitingAge = undefined;
    }
  }

  slot(scopes?: readonly string[], audience?: string): CredentialSlot {
    const { provider } = this.context;
    if (scopes === undefined && audience === undefined)
      return (this.#slot ??= new CredentialSlot(this, provider));
    const asked: AskedFor = {
      scopes: scopes === undefined ? provider.scopes : scopeSet(scopes),
      audience: audience ?? provider.audience,
    };
    const key = keyOf(asked);
    if (key === keyOf(provider)) return this.slot();
    const others = (this.#otherSlots ??= new Map<string, CredentialSlot>());
    let slot = others.get(key);
    if (slot === undefined) {
      makeRoom(others, this.#awaitingAge);
      slot = new CredentialSlot(this, asked);
    } else others.delete(key);
    // The first entry of a map is the oldest one. Here, it is the slot that was used least recently.
    others.set(key, slot);
    return slot;
  }

  /** The account uses the credentials that its source gives now. Rejections of the earlier secrets are forgotten. */
  async rotated(): Promise<void> {
    this.secrets.forget();
    await Promise.all(this.slots.map((slot) => slot.rotated()));
  }

  /** Ends the account and its slots, because it is no longer kept. */
  letGo(): void {
    for (const slot of this.slots) slot.letGo();
    // An account that was rotated before its first use has no slot that could report that it is empty.
    this.#home.isEmpty(this);
  }

  /** The slot of the provider's own account stays, with its counts, because there is only one such account. */
  abandon(slot: CredentialSlot): void {
    if (this.account === undefined) return;
    const { history } = slot.journal;
    this.#home.remember(this.account, history?.isOpen === true ? history : undefined);
    if (slot === this.#slot) this.#slot = undefined;
    else this.#otherSlots?.delete(keyOf(slot.asked));
    if (this.#slot === undefined && (this.#otherSlots?.size ?? 0) === 0) this.#home.isEmpty(this);
  }
}

/**
 * Drops the slots that were used least recently. A slot stays while it fetches a token, or while calls wait for the age
 * of its token.
 */
function makeRoom(slots: Map<string, CredentialSlot>, awaitingAge?: ReadonlyMap<SlotView, number>): void {
  for (const [key, slot] of slots) {
    if (slots.size < MOST_SETS) return;
    if (slot.isBusy || awaitingAge?.has(slot) === true) continue;
    slot.letGo();
    slots.delete(key);
  }
}

function keyOf({ scopes, audience }: AskedFor): string {
  return JSON.stringify([audience, ...scopes]);
}
