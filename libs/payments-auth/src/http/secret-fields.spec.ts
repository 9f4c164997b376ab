import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import { jest } from '@jest/globals';
import type { AxiosResponse } from 'axios';
import { findLeaks } from '../../../../test/support/leak-checker.js';
import { randomSecret } from '../../../../test/support/fake-spenders.js';
import { applicationAxios } from '../application-axios.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import { plainCause } from '../scrubbing.js';
import { hideSecretFields } from './secret-fields.js';
import { fc } from '../../../../test/support/chances.js';

const fields = new Set(['apiKey', 'hash']);
const secret = randomSecret();

/** axios's own transform, which parses JSON, and another one, after which other code may hold the objects. */
const OWN = { transformResponse: applicationAxios.defaults.transformResponse };
const OTHER = { transformResponse: [JSON.parse] };

type Transform = (raw: never) => unknown;

/** The data that a caller gets when axios assigns the result of its transforms for `raw`. */
function received(raw: unknown, transform: Transform = JSON.parse as never, config: object = OTHER) {
  const response = { data: raw, config } as AxiosResponse;
  hideSecretFields(response, fields);
  response.data = transform(raw as never);
  return response;
}

const parsed = (raw: string, transform?: Transform) => received(raw, transform, OWN);

/** Whether objects share a hidden class of V8. Such objects are fast to make and to read. */
setFlagsFromString('--allow-natives-syntax');
const haveOneShape = runInThisContext('(a, b) => %HaveSameMap(a, b) && %HasFastProperties(a)') as (
  a: object,
  b: object,
) => boolean;

describe('secret fields of an answer that axios has parsed', () => {
  it('are hidden in objects that share one shape, each changed once', () => {
    const objects = Array.from({ length: 1_000 }, (_, id) => ({
      id,
      apiKey: secret,
      hash: secret,
      name: 'a',
    }));
    const text = JSON.stringify({ of: objects, count: 1_000 });
    const changes = jest.spyOn(Reflect, 'defineProperty');
    const { data } = parsed(text);
    const made = changes.mock.calls.length;
    changes.mockRestore();
    expect(made).toBe(2_000);
    for (const each of data.of) expect(haveOneShape(data.of[0], each)).toBe(true);
    expect(Object.getOwnPropertyNames(data.of[0])).toEqual(['id', 'apiKey', 'hash', 'name']);
    expect(data.of[999].apiKey).toBe(secret);
  });

  it('leave objects without them, and what is in them, as they were parsed', () => {
    const value = JSON.parse('{"a":[{"b":1}],"c":{"d":null},"text":"apiKey"}') as { a: object[] };
    const { data } = parsed('{"apiKey":1}', () => value);
    expect(data).toBe(value);
    expect(data.a[0]).toBe(value.a[0]);
  });

  it('do not change a member that is called __proto__', () => {
    const { data } = parsed(`{"__proto__":{"isAdmin":true},"apiKey":"${secret}","1":2}`);
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
    expect(data.isAdmin).toBeUndefined();
    expect(Object.keys(data)).toEqual(['1', '__proto__']);
    expect(data.apiKey).toBe(secret);
  });

  it('hide a whole answer that cannot be what its text was parsed to', () => {
    const cyclic: Record<string, unknown> = { apiKey: secret };
    cyclic['self'] = cyclic;
    const response = parsed('{"apiKey":1}', () => cyclic);
    expect(response.data.apiKey).toBe(secret);
    expect(findLeaks(response, [secret])).toEqual([]);
  });

  it('are looked for in place where a reviver has made other objects', () => {
    const value = { apiKey: secret };
    const config = { ...OWN, parseReviver: (_: string, each: unknown) => each };
    expect(received('{"apiKey":1}', () => value, config).data).toBe(value);
    expect(findLeaks(value, [secret])).toEqual([]);
  });
});

