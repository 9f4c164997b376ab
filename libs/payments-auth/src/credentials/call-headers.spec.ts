import { describe, expect, it } from '@jest/globals';
import { LOGIN_DEFINITION } from '../../../../test/support/credential-bed.js';
import type { CallHeaders, HeaderValues, ProviderDefinition } from '../providers/provider-definition.js';
import { callHeadersFor, headersOf } from './call-headers.js';

const making = (values: unknown): ProviderDefinition => ({
  ...LOGIN_DEFINITION,
  headers: () => values as HeaderValues,
});
const CALL = { method: 'POST', host: 'api', path: '/v3/payment/sessions' };

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
  ])('are not made of %j: the header is named, the value is not', (value) => {
    let message = '';
    try {
      headersOf(making({ authorization: value }), {}, '');
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toBe('the value of header "authorization" cannot be sent');
  });

  it('are never none at all: without one, a call would go out without a credential', () => {
    expect(() => headersOf(making({ authorization: undefined }), {}, '')).toThrow('makes no header');
  });

  it.each([
    [{}, true],
    [{ methods: ['POST'] }, true],
    [{ methods: ['GET'] }, false],
    [{ host: 'fep' }, false],
    [{ path: '/v3/payment/sessions' }, true],
    [{ path: '/v3/payment' }, false],
    [{ path: /^\/v3\/payment\//g }, true],
    [{ methods: ['POST'], host: 'api', path: /sessions$/ }, true],
  ] as [Partial<CallHeaders>, boolean][])('that only some calls carry: %j → %p', (rule, wanted) => {
    const callHeaders = [{ ...rule, headers: () => ({ 'api-key': 'test-key' }) }];
    const definition = { ...making({ authorization: 'a' }), callHeaders };
    const made = headersOf(definition, {}, '').callHeaders;
    for (let twice = 0; twice < 2; twice += 1)
      expect(callHeadersFor(definition, made, CALL)).toEqual(wanted ? { 'api-key': 'test-key' } : undefined);
  });
});
