import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AxiosRequestConfig } from 'axios';
import { clientCredentials, defineProvider, OWN_ACCOUNT } from 'nestjs-payments-auth';
import { firstValueFrom } from 'rxjs';
import { startApplication, type TestApplication } from '../support/application.js';
import { failure } from '../support/credential-bed.js';
import { findLeaks } from '../support/leak-checker.js';
import { json, type LoopbackServer, startLoopbackServer } from '../support/loopback-server.js';

class Inheriting {
  get account() {
    return 'shop';
  }
}

/** Mistakes in `paymentsAuth` of a call, and the part that the error names. */
const WRONG: [title: string, paymentsAuth: unknown, named: RegExp][] = [
  ['a misspelt key', { acount: 'shop' }, /paymentsAuth\.acount is not known\. Did you mean "account"\?/],
  [
    'a misspelt key beside a right one',
    { account: 'shop', scope: ['read'] },
    /paymentsAuth\.scope is not known/,
  ],
  ['an unknown key', { merchant: 'shop' }, /paymentsAuth\.merchant is not known.*Known: account/],
  ['a key in capitals', { Account: 'shop' }, /paymentsAuth\.Account is not known/],
  ['a key of every object', { toString: 'shop' }, /paymentsAuth\.toString is not known/],
  ['a symbol as a key', { [Symbol('account')]: 'shop' }, /Symbol\(account\) is not known/],
  ['a number as account', { account: 7 }, /paymentsAuth\.account must be a text, and is a number/],
  ['a list as account', { account: ['shop'] }, /account must be a text, and is a list/],
  ['an object as account', { account: { id: 'shop' } }, /account must be a text, and is an object/],
  ['true as account', { account: true }, /account must be a text, and is a boolean/],
  ['a text in an object as account', { account: Object('shop') }, /account must be a text/],
  ['a text as scopes', { scopes: 'read' }, /scopes must be a list of scopes/],
  ['scopes that are no texts', { scopes: [7] }, /scopes must be a list of scopes/],
  ['scopes with spaces', { scopes: ['read write'] }, /scopes must be a list of scopes/],
  ['an empty scope', { scopes: [''] }, /scopes must be a list of scopes/],
  ['a set of scopes', { scopes: new Set(['read']) }, /scopes must be a list of scopes/],
  ['a number as host', { host: 1 }, /host must be a text/],
  ['an empty host', { host: '' }, /host must be a text/],
  ['an unknown replay', { replay: 'sometimes' }, /replay must be "always", "safe-methods" or "never"/],
  ['true as replay', { replay: true }, /replay must be/],
  ['a number as audience', { audience: 5 }, /audience must be a text/],
  ['a text', 'shop', /paymentsAuth must be an object.*is a string/],
  ['a list', ['shop'], /paymentsAuth must be an object.*is a list/],
  ['null', null, /paymentsAuth must be an object.*is null/],
  ['true', true, /paymentsAuth must be an object/],
  ['an instance of a class', new Inheriting(), /paymentsAuth must be an object/],
  ['a Map', new Map([['account', 'shop']]), /paymentsAuth must be an object/],
  ['a function', () => ({ account: 'shop' }), /paymentsAuth must be an object/],
];

const PRIVATE = 'words that nobody knows to be secret';
const thrown = () => {
  throw new Error(PRIVATE);
};
/** Values of `account` that name no account. Each of them counts as an account that does not exist. */
const MISSING: unknown[] = [undefined, null, ''];

let server: LoopbackServer;
let application: TestApplication;
beforeAll(async () => {
  server = await startLoopbackServer((_, response) => json(response, 200, {}));
  application = await startApplication({
    providers: {
      cashfin: {
        baseUrl: server.url,
        credentials: { clientSecret: 'cs_own' },
        accounts: { shop: { clientSecret: 'cs_shop' } },
      },
    },
  });
});
afterAll(async () => {
  await application.close();
  await server.close();
});

