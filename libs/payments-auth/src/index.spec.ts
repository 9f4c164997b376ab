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
      'defineProvider',
      'digest',
      'fromFile',
      'getCredentialsToken',
      'getPaymentsHttpToken',
      'hmac',
      'isPaymentsAuthError',
      'jws',
      'kashierOrderHash',
      'login',
      'sameText',
      'textAt',
      'valueAt',
      'verifyKashierRedirect',
    ]);
  });
});
