import type { AxiosAdapter, InternalAxiosRequestConfig } from 'axios';
import { applicationAxios } from '../application-axios.js';
import type { Credential } from '../credentials/credential.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { calledFor } from './definition-failed.js';
import type { Destination } from './destination.js';

/**
 * Sends an attempt over the connections that show the certificate of its credential, where the definition has `tls`.
 *
 * @param visible the call as its caller knows it
 * @param adapter the adapter that will send the attempt
 * @throws PaymentsAuthError INVALID_REQUEST when the call would go out without the certificate, DEFINITION_FAULT
 */
export function certifyAttempt(
  attempt: InternalAxiosRequestConfig,
  visible: InternalAxiosRequestConfig,
  adapter: AxiosAdapter,
  provider: ConfiguredProvider,
  credential: Credential,
  destination: Destination,
): void {
  const { name, certificates } = provider;
  if (certificates === undefined) return;
  const { hostname: host } = destination;
  const { id, account } = credential;
  const about = { provider: name, ...(account === undefined ? {} : { account }), credential: id, host };
  const refuse = (what: string) => {
    throw new PaymentsAuthError(
      'INVALID_REQUEST',
      `A request to provider "${name}" was not sent: ${what}, and would not show the client certificate`,
      { ...about, reason: what },
    );
  };
  const make = () => certificates.agentOf(credential.signing ?? {});
  const agent = calledFor(make, provider, credential, destination);
  if (agent === undefined) return;
  if (adapter !== applicationAxios.getAdapter('http'))
    refuse("it has an adapter other than axios's http adapter");
  if (visible.httpsAgent) refuse('it has an httpsAgent of its own');
  // axios's HTTP/2 opens connections of its own, and asks no agent.
  if (attempt.httpVersion !== undefined && attempt.httpVersion !== 1) refuse('it asks for HTTP/2');
  attempt.httpVersion = 1;
  attempt.httpsAgent = agent;
}
