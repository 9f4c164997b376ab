import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { cashfin, clickpesa, kashier } from '../providers/index.js';
import type { ProviderDefinition } from '../providers/provider-definition.js';
import type { Credentials } from '../strategies/strategy.js';
import { configuredProvider } from '../../../../test/support/configured-provider.js';
import { changing, fixed } from '../../../../test/support/credential-bed.js';
import { credentialsInForce } from '../../../../test/support/credentials-in-force.js';
import { ManualClock } from '../testing/manual-clock.js';
import { clickPesaChecksum } from './clickpesa-checksum.js';
import { kashierOrderHash } from './kashier.js';
import { PaymentsSignaturesService } from './payments-signatures.service.js';
import { WebhookVerifier } from './webhook-verifier.js';

const NEW = 'test-secret-not-real-new';
const OLD = 'test-secret-not-real-old';

type Source = readonly Credentials[] | (() => readonly Credentials[] | Promise<readonly Credentials[]>);

function configured(
  definition: unknown,
  name: string,
  own: Source | undefined,
  accounts?: (account: string) => readonly Credentials[] | undefined,
): ConfiguredProvider {
  return configuredProvider({
    name,
    definition: definition as ProviderDefinition,
    ...(own === undefined ? {} : { own: typeof own === 'function' ? changing(own) : fixed(() => own) }),
    ...(accounts === undefined ? {} : { accounts: changing(accounts) }),
  });
}

function service(...providers: ConfiguredProvider[]) {
  const clock = new ManualClock();
  return {
    clock,
    signatures: new PaymentsSignaturesService(
      new WebhookVerifier(providers, {
        inForce: credentialsInForce(providers, clock),
        http: () => {
          throw new Error('nobody calls');
        },
        clock,
        events: { emit: () => {} },
      }),
    ),
  };
}

function cashfinMessage(secret: string) {
  const rawBody = Buffer.from('{}');
  return {
    headers: { 'x-cashfin-signature': createHmac('sha256', secret).update(rawBody).digest('hex') },
    rawBody,
  };
}

