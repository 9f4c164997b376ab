import { HttpService } from '@nestjs/axios';
import { applicationAxios } from './application-axios.js';
import type { CredentialService } from './credentials/credential.service.js';
import type { PaymentsAuthError } from './payments-auth.errors.js';

/**
 * The service for a provider that is not configured. Each of its requests fails with an error that says why. So an
 * application with optional providers starts without them, and Nest does not fail over a missing dependency.
 */
export function unconfiguredHttpService(failure: () => PaymentsAuthError): HttpService {
  const adapter = async (): Promise<never> => {
    throw failure();
  };
  return new HttpService(applicationAxios.create({ adapter }));
}

/** The credential service for such a provider: its asynchronous methods reject, the others throw. */
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
