import type { InternalAxiosRequestConfig } from 'axios';
import type { Credential } from '../credentials/credential.js';
import { ownCopy } from '../own-properties.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { called } from '../strategies/definition-fault.js';
import { sendableHeaders } from '../strategies/header-values.js';
import type { Credentials } from '../strategies/strategy.js';
import { watchedCredentials } from '../strategies/watched-credentials.js';
import { calledFor } from './definition-failed.js';
import type { Destination } from './destination.js';

const NONE: Credentials = Object.freeze({});

/** The default headers are made once per credential, like the headers of the credential. */
const made = new WeakMap<Credential, readonly (readonly [name: string, value: string])[]>();

/** Sets the definition's default headers on an attempt, where the request has no value of its own. */
export function addDefaultHeaders(
  { headers }: InternalAxiosRequestConfig,
  credential: Credential,
  provider: ConfiguredProvider,
  destination: Destination,
): void {
  const { definition, environment } = provider;
  let defaults = made.get(credential);
  if (defaults === undefined) {
    const credentials = watchedCredentials(definition, credential.signing ?? NONE).view;
    const given = ownCopy({ credentials, ...(environment === undefined ? {} : { environment }) });
    const make = () => {
      const values = called('defaultHeaders', () => definition.defaultHeaders?.(given), given);
      return Object.entries(sendableHeaders(values, 'defaultHeaders', given)).filter(
        ([, value]) => value !== '',
      );
    };
    defaults = calledFor(make, provider, credential, destination);
    made.set(credential, defaults);
  }
  for (const [name, value] of defaults) if (!headers.has(name)) headers.set(name, value);
}
