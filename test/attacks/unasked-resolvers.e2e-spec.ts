import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type AnyProviderDefinition,
  defineProvider,
  PaymentsSignaturesService,
  type WebhookMessage,
  type WebhookScheme,
} from 'nestjs-payments-auth';
import { ManualClock, signedDelivery } from 'nestjs-payments-auth/testing';
import { startApplication, type TestApplication } from '../support/application.js';
import { CREDENTIALS, PAYLOADS, STANDARD, WEBHOOKS } from '../support/webhook-schemes.js';

// The sender of a message names its merchant. A resolver, which may be a database, is not asked about a merchant when no
// secret can prove the message.

const TOLD = 'https://application.test/webhook';

interface Row {
  readonly provider: string;
  readonly scheme: string;
  readonly webhook: WebhookScheme<string>;
  readonly definition: AnyProviderDefinition;
  readonly secrets: Readonly<Record<string, string>>;
}

const ROWS: readonly Row[] = Object.entries(WEBHOOKS)
  .flatMap(([provider, schemes]) =>
    Object.entries(schemes).map(([scheme, webhook]) => [provider, scheme, webhook] as const),
  )
  .filter(([, , { proves }]) => proves !== 'nothing')
  .map(([provider, scheme, webhook], at) => ({
    provider,
    scheme,
    webhook,
    definition: defineProvider<Record<string, string>>({
      name: `acme-${at}`,
      title: 'Acme',
      docs: 'https://docs.acme.test',
      environments: { sandbox: 'https://api.sandbox.acme.test', live: 'https://api.acme.test' },
      credentials: Object.fromEntries(
        Object.keys(CREDENTIALS).map((field) => [
          field,
          field.endsWith('PublicKey') ? { format: 'pem' } : {},
        ]),
      ),
      headers: ({ credentials }) => ({ 'X-Api-Key': credentials['apiKey'] }),
      webhooks: { [scheme]: webhook },
    }) as AnyProviderDefinition,
    secrets: ['standard-webhooks', 'svix'].includes(provider) ? STANDARD : CREDENTIALS,
  }));
/** Schemes whose messages the application itself can make. */
const SIGNABLE = ROWS.filter(({ webhook }) => webhook['~work']?.sign !== undefined);

let clock: ManualClock;
let application: TestApplication;
let signatures: PaymentsSignaturesService;
/** The merchants that the resolver was asked for. */
let asked: string[];

beforeEach(async () => {
  asked = [];
  clock = new ManualClock();
  const providers = ROWS.map(({ definition, secrets }) => {
    const accounts = (account: string) => {
      asked.push(account);
      return secrets;
    };
    return [definition.name, { provider: definition, environment: 'sandbox', accounts }] as const;
  });
  application = await startApplication({ providers: Object.fromEntries(providers) as never }, { clock });
  signatures = application.app.get(PaymentsSignaturesService);
});
afterEach(async () => application.close());

async function isGenuine({ definition, scheme }: Row, message: Partial<WebhookMessage>, account: string) {
  const parts = { method: 'POST', target: '/webhook', url: TOLD, ...message };
  const options = { account, schemes: [scheme] };
  return (await signatures.verifyWebhooks(definition.name, parts, options)) !== undefined;
}

async function genuine({ provider, definition, scheme, secrets }: Row): Promise<Partial<WebhookMessage>> {
  const payload = PAYLOADS[provider] ?? { id: 'evt_1', amount: 100 };
  const message = await signedDelivery(definition, {
    scheme,
    payload,
    credentials: secrets,
    url: TOLD,
    nowMs: clock.now(),
  });
  const { headers, query, rawBody } = message;
  return { headers, query, rawBody };
}

const BODY = Buffer.from('{"id":"evt_1","amount":100}');

