import { describe, expect, it } from '@jest/globals';
import * as api from './index.js';

describe('nestjs-payments-auth', () => {
  it('exports these names, and nothing else', () => {
    expect(Object.keys(api).toSorted()).toEqual([
      'BUILT_IN_PROVIDERS',
      'Credential',
      'InjectCredentials',
      'InjectPaymentsHttp',
      'PAYMENTS_AUTH_CLOCK',
      'PaymentsAuthError',
      'PaymentsAuthModule',
      'PaymentsAuthService',
      'PaymentsSignaturesService',
      'PaymentsWebhookGuard',
      'VerifiedDelivery',
      'VerifiedWebhook',
      'basic',
      'checksumField',
      'clickPesaChecksum',
      'clientCredentials',
      'clientSecretJwt',
      'customWebhook',
      'defineProvider',
      'digest',
      'fromFile',
      'getCredentialsToken',
      'getPaymentsHttpToken',
      'hashOfCredentials',
      'hashWebhook',
      'hmac',
      'hmacWebhook',
      'isPaymentsAuthError',
      'jws',
      'kashierOrderHash',
      'login',
      'privateKeyJwt',
      'publicKeyWebhook',
      'sameText',
      'sharedToken',
      'standardWebhooks',
      'textAt',
      'unsignedWebhook',
      'valueAt',
      'verifyKashierRedirect',
    ]);
  });
});
