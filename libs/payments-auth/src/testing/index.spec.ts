import { describe, expect, it } from '@jest/globals';
import * as testing from './index.js';

describe('nestjs-payments-auth/testing', () => {
  it('exports these names, and nothing else', () => {
    expect(Object.keys(testing).toSorted()).toEqual([
      'FakeCredentialService',
      'ManualClock',
      'PaymentsAuthTestingModule',
      'signAttempt',
      'signedDelivery',
    ]);
  });
});
