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

/** What the slots of one provider share. */
export interface SlotContext {
  readonly provider: ConfiguredProvider;
  readonly clock: Clock;
  readonly hash: KeyedHash;
  readonly renewals: RenewalQueue;
  readonly gate: RenewalGate;
  /** Absent for a static key: there is nothing to fetch. */
  readonly issuer: TokenIssuer | undefined;
  /** The host of the token endpoint, which may be the account's own; empty for a static key. */
  readonly issuerHost: (credentials: Credentials) => string;
  readonly slowestLoginMs: () => number;
  /** The age from which on the provider accepts its tokens, in milliseconds. */
  readonly usableAfterMs: number;
  readonly timeBound: TimeBoundHeaders;
  /** Whether it was seen to accept a token that it had refused to the same call before: it may know a new one late. */
  knowsTokensLate: boolean;
  /** Never throws. */
  readonly emit: EventSink;
  /** Of all of them together, those that were let go of included. */
  readonly totals: ProviderTotals;
  /** Aborted when the application shuts down. */
  readonly closing: AbortSignal;
}

/** The account that a slot belongs to. */
export interface SlotOwner extends Owner {
  readonly context: SlotContext;
  readonly secrets: AccountSecrets;
  /** The slot holds nothing worth keeping. */
  abandon(slot: SlotView): void;
  /** A call waits until it may carry the token of the slot, which is not let go of meanwhile. */
  awaitAge(slot: SlotView, accepted: Promise<void>): Promise<void>;
}

/** A slot as its workers and memories see it: they only read it. */
export interface SlotView {
  readonly asked: AskedFor;
  readonly owner: SlotOwner;
  readonly journal: SlotJournal;
  /** What is kept, dead or alive. */
  readonly kept: KeptCredential | undefined;
  /** Whether a login is under way. */
  readonly isBusy: boolean;
  readonly times: SlotTimes;
}

/** How long what goes on with a slot has lasted, and how long it will; in milliseconds. */
export interface SlotTimes {
  /** For how long a login has been under way, and for how long nobody has asked for the credential. */
  readonly busyForMs: number;
  readonly unusedForMs: number;
  /** How long until the next attempt that nobody waits for, while a back-off lasts. */
  readonly backOffMs: number;
  /** For how long no renewal is forced because of refusals. */
  readonly refusalPauseMs: number;
}

/** What may cure a refusal. `undefined`: nothing. */
export type Cure =
  /** The call is sent again with this one. */
  | { readonly by: 'replay'; readonly with: Credential }
  /** Once its token is proven, or so many milliseconds later, the call is sent again as `settle` says of what is current. */
  | { readonly by: 'waiting'; readonly forMs: number; readonly until: AbortSignal; readonly settle: Settle }
  /** One forced renewal for all. Behind: the call itself gets its refusal at once. */
  | { readonly by: 'renewal' | 'renewal-behind'; readonly of: Credential }
  /** The same. Then the call is sent again as `settle` says of what is current. `key`: the id of the key that was refused. */
  | {
      readonly by: 'new-token';
      readonly of: Credential;
      readonly key: string | undefined;
      readonly settle: Settle;
    }
  /** A newer token, if another process of the fleet has one. */
  | { readonly by: 'store' }
  | undefined;

type Settle = (now: KeptCredential) => Cure;
