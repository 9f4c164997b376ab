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

  it('are text again where a validation schema has made numbers of them', () => {
    expect(variablesOf({ get: () => 12_345 })(NAME)).toBe('12345');
    expect(variablesOf({ get: () => false })(NAME)).toBe('false');
  });
});
