/**
 * How much a genuine message proves.
 *
 * - `payload`: the provider wrote everything in `payload`.
 * - `values`: the provider wrote these values in this order. Unsigned parts are left out of `payload`. Where one
 *   value ends and the next begins, the signature may not say which value a character belongs to.
 * - `sender`: the sender knows a secret, or the provider signed something else than the payload. An attacker who has
 *   seen one message can write another one, with any payload.
 * - `nothing`: the message is not signed. Anybody can have sent it.
 */
export type WebhookProof = 'payload' | 'values' | 'sender' | 'nothing';

/** From the weakest to the strongest. */
const PROOFS: readonly WebhookProof[] = ['nothing', 'sender', 'values', 'payload'];

export function isProof(value: unknown): value is WebhookProof {
  return PROOFS.includes(value as WebhookProof);
}

/** Whether a proof is enough for `wanted`. */
export function provesEnough(proof: WebhookProof, wanted: WebhookProof): boolean {
  return isProof(proof) && isProof(wanted) && PROOFS.indexOf(proof) >= PROOFS.indexOf(wanted);
}
