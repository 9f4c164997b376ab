import { describe, expect, it } from '@jest/globals';
import { bodySignatureProblems } from './signature-problems.js';

const CREDENTIALS = { secretKey: {}, webhookSecret: { optional: true } };

describe('bodySignatureProblems', () => {
  it('names the key, the field and the format that are wrong', () => {
    const signature = { algorithm: 'hmac-sha512', key: 'other', field: '', format: { default: 'sorted' } };
    expect(bodySignatureProblems(signature, CREDENTIALS)).toEqual([
      expect.stringMatching(/algorithm/),
      expect.stringMatching(/key/),
      expect.stringMatching(/field/),
      expect.stringMatching(/format\.default/),
    ]);
  });
});
