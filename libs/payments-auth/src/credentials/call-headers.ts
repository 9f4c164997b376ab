import { hasAccountHosts } from '../providers/account-hosts.js';
import type { ProviderDefinition } from '../providers/provider-definition.js';
import { plainCause, told } from '../scrubbing.js';
import { called, DefinitionFault } from '../strategies/definition-fault.js';
import { sendableHeaders } from '../strategies/header-values.js';
import { watchedCredentials } from '../strategies/watched-credentials.js';
import { ownCopy } from '../own-properties.js';
import type { Credentials } from '../strategies/strategy.js';
import type { Credential, CredentialParts } from './credential.js';
import { UnusableCredentialsError } from './credential-errors.js';

/**
 * The headers that a credential puts on calls, made once when it is obtained. A value that is absent or empty is left
 * out; one that cannot be sent stops the credential from being used at all (R5).
 *
 * @throws {UnusableCredentialsError} when there is none
 * @throws {DefinitionFault} when the definition's function throws, or makes one that cannot be sent; no secret is in it
 */
export function headersOf(
  definition: ProviderDefinition,
  credentials: Credentials,
  token: string,
  environment?: string,
): Pick<CredentialParts, 'headers' | 'signing'> {
  const headers = madeOf(definition, credentials, token, environment);
  if (Object.keys(headers).length === 0 && definition.tls === undefined && definition.sign === undefined)
    throw new UnusableCredentialsError('headers in the definition makes no header of them');
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

/** What is empty is left out. An error of a definition's function may contain the secrets that the function was given. */
function madeOf(
  definition: ProviderDefinition,
  credentials: Credentials,
  token: string,
  environment: string | undefined,
): Readonly<Record<string, string>> {
  const { view } = watchedCredentials(definition, credentials);
  const parts = ownCopy({
    credentials: view,
    token,
    ...(environment === undefined ? {} : { environment }),
  });
  try {
    const made = sendableHeaders(
      called('headers', () => definition.headers?.(parts), parts),
      'headers',
      parts,
    );
    return Object.freeze(Object.fromEntries(Object.entries(made).filter(([, value]) => value !== '')));
  } catch (error) {
    if (!(error instanceof DefinitionFault)) throw error;
    const secrets = [token, ...Object.values(credentials).flat()];
    throw new DefinitionFault(error.path, told(error.what, secrets), plainCause(error.cause, secrets));
  }
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
