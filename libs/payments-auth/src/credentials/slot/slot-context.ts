import type { Clock } from '../../payments-auth.clock.js';
import type { ConfiguredProvider } from '../../providers/configured-provider.js';
import type { KeyedHash } from '../secrets/keyed-hash.js';
import type { EventSink } from '../payments-auth-event.js';
import type { RenewalGate } from '../renewing/renewal-gate.js';
import type { RenewalQueue } from '../renewing/renewal-queue.js';
import type { TokenIssuer } from '../issuing/token-issuer.js';

/** What the slots of one provider share. */
export interface SlotContext {
  readonly provider: ConfiguredProvider;
  readonly clock: Clock;
  readonly hash: KeyedHash;
  readonly renewals: RenewalQueue;
  readonly gate: RenewalGate;
  /** Absent for a static key: there is nothing to fetch. */
  readonly issuer: TokenIssuer | undefined;
  /** The host of the token endpoint; empty for a static key. */
  readonly issuerHost: string;
  readonly slowestLoginMs: () => number;
  /** Never throws. */
  readonly emit: EventSink;
  /** Aborted when the application shuts down. */
  readonly closing: AbortSignal;
}
