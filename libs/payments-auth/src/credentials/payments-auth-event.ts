/** The reason for which a credential was asked for. */
export type AcquireReason =
  /** There was no credential yet. */
  | 'first'
  /** The earlier credential had ended. */
  | 'expired'
  /** Before its end, while the old credential still served. */
  | 'early'
  /** The provider refused the credential of a call. */
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
   * The id of the credential: 8 hex digits of a keyed hash, never the credential itself. It names the token or key that
   * calls carry. Where there is none yet, it names the static credentials of the login.
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
        /** From the beginning of the login until the credential was there, retries included. */
        readonly durationMs: number;
        readonly expiresAtMs?: number;
        /** Whether it came from the provider, or from another process through the store. */
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
    /** There is no usable credential, and callers get errors. */
    | { readonly type: 'credential-unavailable'; readonly reason: string; readonly retryAfterMs?: number }
    | { readonly type: 'call-refused'; readonly status: number; readonly own: boolean }
    | {
        readonly type: 'call-replayed';
        readonly firstStatus: number;
        /** Absent when no answer came. Then it is unknown whether the provider has executed the call. */
        readonly status?: number;
        readonly refusedAgain: boolean;
      }
    | { readonly type: 'call-waited'; readonly durationMs: number }
    /**
     * Calls have waited for 3 s. `reason` says what they wait for, what failed last, and when the next attempt is made.
     */
    | { readonly type: 'calls-waiting'; readonly host?: string; readonly reason: string }
    | { readonly type: 'credentials-rejected'; readonly reason: string; readonly retryAfterMs: number }
    /** The refresh token of one account is wrong: its merchant has to connect again. */
    | { readonly type: 'grant-rejected'; readonly reason: string; readonly retryAfterMs: number }
    /**
     * A function of the definition threw, the definition does not know an answer, or `headers` returns other values
     * each time. Waiting does not help.
     */
    | { readonly type: 'definition-fault'; readonly reason: string; readonly retryAfterMs?: number }
    /** A call could not be signed, and was not sent: the definition's `sign`, or the application's signer, failed. */
    | { readonly type: 'signing-failed'; readonly reason: string }
    /**
     * A call was not sent because of a mistake in the application's call: an address to which the credential must not
     * go, an account that does not exist, a mistake in `paymentsAuth`. `code` is the code of the error.
     */
    | { readonly type: 'call-unsent'; readonly code: string; readonly reason: string }
    /**
     * A new refresh token could not be saved. This process keeps and uses it, and tries again and again to save it. For
     * a provider with `rotates: false`: a new refresh token came although none was expected, and nothing saves it.
     */
    | { readonly type: 'refresh-token-unsaved' }
    /** A process ended while it used a refresh token, or the answer was lost. The refresh token is used once more. */
    | { readonly type: 'refresh-token-in-doubt' }
    /**
     * The client certificate ends within 14 days, or has ended. Sent once a day, as long as the certificate is in use.
     */
    | { readonly type: 'certificate-ends'; readonly endsAtMs: number; readonly reason: string }
    /**
     * The keys that a provider publishes for its webhooks could not be fetched, or the function for its secrets failed,
     * and there are no earlier keys. So messages are answered with 503. Sent once for each attempt, of which there are
     * few.
     */
    | { readonly type: 'webhook-keys-unavailable'; readonly host?: string; readonly reason: string }
    /** The keys could not be fetched again. The keys of the last fetch are used until `usableUntilMs`. */
    | {
        readonly type: 'webhook-keys-outdated';
        readonly host: string;
        readonly reason: string;
        readonly usableUntilMs: number;
      }
    | { readonly type: 'credential-revoked' }
    | { readonly type: 'credentials-rotated' }
    /**
     * Calls are still refused after a forced renewal. For `durationMs`, refusals go directly to their callers, unless
     * many come in a row (R11).
     */
    | { readonly type: 'renewals-paused'; readonly durationMs: number }
    /** A young credential was refused, and a new one was accepted: another system's login has ended the first one. */
    | { readonly type: 'credential-contested'; readonly ageMs: number }
    | { readonly type: 'rate-limited'; readonly retryAfterMs: number }
    | { readonly type: 'store-lost'; readonly reason: string }
    | { readonly type: 'store-back' }
    /** One request to the token endpoint. Retries are reported too. */
    | {
        readonly type: 'token-request';
        readonly reason: AcquireReason;
        readonly outcome: 'issued' | 'rejected' | 'unavailable';
        /** Whether a call, or the application, has asked for it. Otherwise it is a background renewal. */
        readonly awaited: boolean;
        readonly durationMs: number;
        readonly status?: number;
        readonly error?: string;
        readonly host: string;
      }
  );

/** Receives events. An implementation must not throw. */
export type EventSink = (event: PaymentsAuthEvent) => void;
