import { describe, expect, it } from '@jest/globals';
import { isPaymentsAuthError } from '../../payments-auth.errors.js';
import { defineProvider } from '../define-provider.js';
import { customWebhook } from './custom-webhook.js';
import { hashOfCredentials, sharedToken, unsignedWebhook } from './sender-webhooks.js';
import { hashWebhook, hmacWebhook, publicKeyWebhook, standardWebhooks } from './signature-webhooks.js';

type Parts = Readonly<Record<string, unknown>>;
/** A builder as a JavaScript program can call it: with any argument. */
type Builder = (given: unknown) => unknown;

/** For each builder, a description that it accepts. */
const WHOLE: Readonly<Record<string, readonly [Builder, Parts]>> = {
  hmacWebhook: [hmacWebhook as Builder, { key: 'secret', header: 'x-signature' }],
  hashWebhook: [
    hashWebhook as Builder,
    { secrets: ['secret'], hash: 'sha256', header: 'x-hash', signed: '{body}{credential:secret}' },
  ],
  publicKeyWebhook: [
    publicKeyWebhook as Builder,
    { key: { credential: 'secret' }, algorithm: 'rsa-sha256', header: 'x-signature' },
  ],
  standardWebhooks: [standardWebhooks as Builder, { key: 'secret' }],
  sharedToken: [
    sharedToken as Builder,
    { key: 'secret', header: 'x-token', confirmWith: 'GET /payments/{id}' },
  ],
  hashOfCredentials: [hashOfCredentials as Builder, { of: ['secret'], hash: 'sha256', header: 'x-hash' }],
  unsignedWebhook: [unsignedWebhook as Builder, { fields: ['id'], confirmWith: 'GET /payments/{id}' }],
  customWebhook: [customWebhook as Builder, { keys: ['secret'], proves: 'payload', verify: () => undefined }],
};
const BUILDERS = Object.keys(WHOLE);

function problemsOf(webhooks: unknown): readonly string[] {
  try {
    defineProvider<{ secret: string }>({
      name: 'acme',
      title: 'Acme',
      docs: 'https://docs.acme.test/webhooks',
      environments: { live: 'https://api.acme.test' },
      credentials: { secret: {} },
      headers: ({ credentials }) => ({ 'X-Key': credentials.secret }),
      webhooks: webhooks as never,
    });
  } catch (error) {
    if (!isPaymentsAuthError(error) || error.code !== 'INVALID_OPTIONS') throw error;
    return error.problems ?? [];
  }
  return [];
}

/** The problems of a scheme whose description is the accepted one with changes. */
function after(builder: string, changes: Parts): readonly string[] {
  const [build, whole] = WHOLE[builder] as readonly [Builder, Parts];
  return problemsOf({ signature: build({ ...whole, ...changes }) });
}

describe.each(BUILDERS)('%s', (builder) => {
  const [build, whole] = WHOLE[builder] as readonly [Builder, Parts];

  it('takes a description with all that it needs, and parts that are left undefined', () => {
    expect(after(builder, {})).toEqual([]);
    expect(after(builder, { items: undefined, acknowledge: undefined, confirmWithout: undefined })).toEqual(
      [],
    );
  });

  it.each([undefined, null, 'secret', ['secret']])('names itself where it is given %j', (given) => {
    expect(problemsOf({ signature: build(given) })).toEqual([
      expect.stringMatching(new RegExp(`^webhooks\\.signature: ${builder} expects an object, and is given `)),
    ]);
  });

  it('names each part that is missing by its path', () => {
    for (const part of Object.keys(whole).filter((name) => !['header', 'signed'].includes(name)))
      expect(after(builder, { [part]: undefined })).toEqual([
        expect.stringMatching(new RegExp(`^webhooks\\.signature\\.${part}: expected .*, and it is missing$`)),
      ]);
  });

  it('names a part that it does not know, and the one that is meant', () => {
    expect(after(builder, { acknowlege: { text: 'OK' } })).toEqual([
      `webhooks.signature.acknowlege: not a part of ${builder}. Did you mean "acknowledge"?`,
    ]);
  });

  it.each<[string, Parts]>([
    ['onlyWhenNamed', { onlyWhenNamed: 'yes' }],
    ['body', { body: 'xml' }],
    ['id', { id: 'id' }],
    ['id', { id: 7 }],
    ['items', { items: 7 }],
    ['items', { items: '$.items' }],
    ['acknowledge', { acknowledge: '[accepted]' }],
    ['acknowledge.body', { acknowledge: { body: 'OK' } }],
    ['acknowledge.status', { acknowledge: { status: 500 } }],
    ['acknowledge.text', { acknowledge: { text: 7 } }],
    ['acknowledge.json', { acknowledge: { json: 1n } }],
  ])('refuses %s in %p', (path, changes) => {
    expect(after(builder, changes).map(pathOf)).toEqual([`webhooks.signature.${path}`]);
  });
});

