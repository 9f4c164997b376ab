import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { CATALOGUE_NAMES, PROVIDER_NAMES } from './providers/index.js';
import { type Sandbox, startSandbox } from './sandbox.js';

describe('startSandbox', () => {
  let sandbox: Sandbox;

  afterEach(() => sandbox.close());

  it('starts every provider on a loopback port of its own, Kashier on two', async () => {
    sandbox = await startSandbox();

    const urls = sandbox.names.flatMap((name) => Object.values(sandbox.provider(name).baseUrls));
    expect(sandbox.names).toEqual(['cashfin', 'kashier', 'pesapal', 'clickpesa', 'wakapay', 'cryptofuse']);
    expect(new Set(urls.map((url) => new URL(url).port)).size).toBe(7);
    expect(urls.every((url) => new URL(url).hostname === '127.0.0.1')).toBe(true);
    expect(sandbox.provider('pesapal').baseUrl).toMatch(/\/pesapalv3$/);
  });

  it('gives providers that read the same variable the same value', async () => {
    sandbox = await startSandbox({ providers: [...PROVIDER_NAMES, ...CATALOGUE_NAMES] });

    const { environment } = sandbox;
    for (const provider of sandbox.running) expect(environment).toMatchObject(provider.environment);
    const [v3, v4] = [sandbox.provider('flutterwave'), sandbox.provider('flutterwave-v4')];
    expect(v3.credentials.secretHash).toBe(v4.credentials.secretHash);
    expect(environment['FLW_SECRET_HASH']).toBe(v3.credentials.secretHash);
  });

  it('gives the public halves of the keys that webhooks are signed with', async () => {
    sandbox = await startSandbox({ providers: ['azampay', 'pawapay', 'wise', 'wise-oauth'] });

    expect(sandbox.environment).toMatchObject({
      AZAMPAY_CALLBACK_PUBLIC_KEY: sandbox.provider('azampay').publicKeysOf()['callbackKey'],
      PAWAPAY_CALLBACK_PUBLIC_KEY: sandbox.provider('pawapay').publicKeysOf()['callbackKey'],
      WISE_WEBHOOK_PUBLIC_KEY: sandbox.provider('wise').publicKeysOf()['webhookKey'],
    });
  });

  it('hands out the environment variables that an application reads', async () => {
    sandbox = await startSandbox();

    expect(Object.keys(sandbox.environment).toSorted()).toEqual([
      'CASHFIN_BASE_URL',
      'CASHFIN_CLIENT_SECRET',
      'CASHFIN_WEBHOOK_SECRET',
      'CLICKPESA_API_KEY',
      'CLICKPESA_BASE_URL',
      'CLICKPESA_CLIENT_ID',
      'CRYPTOFUSE_BASE_URL',
      'CRYPTOFUSE_CLIENT_ID',
      'CRYPTOFUSE_CLIENT_SECRET',
      'KASHIER_API_KEY',
      'KASHIER_BASE_URL',
      'KASHIER_FEP_BASE_URL',
      'KASHIER_MERCHANT_ID',
      'KASHIER_SECRET_KEY',
      'PESAPAL_BASE_URL',
      'PESAPAL_CONSUMER_KEY',
      'PESAPAL_CONSUMER_SECRET',
      'WAKAPAY_API_KEY',
      'WAKAPAY_API_SECRET',
      'WAKAPAY_BASE_URL',
    ]);
  });

  it('invents credentials of each provider’s shape', async () => {
    sandbox = await startSandbox();

    expect(sandbox.provider('cashfin').credentials.clientSecret).toMatch(/^cs_\w{32}$/);
    expect(sandbox.provider('kashier').credentials.secretKey).toMatch(/^[0-9a-f]{32}\$[0-9a-f]{96}$/);
    expect(sandbox.provider('wakapay').credentials.apiKey).toMatch(/^pk_test_\w{24}$/);
    expect(sandbox.provider('wakapay').credentials.apiSecret).toMatch(/^sk_test_\w{32}$/);
  });

  it('invents the same credentials again with the same seed, and others without', async () => {
    sandbox = await startSandbox({ seed: 'one', providers: ['cashfin', 'pesapal'] });
    const same = await startSandbox({ seed: 'one', providers: ['pesapal'] });
    const other = await startSandbox({ providers: ['pesapal'] });

    expect(same.provider('pesapal').credentials).toEqual(sandbox.provider('pesapal').credentials);
    expect(other.provider('pesapal').credentials).not.toEqual(same.provider('pesapal').credentials);
    await Promise.all([same.close(), other.close()]);
  });

  it('starts only the providers that are named', async () => {
    sandbox = await startSandbox({ providers: ['wakapay'] });

    expect(sandbox.names).toEqual(['wakapay']);
    expect(() => sandbox.provider('cashfin')).toThrow('Provider "cashfin" does not run here');
  });

  it('listens on the given ports, and leaves nothing open when one is in use', async () => {
    sandbox = await startSandbox({ providers: ['wakapay'] });
    const port = Number(new URL(sandbox.provider('wakapay').baseUrl).port);

    await expect(startSandbox({ ports: { cashfin: port } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await sandbox.close();
    sandbox = await startSandbox({ providers: ['cashfin'], ports: { cashfin: port } });
    expect(sandbox.provider('cashfin').baseUrl).toBe(`http://127.0.0.1:${port}`);
  });

  it('ends connections that sent no request, or bytes that are no HTTP', async () => {
    sandbox = await startSandbox({ providers: ['wakapay'] });
    const port = Number(new URL(sandbox.provider('wakapay').baseUrl).port);
    const [silent, babbling] = [1, 2].map(() => connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
    for (const socket of [silent, babbling]) socket?.on('error', () => undefined).resume();
    await once(babbling as Socket, 'connect');
    babbling?.write('PING\r\n\r\n');
    await once(babbling as Socket, 'end');

    const ended = once(silent as Socket, 'close');
    await sandbox.close();
    silent?.end();
    babbling?.destroy();
    await ended;
    expect(silent?.destroyed).toBe(true);
  });
});
