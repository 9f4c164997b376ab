import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { examined } from '../../../../test/support/examined.js';
import { CREDENTIALS, PAYLOADS, STANDARD, WEBHOOKS } from '../../../../test/support/webhook-schemes.js';
import {
  BUILT_IN_PROVIDERS,
  defineProvider,
  type AnyProviderDefinition,
  type WebhookScheme,
} from '../index.js';
import { signedDelivery } from './signed-delivery.js';

const ONLY_THE_PROVIDER = [
  'pawapay, signature',
  'paypal, certificate',
  'truelayer, signature',
  'wise, published',
  'wise-oauth, published',
];
const all = [
  ...Object.entries(WEBHOOKS),
  ...(BUILT_IN_PROVIDERS as readonly { name: string; webhooks?: object }[])
    .filter(({ name, webhooks }) => webhooks !== undefined && !(name in WEBHOOKS))
    .map(({ name, webhooks }) => [name, webhooks] as const),
].flatMap(([provider, schemes]) =>
  Object.entries(schemes as Record<string, WebhookScheme<string>>).map(
    ([scheme, each]) => [`${provider}, ${scheme}`, provider, scheme, each] as const,
  ),
);

function definitionOf(webhooks: Readonly<Record<string, WebhookScheme<string>>>): AnyProviderDefinition {
  return defineProvider<Record<string, string>>({
    name: 'acme',
    title: 'Acme',
    docs: 'https://docs.acme.test',
    environments: { sandbox: 'https://api.sandbox.acme.test', live: 'https://api.acme.test' },
    credentials: Object.fromEntries(Object.keys(CREDENTIALS).map((field) => [field, {}])),
    headers: ({ credentials }) => ({ 'X-Api-Key': credentials['apiKey'] }),
    webhooks,
  }) as AnyProviderDefinition;
}

describe('signedDelivery', () => {
  it.each(all.filter(([name]) => !ONLY_THE_PROVIDER.includes(name)))(
    'makes a genuine message: %s',
    async (_name, provider, name, scheme) => {
      const definition = definitionOf({ [name]: scheme });
      const secrets = ['standard-webhooks', 'svix'].includes(provider) ? STANDARD : CREDENTIALS;
      const payload = PAYLOADS[provider] ?? { id: 'evt_1', amount: 100 };
      const nowMs = 1_700_000_000_000;
      const asked = { scheme: name, payload, credentials: secrets, nowMs };
      const message = await signedDelivery(definition, asked);
      const examine = (credentials: Record<string, string>) =>
        examined({ [name]: scheme }, { ...message, parameters: message.body }, [credentials], nowMs, [name]);
      expect(await examine(secrets)).toHaveProperty('evidence.payload');
      if (scheme.proves === 'nothing') return;
      const others = Object.fromEntries(
        Object.entries(secrets).map(([field, value]) => [
          field,
          field.endsWith('PublicKey')
            ? OTHER_KEY
            : value.replaceAll('4', '5').replaceAll('real', 'other').replaceAll('dGVzd', 'b3RoZ'),
        ]),
      );
      expect(await examine(others)).toHaveProperty('refusal');
    },
  );

  it.each(all.filter(([name]) => ONLY_THE_PROVIDER.includes(name)))(
    'says that only the provider can sign %s',
    async (_name, _provider, name, scheme) => {
      const asked = { scheme: name, payload: {}, credentials: CREDENTIALS };
      await expect(signedDelivery(definitionOf({ [name]: scheme }), asked)).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
        message: expect.stringMatching(/Only "acme" itself can sign/),
      });
    },
  );

  it('uses the first scheme that counts, and names the known schemes when one is misspelt', async () => {
    const definition = definitionOf(WEBHOOKS.mollie);
    const { headers } = await signedDelivery(definition, { payload: {}, credentials: CREDENTIALS });
    expect(headers['x-mollie-signature']).toMatch(/^sha256=[0-9a-f]{64}$/);
    await expect(
      signedDelivery(definition, { scheme: 'other', payload: {}, credentials: CREDENTIALS }),
    ).rejects.toThrow(/no webhook scheme "other"\. It has: signature, classic/);
    await expect(signedDelivery(definition, { payload: {}, credentials: {} })).rejects.toThrow(TypeError);
    const standard = definitionOf(WEBHOOKS['standard-webhooks']);
    const notBase64 = signedDelivery(standard, { payload: {}, credentials: CREDENTIALS });
    await expect(notBase64).rejects.toThrow(/key of a webhook is not in the encoding that its scheme names/);
    const iyzico = signedDelivery(definitionOf(WEBHOOKS.iyzico), { payload: {}, credentials: CREDENTIALS });
    await expect(iyzico).rejects.toThrow(/payload lacks a field that the webhook scheme "page"/);
  });
});

const OTHER_KEY = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
  type: 'spki',
  format: 'pem',
}) as string;