/** @param account the account that the service is bound to, if it is bound to one */
const send = (paymentsAuth: unknown, account?: string) => {
  const http =
    account === undefined
      ? application.paymentsAuth.http('cashfin')
      : application.paymentsAuth.http('cashfin', account);
  return firstValueFrom(http.request({ url: '/x', method: 'POST', paymentsAuth } as AxiosRequestConfig));
};

describe('a request through a service that is bound to an account, whose paymentsAuth is', () => {
  it.each(WRONG)('%s is refused before anything is sent', async (_, paymentsAuth, named) => {
    const before = server.requests.length;
    const error = await failure(send(paymentsAuth, 'shop'));
    expect(error).toMatchObject({ code: 'INVALID_REQUEST', provider: 'cashfin' });
    expect(error.message).toMatch(named);
    expect(server.requests).toHaveLength(before);
  });

  it.each(MISSING)('an account of %j names another account than the service', async (account) => {
    expect(await failure(send({ account }, 'shop'))).toMatchObject({ code: 'INVALID_REQUEST' });
  });
});

describe('a request whose paymentsAuth is', () => {
  it.each(WRONG)('%s is refused before anything is sent', async (_, paymentsAuth, named) => {
    const before = server.requests.length;
    const error = await failure(send(paymentsAuth));
    expect(error).toMatchObject({ code: 'INVALID_REQUEST', provider: 'cashfin' });
    expect(error.message).toMatch(named);
    expect(server.requests).toHaveLength(before);
  });

  it.each(MISSING)('an account of %j is an account that does not exist', async (account) => {
    const before = server.requests.length;
    expect(await failure(send({ account }))).toMatchObject({ code: 'ACCOUNT_UNKNOWN' });
    expect(server.requests).toHaveLength(before);
  });

  it('`__proto__` from JSON names no account: axios drops it, and nothing is inherited from it', async () => {
    const said: unknown = JSON.parse('{"__proto__":{"account":"shop"}}');
    expect(await failure(send(said))).toMatchObject({ code: 'ACCOUNT_UNKNOWN' });
  });

  it('OWN_ACCOUNT is sent for the own account, and no other symbol is', async () => {
    await send({ account: OWN_ACCOUNT });
    expect(server.requests.at(-1)?.headers.authorization).toContain('cs_own');
    expect(await failure(send({ account: Symbol('own') }))).toMatchObject({ code: 'INVALID_REQUEST' });
  });

  it('right is sent, and a later change of it by its caller has no effect', async () => {
    const said: Record<string, unknown> = { account: 'shop' };
    const answered = send(said);
    said['account'] = 'other';
    expect((await answered).status).toBe(200);
    expect(server.requests.at(-1)?.headers.authorization).toContain('cs_shop');
  });
});

describe('authenticate() of a request', () => {
  it.each<[string, object, RegExp]>([
    ['whose audience is no text', { audience: 5 }, /request\.audience must be a text/],
    ['whose scopes are a text', { scopes: 'read' }, /request\.scopes must be a list of scopes/],
    ['whose host is no text', { host: 1 }, /request\.host must be a text/],
    ['with a misspelt key', { scope: ['read'] }, /request\.scope is not known/],
    [
      'with the body as axios calls it',
      { data: 'x' },
      /request\.data is not known\. Known: method, url, headers, body,/,
    ],
    ['that names an account', { account: 'shop' }, /account is not for authenticate\(\).*account\(id\)/],
    ['that says how it is replayed', { replay: 'never' }, /replay is not for authenticate\(\)/],
    ['without a method', { method: undefined }, /method must be a text/],
    ['without a URL', { url: undefined }, /url must be a URL or a path/],
    ['whose body is an object', { body: { amount: 1 } }, /body must be a text or bytes/],
    [
      'with a header that throws',
      { headers: { 'x-a': { toString: thrown } } },
      /request cannot be read: reading it throws/,
    ],
    ['with a list of headers that throws', { headers: { 'x-a': [{ toString: thrown }] } }, /cannot be read/],
    ['with scopes that throw', { scopes: new Proxy(['read'], { get: thrown }) }, /cannot be read/],
  ])('%s is INVALID_REQUEST, and nothing is signed', async (_, slip, named) => {
    const credentials = application.paymentsAuth.credentials('cashfin', 'shop');
    const request = { method: 'POST', url: '/x', ...slip };
    expect(await failure(credentials.authenticate(request))).toMatchObject({
      code: 'INVALID_REQUEST',
      provider: 'cashfin',
      message: expect.stringMatching(named) as unknown,
    });
  });
});

