import type { AxiosResponse } from 'axios';
import type { RefusalDefinition } from '../providers/provider-definition.js';
import { called, type DefinitionFault } from '../strategies/definition-fault.js';
import type { ApiAnswer } from '../strategies/strategy.js';

/** The meaning of an answer for the credential of the call. */
export type Verdict =
  /** The answer says nothing against the credential. */
  | { readonly kind: 'accepted' }
  /**
   * The credential was refused. `own` is true where the provider said so in its own words, and false for a bare 401
   * or 403, which may come from a gateway.
   */
  | { readonly kind: 'refused'; readonly own: boolean }
  /** The provider wants a new signature, and no other credential. */
  | { readonly kind: 'challenged' }
  /** The provider refused the call for a reason that no other credential changes (R13). */
  | { readonly kind: 'incurable'; readonly scope?: { required: readonly string[]; held: readonly string[] } };

const ACCEPTED: Verdict = Object.freeze({ kind: 'accepted' });

/** Whether an answer has to be read. A success is read only where the provider refuses with a 2xx too. */
export function mayRefuse(definition: RefusalDefinition | undefined, status: number): boolean {
  return status < 200 || status >= 300 || definition?.alsoOnSuccess === true;
}

/** @param read the part of the answer's body that was read */
export function answerOf(response: AxiosResponse, read: Pick<ApiAnswer, 'body' | 'text'>): ApiAnswer {
  return { status: response.status, headers: namesInLowerCase(response.headers), ...read };
}

/**
 * @param onFault is called when a predicate throws: the predicate has not recognised the answer, and operators should
 * know
 */
export function judge(
  definition: RefusalDefinition | undefined,
  answer: ApiAnswer,
  onFault: (fault: DefinitionFault) => void,
): Verdict {
  const ask = <T>(name: string, predicate: () => T): T | undefined => {
    try {
      return called(`refusal.${name}`, predicate);
    } catch (error) {
      onFault(error as DefinitionFault);
      return undefined;
    }
  };
  const scope = ask('scope', () => definition?.scope?.(answer));
  if (scope) return { kind: 'incurable', scope };
  if (ask('incurable', () => definition?.incurable?.(answer))) return { kind: 'incurable' };
  if (ask('challenged', () => definition?.challenged?.(answer))) return { kind: 'challenged' };
  if (ask('refused', () => definition?.refused(answer))) return { kind: 'refused', own: true };
  return isBareRefusal(answer) ? { kind: 'refused', own: false } : ACCEPTED;
}

/**
 * A 401 says that authentication failed, whether the provider sends it or a gateway. A 403 says so only when it has
 * no JSON. A 403 with JSON is the provider's answer to the request, and the definition would recognise it if it were
 * about the credential.
 */
function isBareRefusal({ status, body }: ApiAnswer): boolean {
  return status === 401 || (status === 403 && body === undefined);
}

function namesInLowerCase(headers: AxiosResponse['headers'] | undefined): Record<string, string> {
  const lower = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(headers ?? {})) lower[name.toLowerCase()] = String(value);
  return lower;
}
