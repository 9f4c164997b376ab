import type { AxiosResponse } from 'axios';
import type { Observable } from 'rxjs';

/** What the demo does with each provider: it only makes calls. No line of it is about authentication. */
export interface PaymentAction {
  readonly provider: string;
  /** The merchant it is done for; absent for the provider's own account. */
  readonly account?: string;
  /** How the provider authenticates, in words for the table. */
  readonly scheme: string;
  /** A payment-like call. `reference` is unique, and says the same payment when it is repeated. */
  pay(reference: string): Observable<AxiosResponse<unknown>>;
  /** A reading call. */
  read(): Observable<AxiosResponse<unknown>>;
  /** Whether {@link read} is a call that can be made against a real account: it needs no id and changes nothing. */
  readonly readIsHarmless: boolean;
}

/** How the demo names a credential: `wakapay`, or `wakapay/shop-1`. */
export function keyOf(owner: { readonly provider: string; readonly account?: string }): string {
  return owner.account === undefined ? owner.provider : `${owner.provider}/${owner.account}`;
}
