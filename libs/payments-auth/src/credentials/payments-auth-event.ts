/** Why a credential was asked for. */
export type AcquireReason =
  /** There was none yet. */
  | 'first'
  /** The one there was had died. */
  | 'expired'
  /** Ahead of expiry, while the old one still served. */
  | 'early'
  /** The provider refused the one a call carried. */
  | 'refused'
  /** The application called `refresh()`. */
  | 'requested'
  /** The static credentials changed. */
  | 'rotated';

interface EventBase {
  /** The name the provider is registered under. */
  readonly provider: string;
  readonly account?: string;
  readonly scopes?: readonly string[];
  /**
   * The credential it is about: 8 hex digits of a keyed hash, never the credential. A token or a key that calls carry;
   * where there is none yet, the static credentials that one is asked for with.
   */
  readonly credential?: string;
  /** Wall clock, in milliseconds since the epoch. */
  readonly atMs: number;
}

/** Everything that happens to credentials, for operators. No event ever carries a secret. */
export type PaymentsAuthEvent = EventBase &
  (
    | { readonly type: 'credential-requested'; readonly reason: AcquireReason }
    | {
        readonly type: 'credential-obtained';
        readonly reason: AcquireReason;
        /** From the decision to ask until the credential was there, retries included. */
        readonly durationMs: number;
        readonly expiresAtMs?: number;
        /** Whether it was asked of the provider, or taken over from another process through the store. */
        readonly from: 'provider' | 'store';
      }
    | { readonly type: 'credential-renewed-early'; readonly durationMs: number; readonly aheadMs: number }
    /** A renewal failed while the old credential still serves: no call has failed yet. */
    | {
        readonly type: 'renewal-failed';
        readonly reason: string;
        readonly retryAfterMs?: number;
        readonly expiresAtMs?: number;
      }
    /** No credential can be had, and callers are getting errors. */
    | { readonly type: 'credential-unavailable'; readonly reason: string; readonly retryAfterMs?: number }
    | { readonly type: 'call-refused'; readonly status: number; readonly own: boolean }
    | {
        readonly type: 'call-replayed';
        readonly firstStatus: number;
        /** Absent when no answer came: nobody here knows whether the replay was executed. */
        readonly status?: number;
        readonly refusedAgain: boolean;
      }
    | { readonly type: 'call-waited'; readonly durationMs: number }
    /** Calls have been waiting for 3 s. `reason` says for what, what failed last, and when the next attempt is made. */
    | { readonly type: 'calls-waiting'; readonly host?: string; readonly reason: string }
    | { readonly type: 'credentials-rejected'; readonly reason: string; readonly retryAfterMs: number }
    /** The refresh token of one account is wrong: its merchant has to connect again. */
    | { readonly type: 'grant-rejected'; readonly reason: string; readonly retryAfterMs: number }
    /**
     * A function of the definition threw, an answer is none that the definition knows, or what it makes once changes each
     * time. Waiting does not help.
     */
    | { readonly type: 'definition-fault'; readonly reason: string; readonly retryAfterMs?: number }
    /** A call could not be signed, and was not sent: the definition's `sign`, or the application's signer, failed. */
    | { readonly type: 'signing-failed'; readonly reason: string }
    /**
     * A call was not sent because of how the application makes it. `code` is that of the error: a place where the credential
     * does not belong, an account that is not there, a slip in `paymentsAuth`.
     */
    | { readonly type: 'call-unsent'; readonly code: string; readonly reason: string }
    /**
     * What took the place of a refresh token could not be saved. It is kept here, served, and saved again and again. Of a
     * provider whose refresh tokens are said to stay as they are: another one came, and nobody saves it.
     */
    | { readonly type: 'refresh-token-unsaved' }
    /** A process died while it spent a refresh token, or the answer was lost. It is spent once more. */
    | { readonly type: 'refresh-token-in-doubt' }
    /** The client certificate ends within 14 days, or has ended. Told once a day, as long as it is in use. */
    | { readonly type: 'certificate-ends'; readonly endsAtMs: number; readonly reason: string }
    /**
     * The keys that a provider publishes for its webhooks could not be fetched, or the function for its secrets failed, and
     * there are no earlier ones: messages are answered 503. Told once an attempt, of which there are few.
     */
    | { readonly type: 'webhook-keys-unavailable'; readonly host?: string; readonly reason: string }
    /** They could not be fetched again, and those of the last fetch are used until then. */
    | {
        readonly type: 'webhook-keys-outdated';
        readonly host: string;
        readonly reason: string;
        readonly usableUntilMs: number;
      }
    | { readonly type: 'credential-revoked' }
    | { readonly type: 'credentials-rotated' }
    /** Refusals go on after a forced renewal: for so long they go straight to their callers, unless many come in a row (R11). */
    | { readonly type: 'renewals-paused'; readonly durationMs: number }
    /** A young credential was refused and a new one cured it: somebody else's login ended it. */
    | { readonly type: 'credential-contested'; readonly ageMs: number }
    | { readonly type: 'rate-limited'; readonly retryAfterMs: number }
    | { readonly type: 'store-lost'; readonly reason: string }
    | { readonly type: 'store-back' }
    /** Each attempt at the token endpoint, retries included. */
    | {
        readonly type: 'token-request';
        readonly reason: AcquireReason;
        readonly outcome: 'issued' | 'rejected' | 'unavailable';
        /** Whether a call, or the application, has asked for it; otherwise it is a renewal that nobody waited for. */
        readonly awaited: boolean;
        readonly durationMs: number;
        readonly status?: number;
        readonly error?: string;
        readonly host: string;
      }
  );

/** Receives events. An implementation must not throw. */
export type EventSink = (event: PaymentsAuthEvent) => void;
