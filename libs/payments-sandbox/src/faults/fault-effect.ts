import type { Exchange } from '../core/exchange.js';
import type { Delivery, Reply } from '../core/reply.js';
import type { Fault } from './fault.js';

/** What a fault needs from the provider that it is planned for. */
export interface FaultTarget {
  readonly tokenFields?: { readonly token: string; readonly expiry?: string };
  refusal(exchange: Exchange): Reply;
  /** The answer to a call that a valid credential does not allow. */
  forbidden(): Reply;
  error(status: number, message: string): Reply;
  rateLimited(retryAfter: string): Reply;
  /** Ends the token that the request carries. */
  endCarriedToken(exchange: Exchange, how: 'expire' | 'revoke'): void;
  /** Rotates the key of the account that the request belongs to. */
  rotateKey(exchange: Exchange): void;
  redirectTarget(to: string, exchange: Exchange): string;
}

/** The effect of a fault on one exchange. Every part is optional. */
export interface FaultEffect {
  /** Runs before the provider looks at the request. */
  readonly prepare?: (exchange: Exchange, target: FaultTarget) => void;
  /** Answers instead of the provider. The provider then does nothing. */
  readonly instead?: (exchange: Exchange, target: FaultTarget) => Reply;
  /** Changes the answer, after the provider has carried out the request. */
  readonly change?: (reply: Reply, exchange: Exchange, target: FaultTarget) => Reply;
  readonly delivery?: Delivery;
}

export type EffectOf<F extends Fault['fault']> = (fault: Extract<Fault, { fault: F }>) => FaultEffect;
