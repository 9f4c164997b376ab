import { describe, expect, it } from '@jest/globals';
import { defineProvider, isPaymentsAuthError } from '../index.js';
import { FakeCredentialService } from './fake-credential.service.js';

describe('FakeCredentialService', () => {
  it('gives a token, and headers made of it', async () => {
    const fake = new FakeCredentialService({ headers: (token) => ({ 'X-Key': token }), expiresAtMs: 5 });
    expect(await fake.get()).toMatchObject({ provider: 'fake', token: 'test-token', expiresAtMs: 5 });
    expect(await fake.headers()).toEqual({ 'X-Key': 'test-token' });
    expect(fake.status()).toMatchObject({ state: 'fresh', expiresAtMs: 5 });
  });

  it('signs in authenticate() as a definition does, and fails there when a test says so', async () => {
    const definition = defineProvider<{ secret: string }, 'acme'>({
      name: 'acme',
      title: 'Acme',
      docs: 'https://docs.acme.test',
      environments: { live: { api: 'https://api.acme.test/v1', files: 'https://files.acme.test' } },
      credentials: { secret: {} },
      defaultHeaders: () => ({ 'X-Version': '1' }),
      sign: ({ method, url, body = '', nowMs, credentials, random }) => ({
        headers: {
          'X-Sig': [method, url.href, String(body), nowMs, credentials.secret, random(2).join('')].join(' '),
        },
      }),
    });
    const fake = new FakeCredentialService({ definition, nowMs: 7 });
    const request = { method: 'POST', url: '/pay', body: '{}', headers: { 'X-Own': 'kept' } };
    expect(await fake.authenticate(request)).toMatchObject({
      url: 'https://api.acme.test/v1/pay',
      body: '{}',
      headers: {
        'x-own': 'kept',
        'x-version': '1',
        'x-sig': 'POST https://api.acme.test/v1/pay {} 7 test-acme-secret 00',
      },
    });
    const shop = fake.account('shop-1');
    const { headers } = await shop.authenticate({ method: 'GET', url: '/list', host: 'files' });
    expect(headers['x-sig']).toBe('GET https://files.acme.test/list  7 test-acme-shop-1-secret 00');
    fake.fail('SIGNING_FAILED');
    await expect(fake.authenticate(request)).rejects.toMatchObject({ code: 'SIGNING_FAILED' });
  });

  it('gives another token after refresh(), revoke() and rotate()', async () => {
    const fake = new FakeCredentialService({ token: 't' });
    expect((await fake.refresh()).token).toBe('t-2');
    await fake.revoke();
    expect((await fake.get()).token).toBe('t-3');
    await fake.rotate();
    expect((await fake.get()).token).toBe('t-4');
    expect(fake.calls).toEqual({ headers: 0, get: 2, refresh: 1, revoke: 1, rotate: 1 });
  });

  it('gives no new token in place of one that was already replaced, like the real service', async () => {
    const fake = new FakeCredentialService({ token: 't' });
    const first = await fake.get();
    await fake.refresh(first);
    expect((await fake.refresh(first)).token).toBe('t-2');
  });

  it('fails with the code that a test gives, until it recovers', async () => {
    const fake = new FakeCredentialService();
    fake.fail('CREDENTIALS_UNAVAILABLE', { retryAfterMs: 2_000 });
    const error: unknown = await fake.headers().catch((reason: unknown) => reason);
    expect(isPaymentsAuthError(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'CREDENTIALS_UNAVAILABLE',
      provider: 'fake',
      retryAfterMs: 2_000,
    });
    expect(fake.status()).toMatchObject({ state: 'unavailable', lastErrorCode: 'CREDENTIALS_UNAVAILABLE' });
    fake.recover();
    expect(await fake.headers()).toEqual({ Authorization: 'Bearer test-token' });
  });

  it('has a fake of its own for each account', async () => {
    const fake = new FakeCredentialService({ token: 't' });
    const shop = fake.account('shop-1');
    expect(fake.account('shop-1')).toBe(shop);
    expect(await shop.get()).toMatchObject({ token: 't-shop-1', account: 'shop-1' });
    shop.fail('CREDENTIALS_REJECTED');
    expect(shop.status().state).toBe('rejected');
    expect(fake.status().state).toBe('fresh');
  });
});