describe.each([
  ['axios', OWN],
  ['a transform of the application', OTHER],
])('secret fields of an answer parsed by %s', (_, config) => {
  const receivedHere = (raw: unknown) => received(raw, undefined, config);

  it('can be read by name, and are neither listed, serialised nor printed', () => {
    const response = receivedHere(JSON.stringify({ apiKey: secret, id: 1 }));
    expect(response.data.apiKey).toBe(secret);
    expect(Object.keys(response.data)).toEqual(['id']);
    expect({ ...response }.data).toEqual({ id: 1 });
    expect(findLeaks(response, [secret])).toEqual([]);
  });

  it('can be assigned', () => {
    const { data } = receivedHere(JSON.stringify({ apiKey: secret }));
    data.apiKey = 'other';
    expect(data.apiKey).toBe('other');
  });

  it('are hidden with all that is in them', () => {
    const response = receivedHere(JSON.stringify({ hash: { of: [secret] } }));
    expect(response.data.hash.of[0]).toBe(secret);
    expect(findLeaks(response, [secret])).toEqual([]);
  });

  it('are hidden when their name is written with escapes', () => {
    const response = receivedHere(`{"\\u0061piKey":"${secret}"}`);
    expect(response.data.apiKey).toBe(secret);
    expect(findLeaks(response, [secret])).toEqual([]);
  });

  it('are hidden at a depth that recursion would not survive', () => {
    const depth = 20_000;
    const response = receivedHere(`${'{"a":'.repeat(depth)}{"apiKey":"${secret}"}${'}'.repeat(depth)}`);
    let inner = response.data;
    for (let level = 0; level < depth; level += 1) inner = inner.a;
    expect(Object.keys(inner)).toEqual([]);
    expect(inner.apiKey).toBe(secret);
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
        const shown = JSON.stringify(receivedHere(json).data);
        expect(JSON.parse(shown)).toEqual(without(JSON.parse(json)));
      }),
    );
  });
});

describe('secret fields of an answer', () => {
  it('are found in a long answer without a list of all its objects', () => {
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

  it.each([
    ['flat', (objects: number) => Array.from({ length: objects - 1 }, () => ({ apiKey: secret }))],
    [
      'nested',
      (objects: number) => {
        let nested: object = { apiKey: secret };
        for (let each = 1; each < objects; each += 1) nested = { nested, apiKey: secret };
        return nested;
      },
    ],
  ])('hide a whole answer with more objects than are looked through: %s', (_, made) => {
    const shown = (objects: number) => {
      const response = { data: '{"apiKey":1}', config: OTHER } as unknown as AxiosResponse;
      hideSecretFields(response, fields, 10);
      response.data = made(objects);
      return response;
    };
    const [ten, eleven] = [shown(10), shown(11)];
    expect(Object.keys(ten)).toContain('data');
    expect(Object.keys(eleven)).not.toContain('data');
    expect(findLeaks([ten, eleven], [secret])).toEqual([]);
    expect(eleven.data).toEqual(expect.anything());
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

  it('are not shown when the transform fails', () => {
    const response = { data: `{"apiKey":"${secret}"` } as AxiosResponse;
    hideSecretFields(response, fields);
    expect(findLeaks(response, [secret])).toEqual([]);
  });
});

describe('a polluted Object.prototype', () => {
  it.each(
    ['get', 'set', 'value', 'writable'].flatMap((name) =>
      ['text', true, null, {}, () => 'B'].map((value) => [name, value] as const),
    ),
  )('loses no answer and no error by a "%s" that is %p', (name, value) => {
    // oxlint-disable-next-line no-extend-native -- this is the attack
    Object.defineProperty(Object.prototype, name, { value, configurable: true, enumerable: true });
    let outcome: unknown;
    try {
      const raws = ['{"id":1,"apiKey":"k","__proto__":{"hash":"h"}}', 'no JSON: apiKey'];
      const answers = raws.map((raw) => received(raw, (text) => text));
      const { data } = parsed(raws[0] as string);
      const failed = plainCause(new PaymentsAuthError('INVALID_REQUEST', 'refused'));
      outcome = [
        answers.length,
        (data as { apiKey: unknown }).apiKey,
        Object.keys(data as object),
        failed?.message,
      ];
    } catch (error) {
      outcome = error;
    } finally {
      Reflect.deleteProperty(Object.prototype, name);
    }
    expect(outcome).toEqual([2, 'k', ['id', '__proto__'], 'refused']);
  });
});
