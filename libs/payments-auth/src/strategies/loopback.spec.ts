import { describe, expect, it } from '@jest/globals';
import { baseUrlProblem } from '../options/base-url.js';
import { definitionProblems } from '../providers/definition-problems.js';
import { isLoopback } from './loopback.js';

const HOSTS: [host: string, isLoopback: boolean][] = [
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.0.0.2', true],
  ['127.1', true],
  ['2130706433', true],
  ['[::1]', true],
  ['LOCALHOST', true],
  ['127.0.0.1.evil.test', false],
  ['localhost.evil.test', false],
  ['128.0.0.1', false],
  ['0.0.0.0', false],
  ['[::2]', false],
  ['10.0.0.1', false],
];

describe.each(HOSTS)('plain http to %s', (host, expected) => {
  const url = `http://${host}:4000`;

  it(`is ${expected ? 'private' : 'not private'}`, () => {
    expect(isLoopback(new URL(url).hostname)).toBe(expected);
  });

  it('means the same in a definition and as a base URL', () => {
    const inDefinition = definitionProblems({ environments: { live: url } });
    expect(inDefinition.includes('environments.live: expected https')).toBe(!expected);
    expect(baseUrlProblem(url, []) === undefined).toBe(expected);
  });
});
