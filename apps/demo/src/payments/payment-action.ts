import type { AxiosResponse } from 'axios';
import type { Observable } from 'rxjs';

/** The calls that the demo makes with each provider. No line of them is about authentication. */
export interface PaymentAction {
  readonly provider: string;
  /** The merchant of the calls. Absent for the provider's own account. */
  readonly account?: string;
  /** The kind of the provider's authentication, in words for the table. */
  readonly scheme: string;
  /** A call like a payment. `reference` is unique, and the same reference means the same payment. */
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
