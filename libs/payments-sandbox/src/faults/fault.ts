import type { Envelope } from '../core/refusal-envelope.js';

/** What a token answer holds where the token belongs. */
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

/** Everything that a provider can be told to do wrong. */
export type Fault =
  /** Answers late. */
  | { readonly fault: 'slow'; readonly delayMs: number }
  /** Answers byte by byte. `intervalMs` is the pause between two bytes (default 20). */
  | { readonly fault: 'drip'; readonly intervalMs?: number }
  /** Takes the request and never answers. */
  | { readonly fault: 'hang' }
  /** Drops the connection: before it did anything, after it did what was asked, or in the middle of the answer. */
  | { readonly fault: 'drop'; readonly when?: 'before' | 'after' | 'mid-answer' }
  /** 429 in the provider's words. `retryAfter` goes into the header as it is (default 1); `null` leaves it out. */
  | { readonly fault: 'rate-limit'; readonly retryAfter?: string | number | null }
  /** A 5xx in the provider's envelope (default 503). */
  | { readonly fault: 'server-error'; readonly status?: number; readonly retryAfter?: string | number }
  /** Bytes that claim to be JSON and are not, with status 200. */
  | { readonly fault: 'garbage' }
  /** The HTML page of a firewall (default status 403). */
  | { readonly fault: 'html'; readonly status?: number }
  /** 200 with an outage in it, in the provider's envelope. */
  | { readonly fault: 'error-in-2xx' }
  /** 204, whatever was asked; nothing is done. */
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
  /** The right answer, and then spaces for ever. */
  | { readonly fault: 'endless' }
  /** Refuses the credential without doing anything, however good it is. */
  | { readonly fault: 'refuse'; readonly envelope?: Envelope }
  /** Does what was asked, and then refuses. */
  | { readonly fault: 'execute-then-refuse'; readonly envelope?: Envelope }
  /** The token that a call carries has expired, or has been revoked, the moment it arrives. */
  | { readonly fault: 'expire-token' }
  | { readonly fault: 'revoke-token' }
  /** Says that a good credential may not do this, in the provider's words: no new token helps. */
  | { readonly fault: 'forbid' }
  /** The account's key is rotated when the request arrives, by the provider's own rule for old keys. */
  | { readonly fault: 'rotate-key' }
  /** A token answer with something else in place of the token. */
  | { readonly fault: 'malformed-token'; readonly token: MalformedToken }
  /** A token answer that states `expiry` in place of the real one; `undefined` leaves it out. */
  | { readonly fault: 'absurd-expiry'; readonly expiry?: unknown };

export type FaultName = Fault['fault'];

/** When a fault strikes. */
export interface FaultTrigger {
  /** Which requests: logins, calls, or both. @default what makes sense for the fault */
  readonly on?: 'token' | 'call' | 'any';
  /** How often it strikes before it is over. @default for ever */
  readonly times?: number;
  /** How likely it strikes, from 0 to 1, by the sandbox's seed. @default 1 */
  readonly probability?: number;
  /** Only requests of this account, or of these: logins that claim to be it, calls that carry its credential. @default every one */
  readonly account?: string | readonly string[];
  /** Only requests with this method. @default every one */
  readonly method?: string;
  /** Only requests to this host. @default every one */
  readonly host?: string;
  /** Only requests to a path (below the base URL) that starts so. @default every one */
  readonly path?: string;
}

export type Misbehaviour = Fault & FaultTrigger;
