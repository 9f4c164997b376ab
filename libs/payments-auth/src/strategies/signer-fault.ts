import { types } from 'node:util';
import { thrown } from './definition-fault.js';
import { kindOf } from './header-text.js';

/**
 * The application's own signer threw, or returned a value that is not a signature. The definition is right, and the key
 * may be right.
 */
export class SignerFault extends Error {
  override readonly name = 'SignerFault';

  /**
   * @param what what the signer did, as the end of a sentence. The text may contain a secret
   * @param mayPass whether the signer may succeed the next time: it threw, or took too long
   */
  constructor(
    what: string,
    readonly mayPass: boolean,
    cause?: unknown,
  ) {
    super(what.replace(/\.$/, ''), cause === undefined ? undefined : { cause });
  }
}

/** A text about the failure of a provider's signer, with the path of its option. The text may contain a secret. */
export function saySigner(provider: string, { message }: SignerFault): string {
  return `the option providers.${provider}.signer ${message}`;
}

/** Asks the application's signer. @throws SignerFault when the signer does not return bytes */
export async function signedBy(ask: () => unknown): Promise<Uint8Array> {
  let signature: unknown;
  try {
    signature = await ask();
  } catch (error) {
    throw new SignerFault(thrown(error), true, error);
  }
  if (types.isUint8Array(signature)) return signature;
  throw new SignerFault(`returned ${kindOf(signature)}; expected bytes, as a Uint8Array or a Buffer`, false);
}
