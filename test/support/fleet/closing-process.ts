import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PaymentsAuthModule } from 'nestjs-payments-auth';
import { RedisTokenStore } from 'nestjs-payments-auth/redis';
import { connectRedis, type RedisLibrary } from '../redis-clients.js';

// An application with a store. When it is told to, it closes and ends its client. Nothing may keep the process alive then.
const [library, url, provider] = process.argv.slice(2) as [RedisLibrary, string, string];
const connection = await connectRedis(library, url);
const store = new RedisTokenStore(connection.client, {
  keys: [{ id: '2026-11', key: 'k'.repeat(43) + '=' }],
  logger: { warn: () => undefined },
});

@Module({
  imports: [
    PaymentsAuthModule.forRoot({
      store,
      providers: {
        wakapay: {
          baseUrl: provider,
          credentials: { apiKey: 'test-key-not-real', apiSecret: 'test-secret-not-real' },
        },
      },
    }),
  ],
})
class ApplicationModule {}

const application = await NestFactory.createApplicationContext(ApplicationModule, { logger: false });
process.on('message', () => void close());
async function close(): Promise<void> {
  await application.close();
  connection.close();
  process.send?.('closed');
  process.disconnect();
}
process.send?.('up');
