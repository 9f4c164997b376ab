import type { InternalAxiosRequestConfig } from 'axios';
import type { Credential } from '../credentials/credential.js';
import { ownCopy } from '../own-properties.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { called, DefinitionFault } from '../strategies/definition-fault.js';
import { headerNameProblem, isHeaderText } from '../strategies/header-text.js';
import type { HeaderValues } from '../strategies/strategy.js';
import { calledFor } from './definition-failed.js';
import type { Destination } from './destination.js';

/** Made once per credential, as the headers of the credential are. */
const made = new WeakMap<Credential, readonly (readonly [name: string, value: string])[]>();

/** Puts the definition's defaults on an attempt, where the request says nothing else. */
export function addDefaultHeaders(
  { headers }: InternalAxiosRequestConfig,
  credential: Credential,
  provider: ConfiguredProvider,
  destination: Destination,
): void {
  const { definition, environment } = provider;
  let defaults = made.get(credential);
  if (defaults === undefined) {
    const credentials = Object.freeze(ownCopy(credential.signing ?? {}));
    const given = ownCopy({ credentials, ...(environment === undefined ? {} : { environment }) });
    const make = () => sendable(called('defaultHeaders', () => definition.defaultHeaders?.(given)) ?? {});
    defaults = calledFor(make, provider, credential, destination);
    made.set(credential, defaults);
  }
  for (const [name, value] of defaults) if (!headers.has(name)) headers.set(name, value);
}

/** Without this check a line break would be cut out of a value silently. @throws DefinitionFault */
function sendable(values: HeaderValues): [name: string, value: string][] {
  const present = Object.entries(values).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
  );
  const wrong = present.find(
    ([name, value]) => !isHeaderText(value) || headerNameProblem(name) !== undefined,
  );
  if (wrong === undefined) return present;
  throw new DefinitionFault('defaultHeaders', `returned a header "${wrong[0]}" that cannot be sent`);
}