/** Messages that anybody can send without a secret. */
const UNSIGNED: [title: string, message: Partial<WebhookMessage>][] = [
  ['nothing at all', {}],
  ['an empty body', { rawBody: Buffer.alloc(0) }],
  ['JSON', { rawBody: BODY }],
  [
    'JSON with headers that prove nothing',
    { rawBody: BODY, headers: { 'x-request-id': 'a', timestamp: '1' } },
  ],
  ['a form', { rawBody: Buffer.from('id=evt_1&amount=100') }],
  ['bytes that are no text', { rawBody: Buffer.from([0xff, 0xfe, 0x00]) }],
  ['a list', { rawBody: Buffer.from('[{"id":"evt_1"}]') }],
];

describe('a message without a signature', () => {
  it.each(UNSIGNED)('causes no question to a resolver, whatever the scheme is: %s', async (_, message) => {
    for (const row of ROWS)
      for (const account of ['shop', 'other']) expect(await isGenuine(row, message, account)).toBe(false);
    expect(asked).toEqual([]);
    expect(ROWS.length).toBeGreaterThan(40);
  });
});

/** The changes that are made to each signature of a genuine message that has the shape of a hash. */
const MISSHAPEN: [title: string, change: (signature: string) => string][] = [
  ['cut off by one', (signature) => signature.slice(0, -1)],
  ['one longer', (signature) => `${signature}a`],
  ['a word', () => 'forged'],
  ['empty', () => ''],
  ['of other letters', (signature) => signature.replace(/^.{4}/, '!!!!')],
];

/** A header that consists of one hash. */
const HASHED =
  /^(?:[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}|[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}==)$/;

/** Providers whose definition reads the signature by a function. Before that, the library knows only whether there is one. */
const IN_A_FUNCTION = ['dlocal', 'mercadopago', 'pawapay', 'rapyd', 'selcom'];

describe('a message with a signature', () => {
  it.each(MISSHAPEN)(
    'causes no question to a resolver where it cannot be a signature: %s',
    async (_, change) => {
      const tried: string[] = [];
      for (const row of SIGNABLE) {
        if (IN_A_FUNCTION.includes(row.provider)) continue;
        const { headers = {}, ...message } = await genuine(row);
        const [name] = Object.entries(headers).find(([, value]) => HASHED.test(value)) ?? [];
        if (name === undefined) continue;
        const forged = { ...message, headers: { ...headers, [name]: change(headers[name] as string) } };
        expect(await isGenuine(row, forged, 'unknown yet')).toBe(false);
        // A wrong signature is a reason to ask again. A text that cannot be a signature is not.
        expect(await isGenuine(row, { ...message, headers }, 'shop')).toBe(true);
        await clock.advance(2_000);
        expect(await isGenuine(row, forged, 'shop')).toBe(false);
        tried.push(row.provider);
      }
      expect(asked).toEqual(tried.map(() => 'shop'));
      expect(tried.length).toBeGreaterThan(12);
    },
  );

  it('causes no question to a resolver where a header says that it is an hour old', async () => {
    const stale: string[] = [];
    for (const row of SIGNABLE) {
      const message = await genuine(row);
      await clock.advance(3_600_000);
      asked = [];
      // The other schemes have no time, or a function of the definition reads it, and this function needs the secrets.
      if ((await isGenuine(row, message, 'shop')) || row.provider.startsWith('mercadopago')) continue;
      if (IN_A_FUNCTION.includes(row.provider)) continue;
      expect([row.provider, asked]).toEqual([row.provider, []]);
      stale.push(row.provider);
    }
    expect(stale.length).toBeGreaterThan(10);
  });

  it('causes one question for a merchant, however often it comes, where it is genuine', async () => {
    for (const row of SIGNABLE) {
      const message = await genuine(row);
      asked = [];
      for (let again = 0; again < 3; again += 1)
        expect([row.provider, row.scheme, await isGenuine(row, message, 'shop')]).toEqual([
          row.provider,
          row.scheme,
          true,
        ]);
      expect(asked).toEqual(['shop']);
    }
  });
});
