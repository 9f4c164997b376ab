import { describe, expect, it } from '@jest/globals';
import { LOGIN_DEFINITION } from '../../../../test/support/credential-bed.js';
import type { HeaderValues, ProviderDefinition } from '../providers/provider-definition.js';
import { DefinitionFault } from '../strategies/definition-fault.js';
import { headersOf } from './call-headers.js';

const making = (values: unknown): ProviderDefinition => ({
  ...LOGIN_DEFINITION,
  headers: () => values as HeaderValues,
});

describe('the headers of a credential', () => {
  it('leave out what is absent or empty', () => {
    const values = { authorization: 'test-key', 'api-key': undefined, 'x-merchant': '' };
    expect(headersOf(making(values), {}, '').headers).toEqual({ authorization: 'test-key' });
  });

  it.each([
    'test\r\nx-injected: 1',
    'test\u0000',
    ' test',
    'test ',
    'tést',
    'Bearer undefined',
    'Bearer null',
    'Bearer [object Object]',
    'undefined',
    'Bearer Bearer test',
    7,
  ])('are not made of %j: the error names the header and does not show the value', (value) => {
    let message = '';
    try {
      headersOf(making({ authorization: value }), {}, '');
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(
      /^headers returned a value for the header "authorization" that (?:cannot be sent: it has a line break|ends in "undefined" or the like|has its scheme twice, as if the credential began|is a number; expected a text)/,
    );
    expect(message).not.toMatch(/test|tést|Bearer/);
  });

  it.each<[string, unknown, RegExp]>([
    ['null', null, /returned null; expected an object/],
    ['a text', 'X-Key: test-key', /returned a string; expected an object/],
    ['a list', [['x-key', 'test-key']], /returned a list; expected an object/],
    [
      'a Headers',
      new Headers({ 'x-key': 'test-key' }),
      /returned a collection \(Headers\); expected a plain object/,
    ],
    ['a Map', new Map([['x-key', 'test-key']]), /returned a collection \(Map\); expected a plain object/],
    ['the host', { Host: 'evil.test' }, /returned "Host": this header is made by the HTTP client/],
    ['a name that is none', { 'x key': 'test-key' }, /returned "x key": not the name of a header/],
    ['one name twice', { 'x-key': 'a', 'X-KEY': 'b' }, /returned the header "X-KEY" twice/],
    ['a promise', Promise.resolve({}), /returned a promise; it must return its result directly/],
  ])('are not made of %s', (_, values, said) => {
    expect(() => headersOf(making(values), {}, '')).toThrow(DefinitionFault);
    expect(() => headersOf(making(values), {}, '')).toThrow(said);
  });

  it('are never empty, because a call would be sent without a credential', () => {
    expect(() => headersOf(making({ authorization: undefined }), {}, '')).toThrow('returns no header');
  });

  it('come with the static credentials only where an attempt needs more than headers', () => {
    const definition = making({ authorization: 'test-key' });
    const credentials = { key: 'test-key', extra: 'test-extra' };
    expect(headersOf(definition, credentials, '')).toEqual({ headers: { authorization: 'test-key' } });
    for (const part of [{ sign: () => ({}) }, { defaultHeaders: () => ({}) }])
      expect(headersOf({ ...definition, ...part }, credentials, '').signing).toEqual(credentials);
  });
});
