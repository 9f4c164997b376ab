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

/** What the accounts of one provider have in common. */
export interface AccountHome {
  readonly context: SlotContext;
  readonly source: SecretSource;
  /** Called when the account has no slot any more. */
  isEmpty(account: Account): void;
  /** What goes on failing while a slot is let go of, if anything does: somebody may still ask why. */
  remember(account: string, history: SlotHistory | undefined): void;
}

/**
 * One account of a provider: its static credentials, and a slot for each set of scopes, and each audience,
 * that calls have asked for.
 * No other account ever sees anything of it.
 */
export class Account implements SlotOwner, Recent<Account> {
  older: Account | undefined = undefined;
  newer: Account | undefined = undefined;
  readonly account: string | undefined;
  readonly secrets: AccountSecrets;
  readonly #home: AccountHome;
  /** The slot of the provider's default scopes and audience: the only one that most accounts ever have. */
  #slot: CredentialSlot | undefined = undefined;
  #otherSlots: Map<string, CredentialSlot> | undefined = undefined;
  /** How many calls wait until they may carry the token of a slot. Made when the first one does, to save memory. */
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
    // The first one in a map is the one that was put there first: here, the one that was used least recently.
    others.set(key, slot);
    return slot;
  }

  /** The account authenticates with what its source says now; what is remembered of the secrets before is forgotten. */
  async rotated(): Promise<void> {
    this.secrets.forget();
    await Promise.all(this.slots.map((slot) => slot.rotated()));
  }

  /** Ends the account and its slots: it is no longer kept. */
  letGo(): void {
    for (const slot of this.slots) slot.letGo();
    // One that was rotated before anybody used it has no slot that could say so.
    this.#home.isEmpty(this);
  }

  /** The provider's own account stays, with what was counted of it: there is one of it, and not thousands. */
  abandon(slot: CredentialSlot): void {
    if (this.account === undefined) return;
    const { history } = slot.journal;
    this.#home.remember(this.account, history?.isOpen === true ? history : undefined);
    if (slot === this.#slot) this.#slot = undefined;
    else this.#otherSlots?.delete(keyOf(slot.asked));
    if (this.#slot === undefined && (this.#otherSlots?.size ?? 0) === 0) this.#home.isEmpty(this);
  }
}

/** Lets go of those that were used least recently, unless they fetch a token now, or calls wait for the age of theirs. */
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
