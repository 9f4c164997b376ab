import type { InternalAxiosRequestConfig } from 'axios';
import { defaultHeadersOf } from '../credentials/call-headers.js';
import type { Credential } from '../credentials/credential.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { calledFor } from './definition-failed.js';
import type { Destination } from './destination.js';

/** Sets the definition's default headers on an attempt, where the request has no value of its own. */
export function addDefaultHeaders(
  { headers }: InternalAxiosRequestConfig,
  credential: Credential,
  provider: ConfiguredProvider,
  destination: Destination,
): void {
  const defaults = calledFor(() => defaultHeadersOf(provider, credential), provider, credential, destination);
  for (const [name, value] of Object.entries(defaults)) if (!headers.has(name)) headers.set(name, value);
}
