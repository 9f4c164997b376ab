import { describe, expect, it } from '@jest/globals';
import { parseArguments } from './arguments.js';
import { parseDuration, sayDuration, withRoundedTimes } from '../duration.js';
import { UsageError } from './usage.error.js';

describe('the command line', () => {
  it('names the providers to check, each once', () => {
    expect(parseArguments(['check', 'pesapal', 'kashier', 'pesapal', '--timeout', '2s'])).toMatchObject({
      command: 'check',
      named: [{ name: 'pesapal' }, { name: 'kashier' }],
      timeoutMs: 2_000,
      json: false,
      report: false,
    });
  });

  it.each<[string[], RegExp]>([
    [[], /which command/],
    [['chek'], /"chek" is not a command\. Did you mean "check"\?/],
    [['check', 'pesapl'], /"pesapl" is not a built-in provider\. Did you mean "pesapal"\?/],
    [['check', '--timeout', '5h'], /--timeout must be a time/],
    [['check', '--timeout', '10000'], /--timeout must be a time up to 10m, such as 5 \(seconds\)/],
    [['check', '--timeout', '1000m'], /--timeout must be a time/],
    [['check', '--env-file'], /--env-file/],
    [['check', '--jsn'], /^Unknown option '--jsn'\. Did you mean "--json"\?$/],
    [
      ['check', '--providers', 'daraja'],
      /^Unknown option '--providers'\. Providers are named without an option/,
    ],
    [
      ['explain', '--provider=daraja'],
      /^Unknown option '--provider'\. Providers are named without an option/,
    ],
    [['check', 'daraja,paystack'], /^"daraja,paystack" is more than one name\. .*: daraja paystack\.$/],
    [['env'], /env takes one provider/],
    [['env', 'kashier', 'pesapal'], /env takes one provider/],
    [['env', 'kashier', '--json'], /env takes no --json/],
    [['providers', '--timeout', '1s'], /providers takes no --timeout/],
    [['providers', 'kashier'], /no further words/],
  ])('%j is refused', (argv, message) => {
    expect(() => parseArguments(argv)).toThrow(UsageError);
    expect(() => parseArguments(argv)).toThrow(message);
  });

  it.each([
    ['500ms', 500],
    ['1.5s', 1_500],
    ['2m', 120_000],
    ['5', 5_000],
    ['0.5', 500],
    ['5 s', 5_000],
    ['5sec', 5_000],
    ['30 seconds', 30_000],
    ['250 ms', 250],
    ['1 min', 60_000],
    ['0s', undefined],
    ['5h', undefined],
    ['', undefined],
    ['s', undefined],
    ['-5s', undefined],
  ])('reads %j as %j milliseconds', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    [12.4, '12 ms'],
    [999.6, '1 s'],
    [1_549, '1.5 s'],
    [5_000, '5 s'],
    [9_960, '10 s'],
    [20_400, '20 s'],
    [119_400, '119 s'],
    [299_951, '5 min'],
    [3_599_950, '1 h'],
    [5_400_000, '90 min'],
    [36_000_000, '10 h'],
    [123_456_789, '34.3 h'],
    [172_800_000, '2 days'],
    [223_456_789, '2.6 days'],
    [7_777_777_777, '90 days'],
  ])('says %d ms as %j', (ms, text) => {
    expect(sayDuration(ms)).toBe(text);
  });

  it.each([
    ['no answer within 15000 ms (the option x)', 'no answer within 15 s (the option x)'],
    ['timeout of 30000ms exceeded, again in 299951.4 ms', 'timeout of 30 s exceeded, again in 5 min'],
    ['no answer within 9999 ms', 'no answer within 10 s'],
    ['no answer within 950 ms, then 90 s', 'no answer within 950 ms, then 90 s'],
    ['took 0.123456789 s', 'took 123 ms'],
    ['wait 86399 seconds, or 12.345678 milliseconds', 'wait 24 h, or 12 ms'],
    ['order 12345 msisdn', 'order 12345 msisdn'],
  ])('rounds the long times in %j', (words, rounded) => {
    expect(withRoundedTimes(words)).toBe(rounded);
  });
});
