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
 * The headers of calls with a credential, made once when the credential is obtained. A value that is absent or empty is
 * left out. When a value cannot be sent, the credential is not used at all (R5).
 *
 * @throws {UnusableCredentialsError} when there is no header
 * @throws {DefinitionFault} when the definition's function throws, or returns a header that cannot be sent; the error
 *   contains no secret
 */
export function headersOf(
  definition: ProviderDefinition,
  credentials: Credentials,
  token: string,
  environment?: string,
): Pick<CredentialParts, 'headers' | 'signing'> {
  const headers = madeOf(definition, credentials, token, environment);
  if (Object.keys(headers).length === 0 && definition.tls === undefined && definition.sign === undefined)
    throw new UnusableCredentialsError(
      'headers in the definition returns no header for these credentials; return one, or look for an optional credential that is missing',
    );
  return ownCopy({
    headers,
    ...(needsCredentials(definition) && { signing: credentials }),
  });
}

/** Whether an attempt needs more than the headers of a credential. */
function needsCredentials(definition: ProviderDefinition): boolean {
  const parts = ['sign', 'defaultHeaders', 'tls'] as const;
  return parts.some((part) => definition[part] !== undefined) || hasAccountHosts(definition);
}

/**
 * The headers that a function of a definition returns, without empty ones. Its error may contain the secrets that it
 * was given, so they are removed.
 */
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

/** The default headers. They are made once per credential, as its headers are. */
const defaults = new WeakMap<Credential, Readonly<Record<string, string>>>();

/**
 * The default headers of a definition. A call's own header of the same name is used instead.
 *
 * @throws {DefinitionFault} when the definition's function throws, or returns a header that cannot be sent; the error may
 *   contain a secret
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
 * Remembers for one provider whether the headers of its definition change each time, as a nonce or a timestamp does.
 * Headers are made once per credential. So a header that changes is accepted in the first test, and refused later.
 */
export class TimeBoundHeaders {
  /** The problem, once it is known. */
  fault: string | undefined = undefined;

  /**
   * Makes the headers again after a refusal, and compares them. The refusal may come from a header that has to be made
   * for each attempt. Returns the problem, the first time that it is seen.
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
      this.fault = `${path} returns another "${changed}" each time, but is called only once per credential. Make a value that changes, such as a time, a nonce or a JWT, in sign`;
      return this.fault;
    }
    return undefined;
  }
}

/** The name of a header that differs from the sent one when it is made again. */
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