describe('a request to authenticate() that is a Proxy', () => {
  it('is INVALID_REQUEST where it throws, and nothing is told of what was thrown', async () => {
    const credentials = application.paymentsAuth.credentials('cashfin', 'shop');
    const request = { method: 'GET', url: '/x' };
    for (const handler of [{ get: thrown }, { ownKeys: thrown }, { getOwnPropertyDescriptor: thrown }]) {
      const error = await failure(credentials.authenticate(new Proxy(request, handler)));
      expect(error).toMatchObject({ code: 'INVALID_REQUEST' });
      expect(findLeaks(error, [PRIVATE])).toEqual([]);
    }
  });

  it('has its headers read once: what is signed is what was checked', async () => {
    let reads = 0;
    const headers = {
      get 'x-a'() {
        reads += 1;
        return reads === 1 ? 'fine' : 'not\r\nfine';
      },
    };
    const credentials = application.paymentsAuth.credentials('cashfin', 'shop');
    const signed = await credentials.authenticate({ method: 'GET', url: '/x', headers });
    expect(signed.headers['x-a']).toBe('fine');
  });
});

describe('scopes that a caller takes from outside', () => {
  interface Keys {
    id: string;
    key: string;
  }
  const acme = defineProvider<Keys, 'acme'>({
    name: 'acme',
    title: 'Acme',
    docs: 'https://docs.acme.test',
    environments: { live: 'https://api.acme.test' },
    credentials: { id: {}, key: {} },
    token: clientCredentials<Keys>({
      path: '/oauth',
      client: ({ credentials: { id, key } }) => ({ id, secret: key }),
      documentedLifetimeMs: 3_600_000,
    }),
    headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
    scopes: ['read'],
  });
  const keys = { id: 'acme-not-real', key: 'test-key-not-real' };

  it.each([
    ['the own account', OWN_ACCOUNT],
    ['a merchant', 'shop'],
  ] as const)('have a token each for the last 64 sets that were used of %s', async (_, account) => {
    let logins = 0;
    const issuer = await startLoopbackServer((request, response) => {
      if (request.url === '/oauth') logins += 1;
      json(response, 200, { access_token: `test-token-${logins}`, expires_in: 3_600 });
    });
    const { paymentsAuth, close } = await startApplication({
      providers: {
        acme: {
          provider: acme,
          baseUrl: issuer.url,
          keepWarm: 'when-used',
          credentials: keys,
          accounts: { shop: keys },
        },
      },
    });
    const http = paymentsAuth.http('acme', account);
    const call = (scopes?: string[]) =>
      firstValueFrom(http.get('/x', scopes === undefined ? {} : { paymentsAuth: { scopes } }));
    try {
      await call();
      for (let set = 0; set < 200; set += 1) await call([`scope-${set}`]);
      expect(paymentsAuth.status().length).toBeLessThanOrEqual(66);
      const before = logins;
      // The token of the default scopes is kept, and so are those of the sets that were used last.
      for (const scopes of [undefined, ['scope-199'], ['scope-140']]) await call(scopes);
      expect(logins).toBe(before);
      await call(['scope-0']);
      expect(logins).toBe(before + 1);
    } finally {
      await close();
      await issuer.close();
    }
  });
});
