import { afterEach, describe, expect, it } from '@jest/globals';
import { variablesOf } from './variables.js';

const NAME = 'PAYMENTS_AUTH_TEST_VARIABLE';

describe('variables', () => {
  afterEach(() => {
    delete process.env[NAME];
  });

  it('come from process.env, where an empty one counts as unset', () => {
    process.env[NAME] = 'from the process';
    expect(variablesOf(undefined)(NAME)).toBe('from the process');
    process.env[NAME] = '';
    expect(variablesOf(undefined)(NAME)).toBeUndefined();
    delete process.env[NAME];
    expect(variablesOf(undefined)(NAME)).toBeUndefined();
  });

  it("come from the application's ConfigService alone where there is one", () => {
    process.env[NAME] = 'from the process';
    const read = (value: unknown) => variablesOf({ get: () => value })(NAME);
    expect(read('configured')).toBe('configured');
    expect(read('')).toBeUndefined();
    expect(read(undefined)).toBeUndefined();
    expect(read({})).toBeUndefined();
  });

  it.each([
    ['0012345678', 12_345_678, true],
    ['9007199254740993', 9_007_199_254_740_992, true],
    ['1e21', 1e21, true],
    ['+12', 12, true],
    ['12.50', 12.5, true],
    ['cs_12', NaN, true],
    ['12345', 12_345, false],
    ['0', 0, false],
    [undefined, 12_345, false],
    [undefined, 1e21, true],
    // This number is a default of the application. It was not read from the text.
    ['7', 12_345, false],
  ])('lose digits when the text %j becomes the number %d: %s', (text, value, lost) => {
    if (text !== undefined) process.env[NAME] = text;
    expect(variablesOf({ get: () => value }).hasLostDigits?.(NAME)).toBe(lost);
  });

  it('are text again where a validation schema has made numbers of them', () => {
    expect(variablesOf({ get: () => 12_345 })(NAME)).toBe('12345');
    expect(variablesOf({ get: () => false })(NAME)).toBe('false');
  });
});
