import { describe, expect, it } from '@jest/globals';
import { checksumField } from './checksum-field.js';
import { hmac } from './digests.js';
import { jsonText } from './json-text.js';
import { fc } from '../../../../test/support/chances.js';

const KEY = 'test-secret-not-real-checksum-key';
const OPTIONS = { key: KEY, field: 'checksum', format: 'canonical' } as const;
const json = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<Record<string, unknown>>;

const checksumOf = (body: string) => (JSON.parse(body) as { checksum?: string }).checksum;

describe('checksumField', () => {
  it.each([
    ['canonical', '425e46e23a50023d682a76d11dcbf4826371bc0aa1341e81de2ede283469745a'],
    ['legacy', '7ef546fbc5b1e86fd0749d9fc5d82234aee09dc6b5574443ce867e14fc9740e3'],
  ] as const)('adds the checksum that other code computed, in the %s format', (format, checksum) => {
    const body = '{"amount":"1000","currency":"TZS","orderReference":"ORD1","phoneNumber":"255700000000"}';
    expect(checksumField(body, { key: 'CHKtest', field: 'checksum', format })).toBe(
      `${body.slice(0, -1)},"checksum":"${checksum}"}`,
    );
  });

  it('changes nothing else of the text, and replaces a checksum that is there', () => {
    const signed = checksumField('{ "b": 1.0, "a": "x" }\n', OPTIONS);
    expect(signed.startsWith('{ "b": 1.0, "a": "x" ,"checksum":"')).toBe(true);
    expect(checksumField(signed, OPTIONS)).toBe(checksumField('{"b":1,"a":"x"}', OPTIONS));
    expect(checksumField('{"checksum":"stale"}', OPTIONS)).toBe(checksumField('{}', OPTIONS));
  });

  it('covers neither its own field nor those that are named', () => {
    const options = { ...OPTIONS, without: ['checksumMethod'] };
    const bare = checksumOf(checksumField('{"amount":1}', options));
    expect(checksumOf(checksumField('{"amount":1,"checksumMethod":"legacy"}', options))).toBe(bare);
    expect(checksumOf(checksumField('{"amount":1,"inner":{"checksumMethod":"x"}}', options))).not.toBe(bare);
  });

  it('leaves alone what is no JSON object, and refuses an empty key', () => {
    for (const body of ['', 'amount=1', '[1]', '"text"', 'null', '{not json}'])
      expect(checksumField(body, OPTIONS)).toBe(body);
    expect(() => checksumField('{}', { ...OPTIONS, key: '' })).toThrow(/key is empty/);
  });

  it('gives a body whose checksum is right, whatever is in it', () => {
    fc.assert(
      fc.property(json, (body) => {
        const { checksum, ...rest } = JSON.parse(checksumField(JSON.stringify(body), OPTIONS)) as Record<
          string,
          unknown
        >;
        expect(checksum).toBe(hmac('sha256', KEY, jsonText(rest, 'canonical')));
      }),
    );
  });
});

describe('the canonical text of a JSON object', () => {
  it('is compact JSON with sorted keys, for everything that JSON can say', () => {
    fc.assert(
      fc.property(json, (body) => {
        const read = JSON.parse(JSON.stringify(body)) as Record<string, unknown>;
        const text = jsonText(read, 'canonical');
        expect(JSON.parse(text)).toEqual(read);
        expect(text).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
    expect(jsonText({ b: [1e21, 0.1, 1e-7, -5], a: { d: 'é"', c: null } }, 'canonical')).toBe(
      '{"a":{"c":null,"d":"é\\""},"b":[1e+21,0.1,1e-7,-5]}',
    );
  });

  it.each([
    ['a signed null', 'null', '1e999'],
    ['a signed null', 'null', '-1e999'],
    ['a signed 0', '0', '-0'],
    ['a signed 0', '0', '-0.0e5'],
  ])('keeps %s (%s) apart from %s, at every depth and in both formats', (_, signed, forged) => {
    for (const body of ['{"amount":#}', '{"order":{"amount":#}}', '{"amounts":[1,#]}'])
      for (const format of ['canonical', 'legacy'] as const) {
        const text = (value: string) => jsonText(JSON.parse(body.replace('#', value)), format);
        expect(text(forged)).not.toBe(text(signed));
      }
  });
});
