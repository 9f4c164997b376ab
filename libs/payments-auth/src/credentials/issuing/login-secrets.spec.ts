import { describe, expect, it } from '@jest/globals';
import { LOGIN_DEFINITION } from '../../../../../test/support/credential-bed.js';
import { loginSecrets } from './login-secrets.js';

const REQUEST = { method: 'POST', path: '/token', headers: {} } as const;
const secretsOf = (body: unknown) => loginSecrets(LOGIN_DEFINITION, {}, REQUEST, { body });

describe('the secrets of a login', () => {
  it.each([
    ['a list', (values: readonly string[]) => ({ access_token: values })],
    ['lists in a list', (values: readonly string[]) => [values, { access_token: values }]],
    [
      'an object',
      (values: readonly string[]) => Object.fromEntries(values.map((each) => [`${each}_token`, each])),
    ],
  ])('are found in %s of 300 000 values without a look at each value', (_, bodyOf) => {
    const values = Array.from({ length: 300_000 }, (__, index) => `value-${index}`);
    const secrets = secretsOf(bodyOf(values));
    expect(secrets).toContain('value-299999');
    expect(secrets.length).toBeLessThanOrEqual(200);
  });
});
