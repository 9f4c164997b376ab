import { types } from 'node:util';
import { thrown } from './definition-fault.js';
import { kindOf } from './header-text.js';

/** The application's own signer threw, or returned what is no signature. The definition is right, and the key may be. */
export class SignerFault extends Error {
  override readonly name = 'SignerFault';

  /**
   * @param what what it did, to follow its name; its words may hold a secret
   * @param mayPass whether it may sign the next time: it threw, or took too long
   */
  constructor(
    what: string,
    readonly mayPass: boolean,
    cause?: unknown,
  ) {
    super(what.replace(/\.$/, ''), cause === undefined ? undefined : { cause });
  }
}

/** What the signer of a provider has done, by the option that gives it; its words may hold a secret. */
export function saySigner(provider: string, { message }: SignerFault): string {
  return `the option providers.${provider}.signer ${message}`;
}

/** Asks the application's signer. @throws SignerFault for whatever ends in no bytes */
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
