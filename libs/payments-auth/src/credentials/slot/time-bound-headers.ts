import type { ConfiguredProvider } from '../../providers/configured-provider.js';
import { headersOf } from '../call-headers.js';
import type { Credential } from '../credential.js';
import type { Secret } from '../secrets/secret-source.js';

/**
 * Memory of one provider: whether the headers of its definition change from one time to the next, as a nonce or a
 * timestamp does. They are made once per credential, so such a header is accepted in the first test, and refused later.
 */
export class TimeBoundHeaders {
  /** What is wrong, once that is known. */
  fault: string | undefined = undefined;

  /** Makes the headers of a refused credential again. Returns what is wrong, the first time that it is seen. */
  examine(
    { definition, environment }: ConfiguredProvider,
    credential: Credential,
    { credentials }: Secret,
  ): string | undefined {
    if (this.fault !== undefined || definition.headers === undefined) return undefined;
    let changed: string | undefined;
    try {
      const { headers } = headersOf(definition, credentials, credential.token, environment);
      changed = Object.keys({ ...headers, ...credential.headers }).find(
        (name) => headers[name] !== credential.headers[name],
      );
    } catch {
      return undefined;
    }
    if (changed === undefined) return undefined;
    this.fault = `headers makes another "${changed}" each time, and is asked once per credential. What changes, such as a time, a nonce or a JWT, belongs into sign`;
    return this.fault;
  }
}
