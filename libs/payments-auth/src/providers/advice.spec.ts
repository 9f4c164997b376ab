import { describe, expect, it } from '@jest/globals';
import { BUILT_IN_PROVIDERS, cryptofuse, kashier, pesapal, wakapay } from './index.js';
import type { ProviderDefinition } from './provider-definition.js';
import { adviceFor, type Symptom } from './advice.js';

const providers = (BUILT_IN_PROVIDERS as readonly ProviderDefinition[]).map(
  (each) => [each.name, each] as const,
);
const entries = providers.flatMap(([name, definition]) =>
  (definition.advice ?? []).map(
    (advice) => [name, advice.says ?? advice.status, definition, advice] as const,
  ),
);

describe('advice', () => {
  it.each(entries)('of %s for %j is found, and no earlier advice hides it', (_, __, definition, advice) => {
    const [status] = [advice.status ?? 400].flat();
    const { cause, fix } = advice;
    const symptom = { on: advice.on, what: advice.says ?? 'no', status };
    expect(adviceFor(definition, symptom)).toEqual({ cause, fix });
  });

  it.each(providers)('of %s names no variable that the provider does not have', (_, definition) => {
    const { advice = [], environmentVariable, baseUrlVariable, scopesVariable, credentials } = definition;
    const known = [
      ...Object.values(credentials).map(({ variable }) => variable),
      ...Object.values(typeof baseUrlVariable === 'object' ? baseUrlVariable : { api: baseUrlVariable }),
      environmentVariable,
      scopesVariable,
    ];
    const named = advice.flatMap(({ fix }) => fix.match(/\b[A-Z]+(?:_[A-Z]+)+\b/g) ?? []);
    expect(named.filter((variable) => !known.includes(variable))).toEqual([]);
  });

  it.each<[string, ProviderDefinition, Symptom, RegExp]>([
    ['a rate limit', wakapay, { on: 'login', what: 'too many', status: 429 }, /enough requests/],
    ['an outage', pesapal, { on: 'login', what: 'HTTP 503', status: 503 }, /failure of its own/],
    ['a redirect', wakapay, { on: 'login', what: 'HTTP 302', status: 302 }, /redirect/],
    ['a path that is not there', wakapay, { on: 'call', what: 'HTTP 404', status: 404 }, /no such path/],
    ["a firewall's page", cryptofuse, { on: 'login', what: 'HTTP 403', status: 403 }, /firewall/],
    ['success without a token', wakapay, { on: 'login', what: 'HTTP 200', status: 200 }, /without a usable/],
    ['silence', pesapal, { on: 'login', what: 'timeout' }, /in time/],
    ['a name nobody knows', pesapal, { on: 'call', what: 'ENOTFOUND' }, /looked up/],
    ['a port where nobody listens', pesapal, { on: 'login', what: 'ECONNREFUSED' }, /nothing listens/],
    ['a proxy that looks in', pesapal, { on: 'login', what: 'SELF_SIGNED_CERT_IN_CHAIN' }, /not trusted/],
    ['a certificate that is over', pesapal, { on: 'login', what: 'CERT_HAS_EXPIRED' }, /not trusted/],
    ['a cut connection', pesapal, { on: 'login', what: 'ECONNRESET' }, /was cut/],
    ['a missing variable', kashier, { on: 'settings', what: 'KASHIER_SECRET_KEY: missing' }, /settings/],
    ['words nobody has documented', pesapal, { on: 'login', what: 'teapot', status: 418 }, /not documented/],
  ])('exists for %s, at any provider', (_, definition, symptom, cause) => {
    expect(adviceFor(definition, symptom).cause).toMatch(cause);
  });

  it.each([kashier, wakapay])('does not speak of logins where calls are limited ($name)', (each) => {
    const { cause, fix } = adviceFor(each, { on: 'call', what: 'Too Many Requests', status: 429 });
    expect(`${cause} ${fix}`).toMatch(/requests.*fewer calls/);
    expect(`${cause} ${fix}`).not.toMatch(/login|token/i);
  });
});
