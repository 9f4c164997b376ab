import { describe, expect, it } from '@jest/globals';
import { readArguments } from './demo.arguments.js';

describe('the demo', () => {
  it('runs against the sandbox, and serves afterwards, when it is given no arguments', () => {
    expect(readArguments([])).toMatchObject({ once: false, live: false, help: false, seconds: 12 });
  });

  it('takes --live only when it is written out in full', () => {
    expect(readArguments(['--live']).live).toBe(true);
    expect(() => readArguments(['--liv'])).toThrow(/--liv/);
  });

  it('takes the names of providers, each once', () => {
    expect(readArguments([])).not.toHaveProperty('providers');
    expect(readArguments(['--providers', 'daraja, paystack,daraja']).providers).toEqual([
      'daraja',
      'paystack',
    ]);
    expect(() => readArguments(['--providers', ','])).toThrow(/at least one provider/);
  });

  it.each([
    ['--seconds', '0'],
    ['--seconds', 'ten'],
    ['--port', '65536'],
    ['--port', ''],
  ])('refuses %s %p, and says what is expected', (name, value) => {
    expect(() => readArguments([name, value])).toThrow(new RegExp(`${name} must be a whole number`));
  });
});
