import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AxiosTokenTransport } from '../../libs/payments-auth/src/strategies/axios-token-transport.js';
import { systemClock } from '../../libs/payments-auth/src/payments-auth.clock.js';
import { json, type LoopbackServer, startLoopbackServer } from '../support/loopback-server.js';
import { failure } from '../support/credential-bed.js';

/** Paths of a login that a definition may make of a merchant's data. */
const ASTRAY = [
  'm/oauth/token',
  '.evil.test/login',
  '@127.0.0.1/login',
  ':80/login',
  'x@127.0.0.1/login',
  '',
  '?x=1',
  '#x',
  '\\evil.test/login',
  ' /login',
  '/../login',
  '/a/../../login',
  '/%2e%2e/login',
  '/a/%2e%2e%2f%2e%2e/login',
  '/%252e%252e/login',
  '/..;/login',
  '/%u002e%u002e/login',
];
const OWN = ['/oauth/token', '/oauth/token/', '/a/b?grant=1', '/a//b', '/tenant-1/token', '/a/./b'];

let server: LoopbackServer;
let elsewhere: LoopbackServer;
beforeEach(async () => {
  server = await startLoopbackServer((_, response) => json(response, 200, { token: 't' }));
  elsewhere = await startLoopbackServer((_, response) => json(response, 200, { token: 't' }));
});
afterEach(async () => {
  await server.close();
  await elsewhere.close();
});

const login = (path: string) =>
  new AxiosTokenTransport({ clock: systemClock }).send(`${server.url}/base`, {
    method: 'POST',
    path,
    headers: { 'x-secret': 'test-secret-not-real' },
    body: 'test-secret-not-real',
  });

describe('a login', () => {
  it.each(ASTRAY)('at the path %j is sent nowhere', async (path) => {
    expect(await failure(login(path))).toMatchObject({ failure: 'astray' });
    expect(server.requests).toHaveLength(0);
  });

  it('at a path that names another host reaches no other host', async () => {
    const { port } = new URL(elsewhere.url);
    for (const path of [`@127.0.0.1:${port}/login`, `/..//127.0.0.1:${port}/login`])
      await failure(login(path));
    expect(elsewhere.requests).toHaveLength(0);
  });

  it.each(OWN)('at the path %s below the base URL is sent there', async (path) => {
    expect((await login(path)).status).toBe(200);
    expect(server.requests[0]?.url).toBe(
      new URL(`${server.url}/base${path}`).pathname + new URL(`${server.url}/base${path}`).search,
    );
  });
});
