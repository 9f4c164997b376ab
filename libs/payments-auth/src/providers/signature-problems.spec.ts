import { describe, expect, it } from '@jest/globals';
import { BUILT_IN_PROVIDERS } from './index.js';
import type { ProviderDefinition } from './provider-definition.js';
import { bodySignatureProblems, webhookProblems } from './signature-problems.js';

const CREDENTIALS = { secretKey: {}, webhookSecret: { optional: true } };

const KEYED = {
  algorithm: 'hmac-sha256',
  key: 'webhookSecret',
  signature: { header: 'x-signature' },
  signed: 'raw-body',
};

const LISTED = { header: 'x-signature', list: { signature: 'v1', timestamp: 't' } };

describe('webhookProblems', () => {
  it('has nothing to say about the built-in providers', () => {
    for (const {
      webhook,
      bodySignature,
      credentials,
    } of BUILT_IN_PROVIDERS as readonly ProviderDefinition[]) {
      expect(webhookProblems(webhook, credentials)).toEqual([]);
      expect(bodySignatureProblems(bodySignature, credentials)).toEqual([]);
    }
  });

  it('has nothing to say about the shapes of Stripe and Paystack', () => {
    const stripe = {
      ...KEYED,
      signature: LISTED,
      signed: { template: '{timestamp}.{body}' },
      timestamp: { toleranceMs: 300_000 },
    };
    expect(webhookProblems(stripe, CREDENTIALS)).toEqual([]);
    expect(webhookProblems({ ...KEYED, algorithm: 'hmac-sha512', key: 'secretKey' }, CREDENTIALS)).toEqual(
      [],
    );
  });

  it.each([
    [
      'a template without the body',
      { signed: { template: '{timestamp}' } },
      /signed\.template: expected \{body\}/,
    ],
    [
      'a timestamp that is not signed',
      { signature: LISTED, timestamp: { toleranceMs: 1 } },
      /timestamp: expected \{timestamp\} in/,
    ],
    [
      'a timestamp that stands nowhere',
      { signed: { template: '{timestamp}{body}' }, timestamp: { toleranceMs: 1 } },
      /timestamp\.header: expected/,
    ],
    [
      'a tolerance that tolerates everything or nothing',
      { signature: LISTED, signed: { template: '{timestamp}{body}' }, timestamp: { toleranceMs: NaN } },
      /toleranceMs: expected/,
    ],
    ['a signature inside what it covers', { signature: { field: 'signature' } }, /inside the body/],
    [
      'a signature that covers its own field',
      { signature: { field: 'checksum' }, signed: { json: { default: 'canonical' }, without: [] } },
      /signed\.without: expected/,
    ],
    ['a key that is no credential', { key: 'other' }, /webhook\.key: there is no such credential/],
    ['no place for the signature', { signature: {} }, /webhook\.signature: expected a header/],
    ['nothing that is signed', { signed: undefined }, /webhook\.signed: expected/],
    [
      'listed fields of which none is required',
      { signed: { fieldsOf: 'data', listedIn: 'keys', required: [] } },
      /signed\.required: expected/,
    ],
    ['an unknown algorithm', { algorithm: 'md5' }, /webhook\.algorithm: expected/],
  ])('names %s', (_what, changes, problem) => {
    expect(webhookProblems({ ...KEYED, ...changes }, CREDENTIALS)).toEqual([expect.stringMatching(problem)]);
  });

  it('wants a constant to be made of credentials, and an unsigned message to say whom to ask', () => {
    const constant = {
      algorithm: 'sha256-constant',
      of: ['secretKey', 'other'],
      signature: { field: 'signature' },
    };
    expect(webhookProblems(constant, CREDENTIALS)).toEqual([
      expect.stringMatching(/webhook\.of: there is no/),
    ]);
    expect(webhookProblems({ algorithm: 'none', fields: ['id'] }, CREDENTIALS)).toEqual([
      expect.stringMatching(/webhook\.confirmWith: expected the call/),
    ]);
    expect(webhookProblems('none', CREDENTIALS)).toEqual([expect.stringMatching(/expected an object/)]);
  });
});

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