describe('PaymentsSignaturesService', () => {
  const order = { orderId: 'ORDER-1', amount: '100', currency: 'EGP' };

  it('hashes Kashier orders with the newest Payment API key and the configured merchant', async () => {
    const own = [
      { apiKey: NEW, merchantId: 'MID-0-1' },
      { apiKey: OLD, merchantId: 'MID-0-0' },
    ];
    const { signatures } = service(configured(kashier, 'kashier', own));
    expect(await signatures.kashierOrderHash(order)).toBe(
      kashierOrderHash({ ...order, merchantId: 'MID-0-1' }, NEW),
    );
    expect(await signatures.kashierOrderHash({ ...order, merchantId: 'MID-9' })).toBe(
      kashierOrderHash({ ...order, merchantId: 'MID-9' }, NEW),
    );
  });

  it('hashes for another merchant, and for Kashier under another name', async () => {
    const { signatures } = service(
      configured(kashier, 'kashier-test', undefined, (id) =>
        id === 'acme' ? [{ apiKey: OLD, merchantId: 'MID-ACME' }] : undefined,
      ),
    );
    expect(await signatures.kashierOrderHash(order, { provider: 'kashier-test', account: 'acme' })).toBe(
      kashierOrderHash({ ...order, merchantId: 'MID-ACME' }, OLD),
    );
    await expect(
      signatures.kashierOrderHash(order, { provider: 'kashier-test', account: 'other' }),
    ).rejects.toMatchObject({ code: 'ACCOUNT_UNKNOWN', account: 'other' });
    await expect(signatures.kashierOrderHash(order, { provider: 'kashier-test' })).rejects.toMatchObject({
      code: 'ACCOUNT_UNKNOWN',
    });
  });

  it('names the variable of a key that is not configured', async () => {
    const { signatures } = service(configured(kashier, 'kashier', [{ secretKey: 'x' }]));
    await expect(signatures.kashierOrderHash(order)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('KASHIER_API_KEY'),
    });
    await expect(signatures.verifyKashierRedirect('')).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });

  it('verifies redirects with each of the configured keys', async () => {
    const { signatures } = service(configured(kashier, 'kashier', [{ apiKey: NEW }, {}, { apiKey: OLD }]));
    const values = { paymentStatus: 'SUCCESS', cardDataToken: '', maskedCard: '', merchantOrderId: 'O-1' };
    const more = {
      orderId: '',
      cardBrand: '',
      orderReference: '',
      transactionId: '',
      amount: '1',
      currency: 'EGP',
    };
    const redirect = { ...values, ...more };
    const text = Object.entries(redirect)
      .map(([name, value]) => `${name}=${value}`)
      .join('&');
    const signature = (key: string) => createHmac('sha256', key).update(text).digest('hex');
    expect(await signatures.verifyKashierRedirect({ ...redirect, signature: signature(OLD) })).toEqual(
      redirect,
    );
    expect(await signatures.verifyKashierRedirect({ ...redirect, signature: signature('') })).toBeUndefined();
  });

  it('signs ClickPesa bodies by the configured method', async () => {
    const { signatures } = service(
      configured(clickpesa, 'clickpesa', [{ checksumKey: NEW, checksumMethod: 'legacy' }]),
    );
    const checksum = clickPesaChecksum({ amount: '1' }, NEW, 'legacy');
    expect(await signatures.bodySignature('clickpesa', { amount: '1', checksum: 'stale' })).toBe(checksum);
    await expect(signatures.bodySignature('clickpesa', [1])).rejects.toThrow(TypeError);
  });

  it('signs no body without a checksum key, nor for a provider without checksums', async () => {
    const { signatures } = service(
      configured(clickpesa, 'clickpesa', [{ apiKey: 'x' }]),
      configured(cashfin, 'cashfin', [{}]),
    );
    for (const [name, message] of [
      ['clickpesa', /checksumKey/],
      ['cashfin', /signs no bodies/],
    ] as const)
      await expect(signatures.bodySignature(name, { amount: '1' })).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
        message: expect.stringMatching(message) as unknown,
      });
  });

  it('verifies webhooks for servers without Nest controllers', async () => {
    const { signatures } = service(configured(cashfin, 'cashfin', [{ webhookSecret: NEW }]));
    expect(await signatures.verifyWebhook('cashfin', cashfinMessage(NEW))).toMatchObject({
      provider: 'cashfin',
      payload: {},
      proves: 'payload',
    });
    expect(await signatures.verifyWebhook('cashfin', cashfinMessage(OLD))).toBeUndefined();
  });

  it('says which provider is not configured', async () => {
    const { signatures } = service();
    await expect(signatures.verifyWebhook('cashfin', cashfinMessage(NEW))).rejects.toMatchObject({
      code: 'PROVIDER_NOT_CONFIGURED',
      provider: 'cashfin',
    });
  });

  it('uses the keys that it knows while a resolver fails, and asks the resolver once a second', async () => {
    let asked = 0;
    let fails = false;
    const { signatures, clock } = service(
      configured(cashfin, 'cashfin', () => {
        asked += 1;
        return fails ? Promise.reject(new Error('down')) : [{ webhookSecret: NEW }];
      }),
    );
    expect(await signatures.verifyWebhook('cashfin', cashfinMessage(NEW))).toBeDefined();
    fails = true;
    await clock.advance(1_000);
    expect(await signatures.verifyWebhook('cashfin', cashfinMessage(OLD))).toBeUndefined();
    expect(await signatures.verifyWebhook('cashfin', cashfinMessage(NEW))).toBeDefined();
    expect(asked).toBe(2);

    await clock.advance(300_000);
    for (let time = 0; time < 3; time += 1) {
      await expect(signatures.verifyWebhook('cashfin', cashfinMessage(NEW))).rejects.toMatchObject({
        code: 'CREDENTIALS_UNAVAILABLE',
      });
    }
    expect(asked).toBe(3);
    fails = false;
    await clock.advance(1_000);
    expect(await signatures.verifyWebhook('cashfin', cashfinMessage(NEW))).toBeDefined();
  });

  it('waits for a resolver for a limited time', async () => {
    const { signatures, clock } = service(
      configured(cashfin, 'cashfin', () => new Promise<readonly Credentials[]>(() => undefined)),
    );
    const verifying = signatures.verifyWebhook('cashfin', cashfinMessage(NEW));
    await Promise.all([
      expect(verifying).rejects.toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' }),
      clock.advance(10_000),
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('shows no secret when it, or an error that it throws, is printed', async () => {
    const { signatures } = service(
      configured(cashfin, 'cashfin', () => Promise.reject(new Error(`last value ${NEW}`))),
      configured(kashier, 'kashier', [{ secretKey: NEW }]),
    );
    const errors = await Promise.all([
      signatures.verifyWebhook('cashfin', cashfinMessage(OLD)).catch((error: unknown) => error),
      signatures.kashierOrderHash(order).catch((error: unknown) => error),
    ]);
    const printed = inspect([signatures, ...errors], { depth: Infinity, showHidden: true });
    expect(printed).not.toContain(NEW);
  });
});
