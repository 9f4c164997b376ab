import type { Exchange } from '../core/exchange.js';
import type { Delivery, Reply } from '../core/reply.js';
import type { Fault } from './fault.js';

/** What a fault needs of the provider it strikes. */
export interface FaultTarget {
  readonly tokenFields?: { readonly token: string; readonly expiry?: string };
  refusal(exchange: Exchange): Reply;
  /** What a good credential is told that may not do this. */
  forbidden(): Reply;
  error(status: number, message: string): Reply;
  rateLimited(retryAfter: string): Reply;
  /** Ends the token that the request carries. */
  endCarriedToken(exchange: Exchange, how: 'expire' | 'revoke'): void;
  /** Rotates the key of the account that the request belongs to. */
  rotateKey(exchange: Exchange): void;
  redirectTarget(to: string, exchange: Exchange): string;
}

/** What a fault does to one exchange; every part is optional. */
export interface FaultEffect {
  /** Before the provider looks at the request. */
  readonly prepare?: (exchange: Exchange, target: FaultTarget) => void;
  /** Answers instead of the provider, which then does nothing. */
  readonly instead?: (exchange: Exchange, target: FaultTarget) => Reply;
  /** Changes the answer, after the provider did what was asked. */
  readonly change?: (reply: Reply, exchange: Exchange, target: FaultTarget) => Reply;
  readonly delivery?: Delivery;
}

export type EffectOf<F extends Fault['fault']> = (fault: Extract<Fault, { fault: F }>) => FaultEffect;
