import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, type INestApplication, Post } from '@nestjs/common';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import {
  defineProvider,
  hmacWebhook,
  PaymentsSignaturesService,
  VerifiedDelivery,
  VerifiedWebhook,
  type WebhookDelivery,
} from 'nestjs-payments-auth';
import { signedDelivery } from 'nestjs-payments-auth/testing';
import { startApplication } from '../support/application.js';
import {
  closeWebhookApplications,
  PLATFORMS,
  sendTo,
  startWebhooks,
} from '../support/webhook-application.js';
import { CREDENTIALS, PAYLOADS, STANDARD, WEBHOOKS } from '../support/webhook-schemes.js';

// The sender of a message decides how deep its body is nested. No depth may end the process, make the server answer with
// an error of its own, or stop the messages that come later.

/** Deeper than any recursive function can go. */
const DEPTH = 30_000;
const nested = (open: string, inner: string, close: string) =>
  open.repeat(DEPTH) + inner + close.repeat(DEPTH);

/** The bodies. Each has a signature of the right shape in the places where a body can hold one. */
const DEEP: [title: string, body: string][] = [
  ['lists', nested('[', '1', ']')],
  ['objects', nested('{"a":', '1', '}')],
  ['lists that never end', '['.repeat(DEPTH)],
  ['lists in a field', `{"id":"evt_1","amount":${nested('[', '1', ']')},"checksum":"${'a'.repeat(64)}"}`],
  [
    'objects in a field',
    `{"id":"evt_1","data":${nested('{"a":', '1.50', '}')},"checksum":"${'a'.repeat(64)}"}`,
  ],
  ['a list of messages', `[{"id":"evt_1","data":${nested('{"a":', '-0', '}')}}]`],
  ['escapes of escapes', JSON.stringify({ id: '\\'.repeat(DEPTH) })],
  ['XML', `<?xml version="1.0"?>${nested('<a>', '1', '</a>')}`],
  ['a form', `id=evt_1&a${'[b]'.repeat(DEPTH)}=1&hash=${'a'.repeat(64)}`],
  ['text', '('.repeat(DEPTH)],
];

const definitions = Object.entries(WEBHOOKS).map(([provider, webhooks], at) => ({
  provider,
  schemes: Object.keys(webhooks),
  secrets: ['standard-webhooks', 'svix'].includes(provider) ? STANDARD : CREDENTIALS,
  definition: defineProvider<Record<string, string>>({
    name: `acme-${at}`,
    title: 'Acme',
    docs: 'https://docs.acme.test',
    environments: { sandbox: 'https://api.sandbox.acme.test', live: 'https://api.acme.test' },
    credentials: Object.fromEntries(
      Object.keys(CREDENTIALS).map((field) => [field, field.endsWith('PublicKey') ? { format: 'pem' } : {}]),
    ),
    headers: ({ credentials }) => ({ 'X-Api-Key': credentials['apiKey'] }),
    webhooks,
  }),
}));

describe('a message that is nested without end', () => {
  it.each(DEEP)('proves nothing by any scheme of any provider, and is no error: %s', async (_, body) => {
    const providers = definitions.map(
      ({ definition, secrets }) =>
        [definition.name, { provider: definition, environment: 'sandbox', credentials: secrets }] as const,
    );
    const { app, close } = await startApplication({ providers: Object.fromEntries(providers) as never });
    const signatures = app.get(PaymentsSignaturesService);
    let tried = 0;
    for (const { provider, schemes, definition, secrets } of definitions)
      for (const scheme of schemes) {
        if (definition.webhooks?.[scheme]?.proves === 'nothing') continue;
        // The message has the headers of a genuine message, so that its body is examined.
        const genuine = await signedDelivery(definition, {
          scheme,
          payload: PAYLOADS[provider] ?? { id: 'evt_1', amount: 100 },
          credentials: secrets,
          url: 'https://application.test/webhook',
        }).catch(() => ({ headers: {}, query: {} }));
        const message = { method: 'POST', url: 'https://application.test/webhook', target: '/webhook' };
        const found = await signatures
          .verifyWebhooks(
            definition.name,
            { ...message, headers: genuine.headers, query: genuine.query, rawBody: Buffer.from(body) },
            { schemes: [scheme] },
          )
          .catch((error: Error) => error);
        // Where the headers alone are signed, a message proves no payload.
        const proven = found instanceof Error ? found : found?.some(({ proves }) => proves === 'payload');
        expect([provider, scheme, proven ?? false]).toEqual([provider, scheme, false]);
        tried += 1;
      }
    expect(tried).toBeGreaterThan(40);
    await close();
  });
});

