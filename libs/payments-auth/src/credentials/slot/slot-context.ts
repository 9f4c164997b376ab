import type { Clock } from '../../payments-auth.clock.js';
import type { ConfiguredProvider } from '../../providers/configured-provider.js';
import type { Credentials } from '../../strategies/strategy.js';
import type { TimeBoundHeaders } from '../call-headers.js';
import type { Owner } from '../credential-errors.js';
import type { Credential } from '../credential.js';
import type { AskedFor, TokenIssuer } from '../issuing/token-issuer.js';
import type { EventSink } from '../payments-auth-event.js';
import type { RenewalGate } from '../renewing/renewal-gate.js';
import type { RenewalQueue } from '../renewing/renewal-queue.js';
import type { AccountSecrets } from '../secrets/account-secrets.js';
import type { KeyedHash } from '../secrets/keyed-hash.js';
import type { KeptCredential } from './kept-credential.js';
import type { ProviderTotals, SlotJournal } from './slot-journal.js';

/** The parts that the slots of one provider share. */
export interface SlotContext {
  readonly provider: ConfiguredProvider;
  readonly clock: Clock;
  readonly hash: KeyedHash;
  readonly renewals: RenewalQueue;
  readonly gate: RenewalGate;
  /** `undefined` for a static key, which is not fetched. */
  readonly issuer: TokenIssuer | undefined;
  /** The host of the token endpoint, which may be the account's own; empty for a static key. */
  readonly issuerHost: (credentials: Credentials) => string;
  readonly slowestLoginMs: () => number;
  /** The age from which on the provider accepts its tokens, in milliseconds. */
  readonly usableAfterMs: number;
  readonly timeBound: TimeBoundHeaders;
  /**
   * Whether the provider has accepted a token that it had refused before in the same call: it may know a new token
   * late.
   */
  knowsTokensLate: boolean;
  /** Never throws. */
  readonly emit: EventSink;
  /** The counts of all slots together, including those that were dropped. */
  readonly totals: ProviderTotals;
  /** Aborted when the application shuts down. */
  readonly closing: AbortSignal;
}

/** The account that a slot belongs to. */
export interface SlotOwner extends Owner {
  readonly context: SlotContext;
  readonly secrets: AccountSecrets;
  /** The slot is empty, and can be dropped. */
  abandon(slot: SlotView): void;
  /** A call waits until it may carry the token of the slot. The slot is not dropped meanwhile. */
  awaitAge(slot: SlotView, accepted: Promise<void>): Promise<void>;
}

/** The parts of a slot that its workers and memories may read. */
export interface SlotView {
  readonly asked: AskedFor;
  readonly owner: SlotOwner;
  readonly journal: SlotJournal;
  /** The credential that is kept, dead or alive. */
  readonly kept: KeptCredential | undefined;
  /** Whether a login is under way. */
  readonly isBusy: boolean;
  readonly times: SlotTimes;
}

/** How long a slot has been in its state, and how long its pauses still last, in milliseconds. */
export interface SlotTimes {
  /** For how long a login has been under way, and for how long no call has needed the credential. */
  readonly busyForMs: number;
  readonly unusedForMs: number;
  /** How long until the next background attempt, during a back-off. */
  readonly backOffMs: number;
  /** For how long no renewal is forced because of refusals. */
  readonly refusalPauseMs: number;
}

/** What may help after a refusal. `undefined`: nothing helps. */
export type Cure =
  /** The call is sent again with this credential. */
  | { readonly by: 'replay'; readonly with: Credential }
  /**
   * The call waits until its token is proven, or for this many milliseconds. Then `settle` decides about the current
   * credential.
   */
  | { readonly by: 'waiting'; readonly forMs: number; readonly until: AbortSignal; readonly settle: Settle }
  /** One renewal is forced for all calls. With `renewal-behind`, the call itself gets its refusal at once. */
  | { readonly by: 'renewal' | 'renewal-behind'; readonly of: Credential }
  /**
   * One renewal is forced for all calls. Then `settle` decides about the current credential. `key`: the id of the
   * refused key.
   */
  | {
      readonly by: 'new-token';
      readonly of: Credential;
      readonly key: string | undefined;
      readonly settle: Settle;
    }
  /** The call is sent again with a newer token, if another process of the fleet has one. */
  | { readonly by: 'store' }
  | undefined;

type Settle = (now: KeptCredential) => Cure;
