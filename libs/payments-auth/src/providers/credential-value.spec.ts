import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { credentialValue, pickCredentials } from './credential-value.js';
import type { ProviderDefinition } from './provider-definition.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PRIVATE = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const PUBLIC = publicKey.export({ type: 'spki', format: 'pem' }) as string;

const acme = {
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test',
  environments: { live: 'https://api.acme.test' },
  credentials: {
    secretKey: {},
    signingKey: { optional: true, format: 'pem' },
    webhookSecret: { optional: true },
    note: { optional: true },
    prefix: { optional: true, inUrl: /^[a-z]/, default: 'eu' },
  },
  headers: ({ credentials }) => ({ authorization: credentials['secretKey'] as string }),
  webhooks: { signature: hmacWebhook({ key: 'webhookSecret', header: 'x-signature' }) },
} as const satisfies ProviderDefinition as ProviderDefinition;

describe('credentialValue', () => {
  it.each([
    ['secretKey', 'test-not-real', 'test-not-real'],
    ['webhookSecret', 'test-not-real', 'test-not-real'],
    ['webhookSecret', ['new-not-real', 'old-not-real'], ['new-not-real', 'old-not-real']],
    ['note', '', undefined],
    ['note', null, undefined],
    ['prefix', undefined, 'eu'],
    ['prefix', 'us-2', 'us-2'],
    ['signingKey', PRIVATE, PRIVATE],
    ['signingKey', PRIVATE.replaceAll('\n', '\\n'), PRIVATE],
    ['signingKey', ` ${PRIVATE.replaceAll('\n', '\r\n')} `, PRIVATE],
    ['signingKey', PUBLIC, PUBLIC],
  ])('reads %s', (field, given, value) => {
    expect(credentialValue(acme, field, given)).toEqual({ value });
  });

  it.each([
    ['secretKey', undefined, 'missing'],
    ['secretKey', '', 'empty'],
    ['secretKey', 'cs_é', 'a header cannot contain'],
    ['secretKey', String(undefined), 'is a word for nothing'],
    ['note', String(null), 'is a word for nothing'],
    ['secretKey', '[object Object]', 'is a word for nothing'],
    ['secretKey', ['one-not-real'], 'is a list'],
    ['note', ['one-not-real'], 'is a list'],
    ['webhookSecret', [], 'an empty list'],
    ['webhookSecret', ['good-not-real', ' '], '[1]: has a space'],
    ['webhookSecret', ['good-not-real', 7], '[1]: must be a string'],
    ['prefix', 'a.b', 'cannot stand in a URL'],
    ['prefix', '-a', 'cannot stand in a URL'],
    ['prefix', '1a', 'cannot stand in a URL'],
    ['signingKey', 'test-not-real', 'not a PEM'],
    ['signingKey', PRIVATE.slice(0, 90), 'cannot be read'],
    ['signingKey', {}, 'must be a PEM'],
  ])('says why a value cannot be %s, and does not show the value', (field, given, problem) => {
    const read = credentialValue(acme, field, given) as { problem: string };
    expect(read.problem).toContain(problem);
    expect(read.problem).not.toContain('not-real');
  });
});

describe('pickCredentials', () => {
  it('takes the fields of the provider and nothing else', () => {
    const row = { secretKey: 'test-not-real', id: 7, created: new Date(0), webhookSecret: ['a-not-real'] };
    expect(pickCredentials(acme, row)).toEqual({
      secretKey: 'test-not-real',
      webhookSecret: ['a-not-real'],
      prefix: 'eu',
    });
  });
});
