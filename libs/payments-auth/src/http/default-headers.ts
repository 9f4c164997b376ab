import type { InternalAxiosRequestConfig } from 'axios';
import type { Credential } from '../credentials/credential.js';
import { ownCopy } from '../own-properties.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { called } from '../strategies/definition-fault.js';
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
    const credentials = credential.signing ?? {};
    const given = ownCopy({ credentials, ...(environment === undefined ? {} : { environment }) });
    const make = () => called('defaultHeaders', () => definition.defaultHeaders?.(given));
    defaults = Object.entries(calledFor(make, provider, credential, destination) ?? {}).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    made.set(credential, defaults);
  }
  for (const [name, value] of defaults) if (!headers.has(name)) headers.set(name, value);
}
