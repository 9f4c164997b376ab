import { describe, expect, it } from '@jest/globals';
import { LOGIN_DEFINITION } from '../../../../test/support/credential-bed.js';
import type { HeaderValues, ProviderDefinition } from '../providers/provider-definition.js';
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
    7,
  ])('are not made of %j: the error names the header and does not show the value', (value) => {
    let message = '';
    try {
      headersOf(making({ authorization: value }), {}, '');
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toBe('the value of header "authorization" cannot be sent');
  });

  it('are never empty, because a call would be sent without a credential', () => {
    expect(() => headersOf(making({ authorization: undefined }), {}, '')).toThrow('makes no header');
  });

  it('come with the static credentials only where an attempt needs more than headers', () => {
    const definition = making({ authorization: 'test-key' });
    const credentials = { key: 'test-key', extra: 'test-extra' };
    expect(headersOf(definition, credentials, '')).toEqual({ headers: { authorization: 'test-key' } });
    for (const part of [{ sign: () => ({}) }, { defaultHeaders: () => ({}) }])
      expect(headersOf({ ...definition, ...part }, credentials, '').signing).toEqual(credentials);
  });
});