const acme = defineProvider<{ apiKey: string; webhookSecret: string }>({
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test',
  environments: { live: 'https://api.acme.test' },
  credentials: { apiKey: {}, webhookSecret: {} },
  headers: ({ credentials }) => ({ 'X-Api-Key': credentials.apiKey }),
  webhooks: {
    form: hmacWebhook({ key: 'webhookSecret', header: 'acme-signature', body: 'form' }),
    text: hmacWebhook({ key: 'webhookSecret', header: 'acme-signature', body: 'text', onlyWhenNamed: true }),
  },
});
const SECRET = 'test-secret-not-real-webhook';
const clickpesa = { clientId: 'test-id', apiKey: 'test-key', checksumKey: SECRET, checksumMethod: 'legacy' };
const PROVIDERS = {
  providers: {
    clickpesa: { credentials: clickpesa },
    acme: { provider: acme, credentials: { apiKey: 'test-key', webhookSecret: SECRET } },
  },
};

@Controller()
class Webhooks {
  @Post('canonical')
  @VerifiedWebhook('clickpesa')
  canonical(@VerifiedDelivery() { payload }: WebhookDelivery) {
    return payload;
  }

  @Post('legacy')
  @VerifiedWebhook('clickpesa', { schemes: ['legacy'], proof: 'values' })
  legacy(@VerifiedDelivery() { payload }: WebhookDelivery) {
    return payload;
  }

  @Post('form')
  @VerifiedWebhook('acme')
  form(@VerifiedDelivery() { payload }: WebhookDelivery) {
    return payload;
  }

  @Post('text')
  @VerifiedWebhook('acme', { schemes: ['text'] })
  text(@VerifiedDelivery() { payload }: WebhookDelivery) {
    return { payload };
  }
}

const TYPES = ['application/json', 'application/xml', 'text/plain', 'application/x-www-form-urlencoded'];

/** Express would read nothing of a body beyond its limit. */
function prepare(app: INestApplication): void {
  if (app.getHttpAdapter() instanceof ExpressAdapter)
    for (const parser of ['json', 'text', 'urlencoded'] as const)
      (app as NestExpressApplication).useBodyParser(parser, { limit: '20mb' });
}

describe.each(PLATFORMS)('a route for webhooks on %s', (_platform, adapter) => {
  afterEach(closeWebhookApplications);

  it('answers what is nested without end with 400 or 401, and then takes a genuine message', async () => {
    const { port } = await startWebhooks(adapter(), [Webhooks], PROVIDERS, { prepare });
    const answers: [string, string, string, number][] = [];
    for (const route of ['canonical', 'legacy', 'form', 'text'])
      for (const type of TYPES)
        for (const [title, body] of DEEP) {
          const headers = { 'content-type': type, 'acme-signature': 'a'.repeat(64) };
          const { status } = await sendTo(port, `/${route}`, body, headers);
          answers.push([route, type, title, status]);
        }
    expect(answers).toHaveLength(4 * TYPES.length * DEEP.length);
    expect(answers.filter(([, , , status]) => status !== 400 && status !== 401)).toEqual([]);
    const { headers, rawBody } = await signedDelivery(acme, {
      scheme: 'text',
      payload: 'genuine',
      credentials: { apiKey: 'test-key', webhookSecret: SECRET },
    });
    const genuine = await sendTo(port, '/text', Buffer.from(rawBody), {
      ...headers,
      'content-type': 'text/plain',
    });
    expect(genuine).toMatchObject({ status: 201, body: { payload: 'genuine' } });
  });
});
