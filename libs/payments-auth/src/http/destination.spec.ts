import type { InternalAxiosRequestConfig } from 'axios';
import { applicationAxios } from '../application-axios.js';
import { isPaymentsAuthError } from '../payments-auth.errors.js';
import { Destinations, type Destination } from './destination.js';
import { fc } from '../../../../test/support/chances.js';

const BASE = 'https://pay.acme.test/v3';

const acme = new Destinations({
  name: 'acme',
  hosts: { api: BASE, fep: 'https://fep.acme.test' },
  defaultHost: 'api',
  insecureHosts: [],
});

function check(parts: Record<string, unknown>, destinations = acme, host?: string): Destination {
  const config = { baseURL: BASE, method: 'get', headers: {}, ...parts };
  return destinations.check(config as unknown as InternalAxiosRequestConfig, host);
}

function refusal(parts: Record<string, unknown>, destinations = acme, host?: string): string {
  try {
    check(parts, destinations, host);
  } catch (error) {
    if (isPaymentsAuthError(error) && error.code === 'INSECURE_DESTINATION') return error.message;
    throw error;
  }
  return '';
}

describe('the destination check', () => {
  it.each([
    ['a relative path', '/orders/1', '/orders/1'],
    ['a path without slash', 'orders', '/orders'],
    ['a trailing slash', '/o/token/', '/o/token/'],
    ['a query', '/orders?a=1&b=%2F', '/orders'],
    ['an encoded character', '/orders/a%20b', '/orders/a%20b'],
    ['nothing', undefined, ''],
    ['an absolute URL below the base URL', `${BASE}/orders`, '/orders'],
    ['the host in upper case, which is the same host', 'https://PAY.ACME.TEST/v3/orders', '/orders'],
    ['the default port', 'https://pay.acme.test:443/v3/orders', '/orders'],
    ['dots that stay below the base path', '/a/../orders', '/orders'],
    ['another declared host', 'https://fep.acme.test/refunds', '/refunds'],
  ])('allows %s', (_, url, path) => {
    expect(check({ url }).path).toBe(path);
  });

  it.each([
    ['another host', 'https://evil.test/v3/orders'],
    ['a protocol-relative URL', '//evil.test/v3'],
    ['a host that starts alike', 'https://pay.acme.test.evil.test/v3'],
    ['a host that ends alike', 'https://evilpay.acme.test/v3'],
    ['that in upper case', 'HTTPS://PAY.ACME.TEST.EVIL.TEST/v3'],
    ['a trailing dot', 'https://pay.acme.test./v3'],
    ['another port', 'https://pay.acme.test:8443/v3'],
    ['a letter of another alphabet', 'https://pаy.acme.test/v3'],
    ['its punycode', 'https://xn--py-7kc.acme.test/v3'],
    ['an address', 'https://93.184.216.34/v3'],
    ['an address as one number', 'https://1572395042/v3'],
    ['an IPv6 address', 'https://[2001:db8::1]/v3'],
    ['plain http', 'http://pay.acme.test/v3/orders'],
    ['plain http on the port of https', 'http://pay.acme.test:443/v3/orders'],
    ['a user name', 'https://user@pay.acme.test/v3'],
    ['a user name that looks like the host', 'https://pay.acme.test@evil.test/v3'],
    ['a password', 'https://user:secret@pay.acme.test/v3'],
    ['backslashes', 'https:\\\\evil.test/v3'],
    ['a file URL', 'file:///etc/passwd'],
    ['a path that leaves the base path', '/../admin'],
    ['an encoded one', '/%2e%2e/admin'],
    ['a half-encoded one', '/.%2E/admin'],
    ['one with backslashes', '/..\\admin'],
    ['one with an encoded slash', '/..%2fadmin'],
    ['one with an encoded backslash', '/..%5Cadmin'],
    ['a doubly encoded one', '/%252e%252e%252fadmin'],
    ['one with a path parameter', '/..;/admin'],
    ['a base path that starts alike', 'https://pay.acme.test/v3-admin/orders'],
    ['what no parser understands', 'https://'],
    ['a scheme without slashes', 'https:evil.test'],
  ])('refuses %s', (_, url) => {
    expect(refusal({ url })).toMatch(/was not sent/);
  });

  it.each([
    ['another base URL', { url: '/orders', baseURL: 'https://evil.test/v3' }],
    ['a blob URL that wraps an allowed one', { url: `blob:${BASE}/orders`, baseURL: undefined }],
    ['a data URL', { url: 'data:application/json,{}', baseURL: undefined }],
    ['an empty base URL', { url: '/orders', baseURL: '' }],
    ['a base URL that ends in a user name', { url: 'evil.test/x', baseURL: 'https://pay.acme.test@' }],
    ['a plain base URL', { url: '/orders', baseURL: 'http://pay.acme.test/v3' }],
    ['`auth`', { url: '/orders', auth: { username: 'u', password: 'p' } }],
    ['a socket path', { url: '/orders', socketPath: '/var/run/docker.sock' }],
    ['a transport, which may follow redirects', { url: '/orders', transport: {} }],
    ['a Host header for another tenant', { url: '/orders', headers: { HOST: 'evil.test' } }],
    ['an HTTP/2 session elsewhere', { url: '/orders', http2Options: { host: 'evil.test' } }],
  ])('refuses %s in the config', (_, parts) => {
    expect(refusal(parts)).toMatch(/was not sent/);
  });

  it('allows a Host header that says what the URL says', () => {
    expect(check({ url: '/orders', headers: { host: 'pay.acme.test' } }).path).toBe('/orders');
  });

  it('treats an absolute URL as relative where axios does', () => {
    const url = 'https://evil.test/x';
    expect(check({ url, allowAbsoluteUrls: false }).pathAndQuery).toBe('/v3/https://evil.test/x');
  });

  it('picks a named host, whatever the base URL, and names those there are', () => {
    expect(check({ url: '/refunds' }, acme, 'fep')).toMatchObject({
      host: 'fep',
      origin: 'https://fep.acme.test',
      path: '/refunds',
    });
    expect(refusal({ url: '/' }, acme, 'constructor')).toContain('no host named "constructor"');
  });

  it('says neither path nor query nor user of what it refused', () => {
    const message = refusal({ url: 'https://user:hidden-1@evil.test/hidden-2?token=hidden-3#hidden-4' });
    expect(message).not.toContain('hidden');
  });

  it.each([
    ['http://127.0.0.1:3000', true],
    ['http://127.8.9.10:3000', true],
    ['http://localhost:3000', true],
    ['http://[::1]:3000', true],
    ['http://sandbox:3000', true],
    ['http://0.0.0.0:3000', false],
    ['http://localhost.evil.test', false],
    ['http://127.0.0.1.evil.test', false],
    ['http://10.0.0.1', false],
  ])('plain http to %s: %s', (url, allowed) => {
    const plain = new Destinations({
      name: 'acme',
      hosts: { api: url },
      defaultHost: 'api',
      insecureHosts: ['Sandbox'],
    });
    expect(refusal({ baseURL: url, url: '/x' }, plain) === '').toBe(allowed);
  });

  const piece = fc.oneof(
    fc.constantFrom(
      '/',
      '//',
      '\\',
      '.',
      '..',
      '%2e',
      '%2f',
      '%5c',
      '%252e',
      ':',
      '@',
      '?',
      '#',
      ';',
      ' ',
      '\t',
    ),
    fc.constantFrom('https:', 'http:', 'evil.test', 'pay.acme.test', 'v3', 'orders', 'a', '[::1]', '443'),
  );

  it('lets nothing through that axios and URL send outside the declared base URLs', () => {
    const property = fc.property(
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
      fc.option(fc.boolean(), { nil: undefined }),
      (url, allowAbsoluteUrls) => {
        let allowed: Destination;
        try {
          allowed = check({ url, allowAbsoluteUrls });
        } catch (error) {
          return isPaymentsAuthError(error) && error.code === 'INSECURE_DESTINATION';
        }
        const sent = new URL(applicationAxios.getUri({ baseURL: BASE, url, allowAbsoluteUrls }));
        const inside = sent.pathname === '/v3' || sent.pathname.startsWith('/v3/');
        return (
          sent.username === '' &&
          allowed.pathAndQuery === sent.pathname + sent.search &&
          ((sent.origin === 'https://pay.acme.test' && inside) || sent.origin === 'https://fep.acme.test')
        );
      },
    );
    expect(fc.check(property, { numRuns: 5_000 })).toMatchObject({ failed: false });
  });
});
