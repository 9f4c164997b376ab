import type { ConfiguredProvider } from '../../providers/configured-provider.js';
import { headersOf } from '../call-headers.js';
import type { Credential } from '../credential.js';
import type { KeptCredential } from './kept-credential.js';

/**
 * Memory of one provider: whether the headers of its definition change from one time to the next, as a nonce or a
 * timestamp does. They are made once per credential, so such a header is accepted in the first test, and refused later.
 */
export class TimeBoundHeaders {
  /** What is wrong, once that is known. */
  fault: string | undefined = undefined;

  /**
   * A refusal may come of what the definition makes once, and should make for each attempt: its headers are made again.
   * Returns what is wrong, the first time that it is seen.
   */
  examine(
    { definition, environment }: ConfiguredProvider,
    kept: KeptCredential | undefined,
    refused: Credential,
  ): string | undefined {
    if (kept?.credential !== refused || this.fault !== undefined || definition.headers === undefined)
      return undefined;
    let changed: string | undefined;
    try {
      const { headers } = headersOf(definition, kept.secret.credentials, refused.token, environment);
      changed = Object.keys({ ...headers, ...refused.headers }).find(
        (name) => headers[name] !== refused.headers[name],
      );
    } catch {
      return undefined;
    }
    if (changed === undefined) return undefined;
    this.fault = `headers makes another "${changed}" each time, and is asked once per credential. Make what changes, such as a time, a nonce or a JWT, in sign`;
    return this.fault;
  }
}
