import { describe, expect, it } from '@jest/globals';
import { clickpesa } from '../providers/index.js';
import { signAttempt } from '../testing/sign-attempt.js';
import { clickPesaChecksum } from './clickpesa-checksum.js';
import { fc } from '../../../../test/support/chances.js';

const KEY = 'test-secret-not-real-checksum-key';
const CREDENTIALS = { clientId: 'id', apiKey: 'test-secret-not-real', checksumKey: KEY };

const json = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<Record<string, unknown>>;

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, each]) => [key, shuffled(each)]),
  );
}

describe('clickPesaChecksum', () => {
  it('does not depend on the order of keys, at any depth', () => {
    fc.assert(
      fc.property(json, (body) => {
        expect(clickPesaChecksum(shuffled(body) as object, KEY)).toBe(clickPesaChecksum(body, KEY));
      }),
    );
  });

  it('depends on the order of an array', () => {
    expect(clickPesaChecksum({ list: [1, 2] }, KEY)).not.toBe(clickPesaChecksum({ list: [2, 1] }, KEY));
  });

  it('leaves out checksum and checksumMethod, at the top only', () => {
    const body = { amount: 1, checksum: 'x', checksumMethod: 'y' };
    expect(clickPesaChecksum(body, KEY)).toBe(clickPesaChecksum({ amount: 1 }, KEY));
    expect(clickPesaChecksum({ inner: { checksum: 'x' } }, KEY)).not.toBe(
      clickPesaChecksum({ inner: {} }, KEY),
    );
  });

  it('reads a body as JSON writes it', () => {
    const at = new Date(0);
    const body = { at, gone: undefined, amount: 1e21, whole: 1.0 };
    const same = { amount: 1e21, at: at.toISOString(), whole: 1 };
    expect(clickPesaChecksum(body, KEY)).toBe(clickPesaChecksum(same, KEY));
  });

  it('refuses an empty key and a body that is no object', () => {
    expect(() => clickPesaChecksum({}, '')).toThrow(/checksum key is missing/);
    expect(() => clickPesaChecksum([1], KEY)).toThrow(/JSON object/);
  });
});

const sign = async (body: string, credentials: object = CREDENTIALS) => {
  const url = 'https://api.clickpesa.com/third-parties/payments';
  const call = { method: 'POST', url, body, token: 'Bearer test', nowMs: 0 };
  return String((await signAttempt(clickpesa, { ...call, credentials: credentials as never })).body);
};

describe('the body of a call to ClickPesa', () => {
  it('carries the checksum, and nothing else of it changes', async () => {
    const body = '{ "b": 1.0, "a": "x" }\n';
    const signed = await sign(body);
    expect(signed.startsWith('{ "b": 1.0, "a": "x" ,"checksum":"')).toBe(true);
    expect(JSON.parse(signed)).toEqual({ a: 'x', b: 1, checksum: clickPesaChecksum({ a: 'x', b: 1 }, KEY) });
  });

  it('has a checksum that is right, whatever is in it', async () => {
    await fc.assert(
      fc.asyncProperty(json, async (body) => {
        const signed = JSON.parse(await sign(JSON.stringify(body))) as Record<string, unknown>;
        expect(signed['checksum']).toBe(clickPesaChecksum(signed, KEY));
        const { checksum: _ours, ...rest } = signed;
        const { checksum: _theirs, ...before } = JSON.parse(JSON.stringify(body)) as Record<string, unknown>;
        expect(rest).toEqual(before);
      }),
    );
  });

  it('has an existing checksum replaced, so that signing twice gives the same as signing once', async () => {
    const once = await sign('{"amount":"1"}');
    expect(await sign(once)).toBe(once);
    expect(await sign('{"checksum":"stale"}')).toBe(await sign('{}'));
  });

  it('is signed by the configured method, and by the canonical one for any other word', async () => {
    const signed = await sign('{"amount":"1"}', { ...CREDENTIALS, checksumMethod: 'legacy' });
    expect(JSON.parse(signed)).toEqual({
      amount: '1',
      checksum: clickPesaChecksum({ amount: '1' }, KEY, 'legacy'),
    });
    expect(await sign('{"amount":"1"}', { ...CREDENTIALS, checksumMethod: 'other' })).toBe(
      await sign('{"amount":"1"}'),
    );
  });

  it('does not change where it is not a JSON object, or where no key is configured', async () => {
    for (const body of ['', 'amount=1', '[1]', '"text"', 'null', '{not json}'])
      expect(await sign(body)).toBe(body);
    expect(await sign('{"a":1}', { clientId: 'id', apiKey: 'x' })).toBe('{"a":1}');
  });
});
