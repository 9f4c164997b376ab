import { afterEach, describe, expect, it } from '@jest/globals';
import { LogLines, startApplication, type TestApplication } from './support/application.js';

/** Variables of the SDKs of other providers, which an application has for its own purposes. */
const OF_OTHERS = {
  STRIPE_SECRET_KEY: 'sk_test_not-real',
  MPESA_CONSUMER_KEY: 'invented-key',
  MPESA_CONSUMER_SECRET: 'invented-secret',
  MPESA_ENVIRONMENT: 'live',
  PAYPAL_CLIENT_ID: 'invented-id',
  PAYPAL_CLIENT_SECRET: 'invented-secret',
  PAYPAL_ENVIRONMENT: 'live',
  PAYSTACK_SECRET_KEY: 'sk_test_not-real',
  MONNIFY_APIKEY: 'MK_TEST_INVENTED',
};

let application: TestApplication;
afterEach(() => application.close());

describe('an application with variables of other providers', () => {
  it('starts without them: nothing is configured for these providers, and nobody logs in', async () => {
    const logger = new LogLines();
    application = await startApplication({}, { logger, variables: OF_OTHERS });
    expect(application.paymentsAuth.status()).toEqual([]);
    for (const name of ['stripe', 'daraja', 'paypal', 'paystack', 'monnify'])
      expect(() => application.paymentsAuth.http(name)).toThrow(
        expect.objectContaining({ code: 'PROVIDER_NOT_CONFIGURED' }),
      );
  });
});
