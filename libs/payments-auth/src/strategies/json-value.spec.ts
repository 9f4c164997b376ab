import { isJsonObject, textAt, valueAt } from './json-value.js';

describe('valueAt', () => {
  const body = { data: { token: 'tok', none: null, list: ['a'] }, '': 'unnamed' };

  it.each<[string, unknown]>([
    ['data.token', 'tok'],
    ['data.none', null],
    ['data.list', ['a']],
    ['data.list.0', undefined],
    ['data.none.deeper', undefined],
    ['data.token.length', undefined],
    ['missing', undefined],
    ['', 'unnamed'],
  ])('%j is %j', (path, value) => {
    expect(valueAt(body, path)).toEqual(value);
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
    for (const a of ['', 0, null, {}, ['b'], true]) expect(textAt({ a }, 'a')).toBeUndefined();
  });
});
