import { hasAccountHosts } from '../providers/account-hosts.js';
import type { HeaderParts, HeaderValues, ProviderDefinition } from '../providers/provider-definition.js';
import { plainCause, told } from '../scrubbing.js';
import { called, DefinitionFault } from '../strategies/definition-fault.js';
import { isHeaderText } from '../strategies/header-text.js';
import { ownCopy } from '../own-properties.js';
import type { Credentials } from '../strategies/strategy.js';
import type { Credential, CredentialParts } from './credential.js';
import { UnusableCredentialsError } from './credential-errors.js';

/** What a template leaves behind when it was filled from a field that is not there: `Bearer undefined`. */
const UNFILLED = /(?:^|[\s:,])(?:undefined|null|NaN|\[object \w+\])$/;

/**
 * The headers that a credential puts on calls, made once when it is obtained. A value that is absent or empty is left
 * out; one that cannot be sent stops the credential from being used at all (R5).
 *
 * @throws {UnusableCredentialsError} naming the header
 * @throws {DefinitionFault} when the definition's function throws; no secret is in it
 */
export function headersOf(
  definition: ProviderDefinition,
  credentials: Credentials,
  token: string,
  environment?: string,
): Pick<CredentialParts, 'headers' | 'signing'> {
  const parts = ownCopy({ credentials, token, ...(environment === undefined ? {} : { environment }) });
  const headers = sendable(madeOf(definition, parts));
  if (Object.keys(headers).length === 0 && definition.tls === undefined && definition.sign === undefined)
    throw new UnusableCredentialsError('the definition makes no header of them');
  return ownCopy({
    headers,
    ...(needsCredentials(definition) && { signing: credentials }),
  });
}

/** Whether attempts are made of more than the headers of a credential. */
function needsCredentials(definition: ProviderDefinition): boolean {
  const parts = ['sign', 'defaultHeaders', 'tls'] as const;
  return parts.some((part) => definition[part] !== undefined) || hasAccountHosts(definition);
}

/** An error thrown by a definition's function may contain the secrets that the function was given. */
function madeOf(definition: ProviderDefinition, parts: HeaderParts): HeaderValues {
  try {
    return called('headers', () => definition.headers?.(parts)) ?? {};
  } catch (error) {
    if (!(error instanceof DefinitionFault)) throw error;
    const secrets = [parts.token, ...Object.values(parts.credentials).flat()];
    throw new DefinitionFault(error.path, told(error.what, secrets), plainCause(error.cause, secrets));
  }
}

function sendable(values: HeaderValues): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null || value === '') continue;
    if (!isHeaderText(value) || UNFILLED.test(value))
      throw new UnusableCredentialsError(`the value of header "${name}" cannot be sent`);
    headers[name] = value;
  }
  return Object.freeze(headers);
}

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
    { definition, environment }: { readonly definition: ProviderDefinition; readonly environment?: string },
    kept:
      { readonly credential: Credential; readonly secret: { readonly credentials: Credentials } } | undefined,
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