function pathOf(problem: string): string {
  return problem.split(': ')[0] ?? '';
}

const at = '{header:x-time}';
const signed = '{timestamp}{body}';

describe('the parts of one webhook', () => {
  it.each<[builder: string, path: string, changes: Parts]>([
    ['hmacWebhook', 'key', { key: ['secret'] }],
    ['hmacWebhook', 'secret', { secret: 'secret' }],
    ['hmacWebhook', 'algorithm', { algorithm: 'sha512' }],
    ['hmacWebhook', 'hash', { hash: 'SHA256' }],
    ['hmacWebhook', 'keyEncoding', { keyEncoding: 'utf8' }],
    ['hmacWebhook', 'encoding', { encoding: 'HEX' }],
    ['hmacWebhook', 'header', { header: 'X Signature' }],
    ['hmacWebhook', 'header', { header: () => 'x-signature' }],
    ['hmacWebhook', 'header', { header: '' }],
    ['hmacWebhook', 'query', { header: undefined, query: 7 }],
    ['hmacWebhook', 'prefix', { prefix: /sha256=/ }],
    ['hmacWebhook', 'confirmWith', { confirmWith: '' }],
    ['hmacWebhook', 'signed', { signed: 7 }],
    ['hmacWebhook', 'signed', { signed: null }],
    ['hmacWebhook', 'signed', { signed: () => '{body}' }],
    ['hmacWebhook', 'signed', { signed: '' }],
    ['hmacWebhook', 'signed', { signed: '{Body}' }],
    ['hmacWebhook', 'signed', { signed: { feilds: ['id'] } }],
    ['hmacWebhook', 'signed.fields', { signed: { fields: [] } }],
    ['hmacWebhook', 'signed.fields', { signed: { fields: 'id' } }],
    ['hmacWebhook', 'signed.seperator', { signed: { fields: ['id'], seperator: '|' } }],
    ['hmacWebhook', 'signed.canonicalJson', { signed: { canonicalJson: false } }],
    ['hmacWebhook', 'signed.without', { signed: { canonicalJson: true, without: 'checksum' } }],
    ['hmacWebhook', 'signed.required', { signed: { listedIn: 'keys', of: 'data' } }],
    ['hmacWebhook', 'list', { list: 'v1' }],
    ['hmacWebhook', 'list.signature', { list: {} }],
    ['hmacWebhook', 'list.timestmp', { list: { signature: 'v1', timestmp: 't' } }],
    ['hmacWebhook', 'list.separator', { list: { signature: 'v1', separator: '' } }],
    ['hmacWebhook', 'timestamp', { timestamp: 'x-time', signed }],
    ['hmacWebhook', 'timestamp.at', { timestamp: { at: 'x-time' }, signed }],
    ['hmacWebhook', 'timestamp.header', { timestamp: { header: 'x-time' }, signed }],
    ['hmacWebhook', 'timestamp.unit', { timestamp: { at, unit: 'ms' }, signed }],
    ['hmacWebhook', 'timestamp.toleranceMs', { timestamp: { at, toleranceMs: 300 }, signed }],
    ['hmacWebhook', 'timestamp.toleranceMs', { timestamp: { at, toleranceMs: '5m' }, signed }],
    ['hmacWebhook', 'timestamp.toleranceMs', { timestamp: { at, toleranceMs: Infinity }, signed }],
    ['hashWebhook', 'secrets', { secrets: 'secret' }],
    ['hashWebhook', 'secrets', { secrets: [] }],
    ['publicKeyWebhook', 'algorithm', { algorithm: 'RS256' }],
    ['publicKeyWebhook', 'key', { key: 'secret' }],
    ['publicKeyWebhook', 'key', { key: {} }],
    ['publicKeyWebhook', 'key', { key: { credentials: 'secret' } }],
    ['publicKeyWebhook', 'key', { key: { credential: 'secret', jwks: { live: 'https://a.test' } } }],
    ['publicKeyWebhook', 'key.jwks', { key: { jwks: 'https://acme.test/jwks' } }],
    ['publicKeyWebhook', 'key.jwks.live', { key: { jwks: { live: 'http://acme.test/jwks' } } }],
    ['publicKeyWebhook', 'key.jwks.test', { key: { jwks: { test: 'https://acme.test/jwks' } } }],
    ['publicKeyWebhook', 'key.environments', { key: { environments: null } }],
    ['publicKeyWebhook', 'key.environments.live', { key: { environments: { live: 'no PEM' } } }],
    ['publicKeyWebhook', 'key.certificate', { key: { certificate: 'x-cert' } }],
    ['publicKeyWebhook', 'key.certificate.allow', { key: { certificate: { header: 'x-cert' } } }],
    [
      'publicKeyWebhook',
      'key.certificate.allow',
      { key: { certificate: { header: 'x-cert', allow: ['https://api.acme.test/certs'] } } },
    ],
    ['publicKeyWebhook', 'jws', { jws: true }],
    ['publicKeyWebhook', 'jws.signedHeader', { jws: { signedHeader: 'headers' } }],
    ['standardWebhooks', 'prefix', { prefix: 'clerk' }],
    ['standardWebhooks', 'header', { header: 'webhook-signature' }],
    ['sharedToken', 'signed', { signed: '{body}' }],
    ['hashOfCredentials', 'of', { of: 'secret' }],
    ['unsignedWebhook', 'key', { key: 'secret' }],
    ['unsignedWebhook', 'fields', { fields: [] }],
    ['customWebhook', 'key', { key: 'secret' }],
    ['customWebhook', 'proves', { proves: 'everything' }],
    ['customWebhook', 'sign', { sign: 'hmac' }],
    ['customWebhook', 'needsUrl', { needsUrl: 'yes' }],
  ])('refuse in %s: %s in %p', (builder, path, changes) => {
    expect(after(builder, changes).map(pathOf)).toEqual([`webhooks.signature.${path}`]);
  });

  it('name the credential that is meant, and a getter that throws', () => {
    expect(after('hmacWebhook', { key: 'secrte' })).toEqual([
      'webhooks.signature: there is no credential "secrte". Did you mean "secret"?',
    ]);
    const late = Object.defineProperty({ key: 'secret' }, 'header', {
      enumerable: true,
      get: () => {
        throw new Error('not read yet');
      },
    });
    expect(problemsOf({ signature: hmacWebhook(late as never) })).toEqual([
      'webhooks.signature.header: its getter throws (not read yet); write the value',
    ]);
  });
});

describe('webhooks', () => {
  it.each<[string, unknown]>([
    ['webhooks', null],
    ['webhooks', {}],
    ['webhooks', [hmacWebhook({ key: 'secret', header: 'x' })]],
    ['webhooks', hmacWebhook({ key: 'secret', header: 'x' })],
    ['webhooks.signature', { signature: null }],
    ['webhooks.signature', { signature: { key: 'secret', header: 'x' } }],
    ['webhooks.a b', { 'a b': hmacWebhook({ key: 'secret', header: 'x' }) }],
  ])('are refused as %s: %p', (path, webhooks) => {
    expect(problemsOf(webhooks).map(pathOf)).toEqual([path]);
  });

  it('of a broken description refuse every message, if nobody has checked the definition', () => {
    const broken = hmacWebhook({ key: 'secret', header: 'x', signd: '{body}' } as never);
    expect(broken.proves).toBe('nothing');
    expect(() => broken['~work']?.precheck({} as never)).toThrow('wrong-signature');
    expect(() => broken['~work']?.verify({} as never)).toThrow('wrong-signature');
  });
});
