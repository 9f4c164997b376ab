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
    return withoutEmpty(made);
  } catch (error) {
    if (!(error instanceof DefinitionFault)) throw error;
    const secrets = [token, ...Object.values(credentials).flat()];
    throw new DefinitionFault(error.path, told(error.what, secrets), plainCause(error.cause, secrets));
  }
}

const NONE: Credentials = Object.freeze({});

/** They are made once per credential, like its headers. */
const defaults = new WeakMap<Credential, Readonly<Record<string, string>>>();

/**
 * The headers that the definition puts on calls that have none of their own of that name.
 *
 * @throws {DefinitionFault} when the definition's function throws, or makes one that cannot be sent; a secret may be in it
 */
export function defaultHeadersOf(
  provider: Described,
  credential: Credential,
): Readonly<Record<string, string>> {
  let made = defaults.get(credential);
  if (made === undefined) {
    made = defaultsMadeOf(provider, credential.signing ?? NONE);
    defaults.set(credential, made);
  }
  return made;
}

interface Described {
  readonly definition: ProviderDefinition;
  readonly environment?: string;
}

function defaultsMadeOf(
  { definition, environment }: Described,
  credentials: Credentials,
): Readonly<Record<string, string>> {
  const { view } = watchedCredentials(definition, credentials);
  const given = ownCopy({ credentials: view, ...(environment === undefined ? {} : { environment }) });
  const values = called('defaultHeaders', () => definition.defaultHeaders?.(given), given);
  return withoutEmpty(sendableHeaders(values, 'defaultHeaders', given));
}

function withoutEmpty(made: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.freeze(Object.fromEntries(Object.entries(made).filter(([, value]) => value !== '')));
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
    provider: Described,
    kept:
      { readonly credential: Credential; readonly secret: { readonly credentials: Credentials } } | undefined,
    refused: Credential,
  ): string | undefined {
    if (kept?.credential !== refused || this.fault !== undefined) return undefined;
    const { definition, environment } = provider;
    const { credentials } = kept.secret;
    const again = {
      headers: [
        refused.headers,
        () => headersOf(definition, credentials, refused.token, environment).headers,
      ],
      defaultHeaders: [defaults.get(refused), () => defaultsMadeOf(provider, refused.signing ?? NONE)],
    } as const;
    for (const [path, [sent, make]] of Object.entries(again)) {
      const changed = definition[path as keyof typeof again] && sent && otherThan(sent, make);
      if (changed === undefined) continue;
      this.fault = `${path} makes another "${changed}" each time, and is asked once per credential. Make what changes, such as a time, a nonce or a JWT, in sign`;
      return this.fault;
    }
    return undefined;
  }
}

/** The name of a header that is not what was sent when it is made again. */
function otherThan(
  sent: Readonly<Record<string, string>>,
  make: () => Readonly<Record<string, string>>,
): string | undefined {
  try {
    const made = make();
    return Object.keys({ ...made, ...sent }).find((name) => made[name] !== sent[name]);
  } catch {
    return undefined;
  }
}
