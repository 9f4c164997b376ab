import { describe, expect, it } from '@jest/globals';
import { isPaymentsAuthError } from '../index.js';
import { FakeCredentialService } from './fake-credential.service.js';

describe('FakeCredentialService', () => {
  it('gives a token, and headers made of it', async () => {
    const fake = new FakeCredentialService({ headers: (token) => ({ 'X-Key': token }), expiresAtMs: 5 });
    expect(await fake.get()).toMatchObject({ provider: 'fake', token: 'test-token', expiresAtMs: 5 });
    expect(await fake.headers()).toEqual({ 'X-Key': 'test-token' });
    expect(fake.status()).toMatchObject({ state: 'fresh', expiresAtMs: 5 });
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

  it('gives no new token for one that has been replaced already, as the real one does', async () => {
    const fake = new FakeCredentialService({ token: 't' });
    const first = await fake.get();
    await fake.refresh(first);
    expect((await fake.refresh(first)).token).toBe('t-2');
  });

  it('fails with the code it is told, until it recovers', async () => {
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
