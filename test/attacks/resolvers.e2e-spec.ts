import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PaymentsSignaturesService } from 'nestjs-payments-auth';
import { firstValueFrom } from 'rxjs';
import { startApplication, type TestApplication } from '../support/application.js';
import { failure } from '../support/credential-bed.js';
import { json, type LoopbackServer, startLoopbackServer } from '../support/loopback-server.js';

const MERCHANTS = Array.from({ length: 200 }, (_, index) => `m${index}`);

let server: LoopbackServer;
let application: TestApplication | undefined;
beforeEach(async () => {
  server = await startLoopbackServer((_, response) => json(response, 200, {}));
});
afterEach(async () => {
  await application?.close();
  await server.close();
});

async function start(accounts: (account: string) => unknown) {
  application = await startApplication({
    providers: { cashfin: { baseUrl: server.url, accounts: accounts as never } },
  });
  return application.paymentsAuth;
}

/** One object, or one list, that is reused for each merchant. */
const row = { clientSecret: '' };
const rows = [row];
const fill = (account: string) => Object.assign(row, { clientSecret: `cs_${account}` });

describe('a resolver that fills one object for every merchant', () => {
  it.each<[string, (account: string) => unknown]>([
    ['and hands it over', (account) => fill(account)],
    ['and promises it', async (account) => fill(account)],
    ['and hands it over in a list', (account) => (fill(account), rows)],
    [
      'after it has waited',
      async (account) => {
        await new Promise((resolve) => setTimeout(resolve, Number(account.slice(1)) / 4));
        return fill(account);
      },
    ],
  ])('%s gives no call the key of another merchant', async (_, accounts) => {
    const paymentsAuth = await start(accounts);
    const http = paymentsAuth.http('cashfin');
    await Promise.all(
      MERCHANTS.map((account) => firstValueFrom(http.get(`/of/${account}`, { paymentsAuth: { account } }))),
    );
    const wrong = server.requests.filter(({ url, headers }) => {
      const account = url.split('/').at(-1);
      return !String(headers.authorization).endsWith(`cs_${account}`);
    });
    expect(wrong).toEqual([]);
    expect(server.requests).toHaveLength(MERCHANTS.length);
  });
});

const VAULT_TOKEN = 'hvs.9f8e7d6c5b4a3f2e1d0c';

/** Values that the clients of secret managers and databases throw. */
const THROWN: [title: string, thrown: () => unknown][] = [
  [
    'an error with a request',
    () => Object.assign(new Error('403'), { config: { headers: { 'X-Vault-Token': VAULT_TOKEN } } }),
  ],
  [
    'an error with parameters',
    () => Object.assign(new Error('no row'), { parameters: [VAULT_TOKEN], sql: VAULT_TOKEN }),
  ],
  ['an error with a URL', () => new Error(`connect postgres://app:${VAULT_TOKEN}@db:5432/keys`)],
  ['an error with a header in its text', () => new Error(`sent Authorization: Bearer ${VAULT_TOKEN}`)],
  [
    'an error with a cause',
    () => new Error('no', { cause: Object.assign(new Error('x'), { token: VAULT_TOKEN }) }),
  ],
  [
    'several errors',
    () => new AggregateError([Object.assign(new Error('x'), { token: VAULT_TOKEN })], 'all'),
  ],
  ['an object', () => ({ message: 'denied', request: { token: VAULT_TOKEN } })],
  [
    'an error with a getter',
    () => Object.defineProperty(new Error('x'), 'detail', { enumerable: true, get: () => VAULT_TOKEN }),
  ],
];

describe('a resolver that throws', () => {
  it.each(THROWN)(
    '%s has name, message, code and stack of its error kept, and nothing else',
    async (_, thrown) => {
      const paymentsAuth = await start(() => {
        throw thrown();
      });
      const error = await failure(paymentsAuth.credentials('cashfin', 'shop').get());
      expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
      expect(error.cause).toBeInstanceOf(Error);
      expect(inspect(error, { depth: 9, showHidden: true, getters: true })).not.toContain(VAULT_TOKEN);
    },
  );

  it('has its account named in one line, whatever the account is called', async () => {
    const paymentsAuth = await start(() => undefined);
    const name = 'shop\r\n[Nest] ERROR forged\u2028\u001b[31m\u202e';
    const error = await failure(paymentsAuth.credentials('cashfin', name).get());
    // oxlint-disable-next-line no-control-regex -- the test looks for these characters
    expect(error.message).not.toMatch(/[\u0000-\u001f\u2028\u202e]/);
  });
});

describe('a webhook whose sender names the merchant', () => {
  const body = Buffer.from('{"id":"evt_1"}');
  const forged = { 'x-cashfin-signature': 'a'.repeat(64) };

  it('causes no question to a resolver where its provider signs nothing', async () => {
    let asked = 0;
    application = await startApplication({
      providers: {
        pesapal: {
          baseUrl: server.url,
          accounts: () => {
            asked += 1;
            return { consumerKey: 'test-key-not-real', consumerSecret: 'test-secret-not-real' };
          },
        },
      },
    });
    const signatures = application.app.get(PaymentsSignaturesService);
    const query = {
      OrderTrackingId: 'o-1',
      OrderMerchantReference: 'm-1',
      OrderNotificationType: 'IPNCHANGE',
    };
    for (const account of MERCHANTS.slice(0, 50))
      expect(await signatures.verifyWebhook('pesapal', { method: 'GET', query }, { account })).toMatchObject({
        account,
        proves: 'nothing',
      });
    expect(asked).toBe(0);
  });

  it('has an answer that shows neither which merchants exist nor which have a key', async () => {
    await start((account) => {
      if (account === 'nobody') return undefined;
      const webhookSecret = account === 'without' ? {} : { webhookSecret: 'test-key-not-real' };
      return { clientSecret: 'cs_shop', ...webhookSecret };
    });
    const signatures = (application as TestApplication).app.get(PaymentsSignaturesService);
    const answers = ['nobody', 'without', 'shop'].map((account) =>
      signatures.verifyWebhook('cashfin', { rawBody: body, headers: forged }, { account }),
    );
    expect(await Promise.all(answers)).toEqual([undefined, undefined, undefined]);
  });
});
