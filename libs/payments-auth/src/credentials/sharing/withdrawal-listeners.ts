import type { Clock } from '../../payments-auth.clock.js';
import type { IssuedToken } from '../issuing/token-issuer.js';
import type { Withdrawal } from './token-store.js';

interface Entry {
  readonly version: number;
  readonly endsAtMs: number;
  readonly tell: () => void;
}

/** Who is to be told when a token is withdrawn, for as long as the token lives. */
export class WithdrawalListeners {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  #sweepAtSize = 1_024;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `tell` takes the place of whoever was to be told of the credential with this hash before. */
  add(hash: string, issued: IssuedToken, tell: ((token: string) => void) | undefined): void {
    if (tell === undefined) return;
    this.#entries.set(hash, {
      version: issued.version ?? 0,
      endsAtMs: issued.askedAtMonotonicMs + issued.lifetime.lifetimeMs,
      tell: () => tell(issued.token),
    });
    this.#sweep();
  }

  /** Nobody is to be told of this one any more. */
  remove(hash: string): void {
    this.#entries.delete(hash);
  }

  withdrawn({ hash, version }: Withdrawal): void {
    const entry = this.#entries.get(hash);
    // One that was obtained after the withdrawal is not meant.
    if (entry === undefined || entry.version > version) return;
    this.#entries.delete(hash);
    entry.tell();
  }

  /** Forgets tokens that are dead; amortised over as many new ones. */
  #sweep(): void {
    if (this.#entries.size < this.#sweepAtSize) return;
    const nowMs = this.#clock.monotonic();
    for (const [hash, { endsAtMs }] of this.#entries) {
      if (endsAtMs <= nowMs) this.#entries.delete(hash);
    }
    this.#sweepAtSize = Math.max(1_024, 2 * this.#entries.size);
  }
}
