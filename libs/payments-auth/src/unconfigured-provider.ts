import { HttpService } from '@nestjs/axios';
import { applicationAxios } from './application-axios.js';
import type { CredentialService } from './credentials/credential.service.js';
import { PaymentsAuthError } from './payments-auth.errors.js';

/** Says what to do about a provider that is used without being configured. */
export function notConfigured(
  name: string,
  configured: readonly string[],
  variables: readonly string[],
): PaymentsAuthError {
  const inVariables =
    variables.length === 0 ? '' : `, or set ${variables.join(' and ')} and give no providers`;
  const remedy = `Add it to PaymentsAuthModule.forRoot({ providers })${inVariables}.`;
  const others =
    configured.length === 0 ? 'No provider is configured.' : `Configured: ${configured.join(', ')}.`;
  return new PaymentsAuthError(
    'PROVIDER_NOT_CONFIGURED',
    `Provider "${name}" is not configured. ${remedy} ${others}`,
    { provider: name },
  );
}

/**
 * What is injected for a provider that is not configured: a service whose every request fails, and says why. An
 * application with optional providers starts without them, and none is puzzled by a dependency that Nest cannot find.
 */
export function unconfiguredHttpService(failure: () => PaymentsAuthError): HttpService {
  const adapter = async (): Promise<never> => {
    throw failure();
  };
  return new HttpService(applicationAxios.create({ adapter }));
}

/** Likewise: what is a promise rejects, the rest throws. */
export function unconfiguredCredentialService(failure: () => PaymentsAuthError): CredentialService {
  const rejects = async (): Promise<never> => {
    throw failure();
  };
  const service: CredentialService = {
    headers: rejects,
    get: rejects,
    refresh: rejects,
    revoke: rejects,
    rotate: rejects,
    status: () => {
      throw failure();
    },
    account: () => service,
  };
  return service;
}
