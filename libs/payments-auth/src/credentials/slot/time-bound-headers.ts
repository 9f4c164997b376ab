import { headersOf } from '../call-headers.js';
import type { Credential } from '../credential.js';
import type { SlotView } from './slot-context.js';

/**
 * Memory of one provider: whether the headers of its definition change from one time to the next, as a nonce or a
 * timestamp does. They are made once per credential, so such a header is accepted in the first test, and refused later.
 */
export class TimeBoundHeaders {
  /** What is wrong, once that is known. */
  fault: string | undefined = undefined;

  /** A refusal may come of what the definition makes once, and should make for each attempt: its headers are made again. */
  examine({ kept, owner, journal }: SlotView, refused: Credential): void {
    const { definition, environment } = owner.context.provider;
    if (kept?.credential !== refused || this.fault !== undefined || definition.headers === undefined) return;
    let changed: string | undefined;
    try {
      const { headers } = headersOf(definition, kept.secret.credentials, refused.token, environment);
      changed = Object.keys({ ...headers, ...refused.headers }).find(
        (name) => headers[name] !== refused.headers[name],
      );
    } catch {
      return;
    }
    if (changed === undefined) return;
    this.fault = `headers makes another "${changed}" each time, and is asked once per credential. What changes, such as a time, a nonce or a JWT, belongs into sign`;
    journal.emit({ type: 'definition-fault', credential: refused.id, reason: this.fault });
  }
}
