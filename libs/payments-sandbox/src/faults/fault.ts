import type { Envelope } from '../core/refusal-envelope.js';

/** The values that a token answer can hold in place of a token. */
export type MalformedToken =
  | 'missing'
  | 'null'
  | 'empty'
  | 'number'
  | 'object'
  | 'array'
  | 'long'
  | 'line-break'
  | 'control-character'
  | 'not-ascii';

/** All faults that can be planned for a provider. */
export type Fault =
  /** The answer comes late. */
  | { readonly fault: 'slow'; readonly delayMs: number }
  /** The answer comes byte by byte. `intervalMs` is the pause between two bytes (default 20). */
  | { readonly fault: 'drip'; readonly intervalMs?: number }
  /** The request is read, and gets no answer. */
  | { readonly fault: 'hang' }
  /** Drops the connection: before the provider does anything, after it has carried out the request, or in the middle of the answer. */
  | { readonly fault: 'drop'; readonly when?: 'before' | 'after' | 'mid-answer' }
  /** 429 in the provider's words. `retryAfter` is the value of the header (default 1). `null` leaves the header out. */
  | { readonly fault: 'rate-limit'; readonly retryAfter?: string | number | null }
  /** A 5xx in the provider's envelope (default 503). */
  | { readonly fault: 'server-error'; readonly status?: number; readonly retryAfter?: string | number }
  /** Bytes that are not JSON, with the content type of JSON and status 200. */
  | { readonly fault: 'garbage' }
  /** The HTML page of a firewall (default status 403). */
  | { readonly fault: 'html'; readonly status?: number }
  /** Status 200, with an error about an outage in the provider's envelope. */
  | { readonly fault: 'error-in-2xx' }
  /** 204 for every request. The provider does nothing. */
  | { readonly fault: 'no-content' }
  /** The right answer with another content type (default `text/plain`). */
  | { readonly fault: 'wrong-content-type'; readonly contentType?: string }
  /**
   * A redirect (default 302) to the same origin, to another port, to another host name, or to a URL. The other
   * port and host belong to the sandbox, which notes what arrives there.
   */
  | {
      readonly fault: 'redirect';
      readonly status?: 301 | 302 | 303 | 307 | 308;
      readonly to?: 'same-origin' | 'other-port' | 'other-host' | (string & {});
    }
  /** The right answer, padded to `bytes` (default 8 MiB). */
  | { readonly fault: 'huge'; readonly bytes?: number }
  /** The right answer, and then spaces without an end. */
  | { readonly fault: 'endless' }
  /** Refuses a valid credential. The provider does nothing else. */
  | { readonly fault: 'refuse'; readonly envelope?: Envelope }
  /** Carries the request out, and then refuses its credential. */
  | { readonly fault: 'execute-then-refuse'; readonly envelope?: Envelope }
  /** The token that a call carries has expired, or has been revoked, the moment it arrives. */
  | { readonly fault: 'expire-token' }
  | { readonly fault: 'revoke-token' }
  /** Says in the provider's words that the call is not allowed with this credential. A new token does not help. */
  | { readonly fault: 'forbid' }
  /** Rotates the account's key when the request arrives. The old key then stays valid as long as the provider documents. */
  | { readonly fault: 'rotate-key' }
  /** A token answer with something else in place of the token. */
  | { readonly fault: 'malformed-token'; readonly token: MalformedToken }
  /** A token answer that states `expiry` in place of the real one; `undefined` leaves it out. */
  | { readonly fault: 'absurd-expiry'; readonly expiry?: unknown };

export type FaultName = Fault['fault'];

/** When a fault applies. */
export interface FaultTrigger {
  /** Whether it applies to logins, calls, or both. @default depends on the fault */
  readonly on?: 'token' | 'call' | 'any';
  /** How often it applies before it ends. @default without an end */
  readonly times?: number;
  /** The probability that it applies, from 0 to 1. The sandbox's seed decides. @default 1 */
  readonly probability?: number;
  /** Only requests of this account, or of these accounts: logins that name it, and calls that carry its credential. @default all */
  readonly account?: string | readonly string[];
  /** Only requests with this method. @default all */
  readonly method?: string;
  /** Only requests to this host. @default all */
  readonly host?: string;
  /** Only requests whose path (after the base URL) starts with this. @default all */
  readonly path?: string;
}

export type Misbehaviour = Fault & FaultTrigger;
