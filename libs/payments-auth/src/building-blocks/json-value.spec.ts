import { describe, expect, it } from '@jest/globals';
import { isJsonObject, textAt, valueAt } from './json-value.js';

describe('valueAt', () => {
  const body = {
    data: { token: 'tok', none: null, list: ['a', { code: 'b' }] },
    errors: [{ code: 'bad_key' }],
    '': 'unnamed',
  };

  it.each<[string, unknown]>([
    ['data.token', 'tok'],
    ['data.none', null],
    ['data.list.0', 'a'],
    ['data.list.1.code', 'b'],
    ['data.list.2', undefined],
    ['data.list.-1', undefined],
    ['data.list.00', undefined],
    ['data.list.length', undefined],
    ['data.list.at', undefined],
    ['errors.0.code', 'bad_key'],
    ['data.none.deeper', undefined],
    ['data.token.length', undefined],
    ['data.token.0', undefined],
    ['missing', undefined],
    ['', 'unnamed'],
  ])('%j is %j', (path, value) => {
    expect(valueAt(body, path)).toEqual(value);
  });

  it('begins in a list where the body is one', () => {
    expect(valueAt([{ code: 'x' }], '0.code')).toBe('x');
  });

  it('sees only what the JSON has, and nothing that every object has', () => {
    expect(valueAt({}, 'toString')).toBeUndefined();
    expect(valueAt({}, '__proto__')).toBeUndefined();
    expect(valueAt(JSON.parse('{"__proto__":{"a":1}}'), '__proto__.a')).toBe(1);
  });

  it.each([[undefined], [null], ['text'], [7], [[]]])('is undefined in %j', (nothing) => {
    expect(valueAt(nothing, 'length')).toBeUndefined();
    expect(isJsonObject(nothing)).toBe(false);
  });
});

describe('textAt', () => {
  it('is the text that stands there, and undefined for anything else', () => {
    expect(textAt({ a: 'b' }, 'a')).toBe('b');
    expect(textAt({ errors: [{ code: 'c' }] }, 'errors.0.code')).toBe('c');
    for (const a of ['', 0, null, {}, ['b'], true]) expect(textAt({ a }, 'a')).toBeUndefined();
  });
});
