import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Sandbox, startSandbox } from '../sandbox.js';
import { cashfinWebhookSignature } from './cashfin-webhook.js';
import { clickpesaChecksum } from './clickpesa-checksum.js';
import { kashierWebhookSignature } from './kashier-signatures.js';
import { wakapayWebhookSignature } from './wakapay-webhook.js';
import { FORGERIES } from './webhook-sender.js';

interface Received {
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

describe('webhooks', () => {
  let sandbox: Sandbox;
  let receiver: Server;
  let url: string;
  const received: Received[] = [];

  beforeAll(async () => {
    sandbox = await startSandbox();
    receiver = createServer((incoming, response) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      incoming.on('end', () => {
        received.push({
          url: incoming.url ?? '',
          rawHeaders: incoming.rawHeaders,
          headers: incoming.headers,
          body,
        });
        response.writeHead(202).end('taken');
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  });

  beforeEach(() => received.splice(0));

  afterAll(async () => {
    receiver.close();
    receiver.closeAllConnections();
    await sandbox.close();
  });

  /** Whether the keys of the named provider have signed the latest message. */
  function isGenuine(name: 'cashfin' | 'kashier' | 'clickpesa' | 'wakapay'): boolean {
    const { body, headers } = received.at(-1) as Received;
    const json = JSON.parse(body) as Record<string, any>;
    switch (name) {
      case 'cashfin':
        return (
          headers['x-cashfin-signature'] ===
          cashfinWebhookSignature(body, sandbox.provider(name).credentials.webhookSecret)
        );
      case 'kashier':
        return (
          headers['x-kashier-signature'] ===
          kashierWebhookSignature(
            json['data'],
            json['data'].signatureKeys,
            sandbox.provider(name).credentials.apiKey,
          )
        );
      case 'clickpesa':
        return (
          json['checksum'] ===
          clickpesaChecksum(json, sandbox.provider(name).credentials.checksumKey as string, 'canonical')
        );
      default: {
        const { apiKey, apiSecret } = sandbox.provider(name).credentials;
        return json['signature'] === wakapayWebhookSignature(apiKey, apiSecret);
      }
    }
  }

  it.each(['cashfin', 'kashier', 'clickpesa', 'wakapay'] as const)(
    '%s sends a message that its own keys have signed',
    async (name) => {
      sandbox.provider('clickpesa').configure({ checksum: 'canonical' });

      expect(await sandbox.provider(name).sendWebhook(url)).toEqual({ status: 202, body: 'taken' });
      expect(isGenuine(name)).toBe(true);
    },
  );

  it.each(['cashfin', 'kashier', 'clickpesa'] as const)(
    '%s sends forgeries that its keys have not signed',
    async (name) => {
      sandbox.provider('clickpesa').configure({ checksum: 'canonical' });
      const forgeries = name === 'clickpesa' ? FORGERIES.slice(0, -1) : FORGERIES;

      for (const forge of forgeries) {
        await sandbox.provider(name).sendWebhook(url, { forge });
        expect([forge, isGenuine(name)]).toEqual([forge, false]);
      }
    },
  );

  it('WakaPay’s constant signature holds for a changed message too', async () => {
    await sandbox.provider('wakapay').sendWebhook(url, { forge: 'changed-body' });
    expect(isGenuine('wakapay')).toBe(true);

    await sandbox.provider('wakapay').sendWebhook(url, { forge: 'wrong-key' });
    expect(isGenuine('wakapay')).toBe(false);
  });

  it('a message with two signatures has two header lines', async () => {
    await sandbox.provider('kashier').sendWebhook(url, { forge: 'two-signatures' });

    const names = received[0]?.rawHeaders.filter((name) => name.toLowerCase() === 'x-kashier-signature');
    expect(names).toHaveLength(2);
  });

  it('ClickPesa signs by the rule of the setting', async () => {
    sandbox.provider('clickpesa').configure({ checksum: 'legacy' });
    await sandbox.provider('clickpesa').sendWebhook(url);

    const { checksum, ...body } = JSON.parse(received[0]?.body ?? '') as Record<string, string>;
    const key = sandbox.provider('clickpesa').credentials.checksumKey as string;
    expect(checksum).toBe(clickpesaChecksum(body, key, 'legacy'));
  });

  it('PesaPal’s notification comes as an unsigned GET', async () => {
    await sandbox.provider('pesapal').sendWebhook(url);

    const { searchParams } = new URL(received[0]?.url ?? '', url);
    expect([...searchParams.keys()]).toEqual([
      'OrderTrackingId',
      'OrderNotificationType',
      'OrderMerchantReference',
    ]);
  });

  it('an event of the caller’s own is sent as it is', async () => {
    await sandbox.provider('cashfin').sendWebhook(url, { event: { event: 'refund' } });

    expect(received[0]?.body).toBe('{"event":"refund"}');
    expect(isGenuine('cashfin')).toBe(true);
  });

  it.each(['https://127.0.0.1/hook', 'http://example.test/hook', 'http://127.0.0.1.example.test/'])(
    'no message is sent to %s',
    async (elsewhere) => {
      await expect(sandbox.provider('cashfin').sendWebhook(elsewhere)).rejects.toThrow('this machine only');
    },
  );

  it('Cryptofuse sends none', () => {
    expect(() => sandbox.provider('cryptofuse').webhook()).toThrow('sends no webhooks');
  });
});
