import { describe, expect, it } from '@jest/globals';
import { deepOwnCopy, define, disinherited } from './own-properties.js';

const POLLUTED = ['get', 'set', 'value', 'writable', 'enumerable'].flatMap((name) =>
  ['text', true, null, {}, () => 'B'].map((value) => [name, value] as const),
);

describe('objects made with a polluted Object.prototype', () => {
  it.each(POLLUTED)('are what they would be without a "%s" that is %p', (name, value) => {
    // oxlint-disable-next-line no-extend-native -- this is the attack
    Object.defineProperty(Object.prototype, name, { value, configurable: true });
    let outcome: unknown;
    try {
      const copy = deepOwnCopy({ a: { b: 1 } });
      const plain: { a: number; hidden?: string } = define({ a: 1 }, 'hidden', { get: () => 'mine' });
      outcome = [copy.a.b, plain.hidden, Object.keys(plain), Object.hasOwn(copy, name)];
    } catch (error) {
      outcome = error;
    } finally {
      Reflect.deleteProperty(Object.prototype, name);
    }
    expect(outcome).toEqual([1, 'mine', ['a'], false]);
  });

  it('have none of its fields when they are parsed from JSON', () => {
    // oxlint-disable-next-line no-extend-native -- this is the attack
    Object.defineProperty(Object.prototype, 'account', { value: 'B', configurable: true });
    const parsed = disinherited(JSON.parse('{"list":[{}]}')) as { list: { account?: string }[] };
    const read = parsed.list[0]?.account;
    Reflect.deleteProperty(Object.prototype, 'account');
    expect(read).toBeUndefined();
  });
});
