import type { CallTarget } from '../credentials/credential-spender.js';
import type { Credential } from '../credentials/credential.js';

/** A call whose body is about to be signed. */
export interface CallToSign extends CallTarget {
  /** The merchant account the call names; absent for the provider's own. */
  readonly account?: string;
  /** As the call declares it; signers of JSON look at nothing else. */
  readonly contentType: string;
  /** What this attempt authenticates with: on a replay another one than on the first attempt. */
  readonly credential: Credential;
}

/**
 * Puts a proof of who sent it into a body, such as ClickPesa's `checksum`. Called for each attempt, always with the
 * bytes the caller's transforms made, so that a replay is signed afresh and never twice. Returns the body to send.
 */
export type BodySigner = (body: string, call: CallToSign) => string | Promise<string>;
