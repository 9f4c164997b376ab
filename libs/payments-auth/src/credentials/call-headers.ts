import { hasAccountHosts } from '../providers/account-hosts.js';
import type { HeaderParts, HeaderValues, ProviderDefinition } from '../providers/provider-definition.js';
import { plainCause, told } from '../scrubbing.js';
import { called, DefinitionFault } from '../strategies/definition-fault.js';
import { isHeaderText } from '../strategies/header-text.js';
import { ownCopy } from '../own-properties.js';
import type { Credentials } from '../strategies/strategy.js';
import type { CredentialParts } from './credential.js';
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

/** What a definition's function throws may hold whatever it was given. */
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
