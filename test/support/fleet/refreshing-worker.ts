import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { defineProvider, PaymentsAuthModule, PaymentsAuthService, refreshToken } from 'nestjs-payments-auth';
import { RedisTokenStore } from 'nestjs-payments-auth/redis';

/** The settings of a process of the fleet. */
interface Settings {
  readonly redisUrl: string;
  readonly issuerUrl: string;
  readonly ca: string;
  /** A file that holds the merchant's refresh token. */
  readonly file: string;
  /** Whether `save` never ends: the process is killed in it. */
  readonly hangsInSave: boolean;
}

const settings = JSON.parse(process.env['SETTINGS'] ?? '{}') as Settings;
const redis = new Redis(settings.redisUrl);

const acme = defineProvider<{ clientId: string; clientSecret: string; refreshToken: string }>({
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test',
  environments: { live: 'https://api.acme.test' },
  credentials: { clientId: {}, clientSecret: {}, refreshToken: {} },
  token: refreshToken({
    path: '/token',
    client: ({ credentials }) => ({ id: credentials.clientId, secret: credentials.clientSecret }),
    refreshToken: ({ credentials }) => credentials.refreshToken,
    rotates: true,
    documentedLifetimeMs: 3_600_000,
  }),
  headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
});

const application = await NestFactory.createApplicationContext(
  PaymentsAuthModule.forRoot({
    store: new RedisTokenStore(redis, {
      keys: [{ id: 'test', key: Buffer.alloc(32, 1) }],
      timeoutMs: 60_000,
    }),
    providers: {
      acme: {
        provider: acme,
        baseUrl: settings.issuerUrl,
        http: { ca: settings.ca },
        accounts: {
          load: async () => ({
            clientId: 'platform',
            clientSecret: 'test-secret-not-real-0123456789',
            refreshToken: readFileSync(settings.file, 'utf8'),
          }),
          save: async (_account, next, previous) => {
            process.send?.({ saving: true });
            if (settings.hangsInSave) await new Promise(() => undefined);
            if (readFileSync(settings.file, 'utf8') !== previous.refreshToken) return false;
            // The other process may read at any moment, and finds the old token or the new one.
            writeFileSync(`${settings.file}.${process.pid}`, next.refreshToken);
            renameSync(`${settings.file}.${process.pid}`, settings.file);
            return true;
          },
        },
      },
    },
  }),
  { logger: false },
);
const paymentsAuth = application.get(PaymentsAuthService);
paymentsAuth.events$.subscribe(({ type }) => process.send?.({ event: type }));
process.on('message', () => {
  void paymentsAuth
    .credentials('acme', 'shop')
    .get()
    .then(
      ({ id }) => process.send?.({ got: id }),
      (error: { code?: string }) => process.send?.({ failed: error.code }),
    );
});
process.send?.({ ready: true });
