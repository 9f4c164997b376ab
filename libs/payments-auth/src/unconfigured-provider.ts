import { HttpService } from '@nestjs/axios';
import { applicationAxios } from './application-axios.js';
import type { CredentialService } from './credentials/credential.service.js';
import type { PaymentsAuthError } from './payments-auth.errors.js';

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
    authenticate: rejects,
    agent: rejects,
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
