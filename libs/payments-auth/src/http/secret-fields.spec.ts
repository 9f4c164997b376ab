import type { AxiosResponse } from 'axios';
import * as fc from 'fast-check';
import { findLeaks } from '../../../../test/support/leak-checker.js';
import { randomSecret } from '../../../../test/support/fake-spenders.js';
import { hideSecretFields } from './secret-fields.js';

const fields = new Set(['apiKey', 'hash']);
const secret = randomSecret();

/** What a caller gets when axios has assigned what its transforms made of `raw`. */
function received(raw: unknown, transform: (raw: never) => unknown = JSON.parse as never): AxiosResponse {
  const response = { data: raw } as AxiosResponse;
  hideSecretFields(response, fields);
  response.data = transform(raw as never);
  return response;
}

describe('secret fields of an answer', () => {
  it('can be read by name, and are neither listed, serialised nor printed', () => {
    const response = received(JSON.stringify({ apiKey: secret, id: 1 }));
    expect(response.data.apiKey).toBe(secret);
    expect(Object.keys(response.data)).toEqual(['id']);
    expect({ ...response }.data).toEqual({ id: 1 });
    expect(findLeaks(response, [secret])).toEqual([]);
  });

  it('can be assigned', () => {
    const { data } = received(JSON.stringify({ apiKey: secret }));
    data.apiKey = 'other';
    expect(data.apiKey).toBe('other');
  });

  it('are hidden with all that is in them', () => {
    const response = received(JSON.stringify({ hash: { of: [secret] } }));
    expect(response.data.hash.of[0]).toBe(secret);
    expect(findLeaks(response, [secret])).toEqual([]);
  });

  it('are hidden when their name is written with escapes', () => {
    const response = received(`{"\\u0061piKey":"${secret}"}`);
    expect(response.data.apiKey).toBe(secret);
    expect(findLeaks(response, [secret])).toEqual([]);
  });

  it('are hidden at a depth that recursion would not survive', () => {
    const depth = 20_000;
    const response = received(`${'{"a":'.repeat(depth)}{"apiKey":"${secret}"}${'}'.repeat(depth)}`);
    let inner = response.data;
    for (let level = 0; level < depth; level += 1) inner = inner.a;
    expect(Object.keys(inner)).toEqual([]);
    expect(inner.apiKey).toBe(secret);
  });

  it('cost no list of what a long answer holds', () => {
    let listed = 0;
    const list = new Proxy([{ apiKey: secret }, 1, 2, 3], {
      ownKeys: (target) => {
        listed += 1;
        return Reflect.ownKeys(target);
      },
    });
    const response = received(`{"apiKey":"${secret}"}`, () => ({ list, apiKey: secret }));
    expect(listed).toBe(0);
    expect(response.data.list[0].apiKey).toBe(secret);
    expect(findLeaks(response.data.list[0], [secret])).toEqual([]);
  });

  it('hide a whole answer that stays text', () => {
    const text = JSON.stringify({ apiKey: secret });
    const response = received(text, (raw) => raw);
    expect(response.data).toBe(text);
    expect(findLeaks(response, [secret])).toEqual([]);
  });

  it('hide a whole answer that a transform has frozen or not made plain', () => {
    const frozen = received(JSON.stringify({ apiKey: secret }), (raw) => Object.freeze(JSON.parse(raw)));
    expect(frozen.data.apiKey).toBe(secret);
    expect(findLeaks(frozen, [secret])).toEqual([]);

    class Session {
      constructor(readonly apiKey: string) {}
    }
    const instance = received(
      JSON.stringify({ apiKey: secret }),
      (raw) => new Session(JSON.parse(raw).apiKey),
    );
    expect(instance.data.apiKey).toBe(secret);
    expect(findLeaks(instance, [secret])).toEqual([]);
  });

  it('leave cyclic data, buffers and answers without them as they are', () => {
    const cyclic: Record<string, unknown> = { apiKey: secret };
    cyclic['self'] = cyclic;
    expect(
      findLeaks(
        received('{"apiKey":1}', () => cyclic),
        [secret],
      ),
    ).toEqual([]);
    const bytes = Buffer.from('hash');
    expect(received(bytes, (raw) => raw).data).toBe(bytes);
    const plain = received('{"id":1}');
    expect(Object.getOwnPropertyDescriptor(plain, 'data')?.enumerable).toBe(true);
  });

  it('show when the transform failed, not at all', () => {
    const response = { data: `{"apiKey":"${secret}"` } as AxiosResponse;
    hideSecretFields(response, fields);
    expect(findLeaks(response, [secret])).toEqual([]);
  });

  it('are hidden wherever they are, and nothing else changes', () => {
    const key = fc.constantFrom('apiKey', 'hash', 'id', 'list', 'Hash');
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.constant(secret),
        fc.integer(),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(key, tie('node'), { maxKeys: 4 }),
      ),
    })).node;
    const without = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(without);
      if (typeof value !== 'object' || value === null) return value;
      const shown = Object.entries(value).filter(([name]) => !fields.has(name));
      return Object.fromEntries(shown.map(([name, each]) => [name, without(each)]));
    };
    fc.assert(
      fc.property(tree, (data) => {
        const json = JSON.stringify(typeof data === 'object' ? data : { id: data });
        const shown = JSON.stringify(received(json).data);
        expect(JSON.parse(shown)).toEqual(without(JSON.parse(json)));
      }),
    );
  });
});
