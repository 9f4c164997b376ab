/** The parts of the password of an STK push. */
export interface DarajaPasswordParts {
  /** The paybill or till number. */
  readonly shortCode: string;
  /** The passkey of Lipa na M-Pesa online. */
  readonly passkey: string;
  /** `yyyyMMddHHmmss`: the same text goes into the request's `Timestamp`. */
  readonly timestamp: string;
}

/**
 * The `Password` of an STK push request.
 *
 * @throws TypeError when the timestamp does not have 14 digits, or another part is empty
 * @see https://developer.safaricom.co.ke/apis/MpesaExpressSimulate
 */
export function darajaPassword({ shortCode, passkey, timestamp }: DarajaPasswordParts): string {
  if (!/^\d{14}$/.test(timestamp))
    throw new TypeError('darajaPassword expects a timestamp of 14 digits, yyyyMMddHHmmss.');
  if (!shortCode || !passkey) throw new TypeError('darajaPassword expects a shortCode and a passkey.');
  return Buffer.from(shortCode + passkey + timestamp).toString('base64');
}
