/** Prints how many milliseconds an application takes from here until it is up. It runs in a process of its own. */
const startedAt = performance.now();
await import('reflect-metadata');
const { NestFactory } = await import('@nestjs/core');
const { HttpModule } = await import('@nestjs/axios');
const { ConfigModule } = await import('@nestjs/config');
const { ScheduleModule } = await import('@nestjs/schedule');
const imports = [
  HttpModule,
  ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true }),
  ScheduleModule.forRoot(),
];
if (process.argv[2] === 'with') {
  const { PaymentsAuthModule } = await import('../../libs/payments-auth/dist/esm/index.js');
  const { SIX: providers } = await import('./six.mjs');
  imports.push(PaymentsAuthModule.forRoot({ providers }));
}
const application = await NestFactory.createApplicationContext(
  { module: class BenchModule {}, imports },
  { logger: false },
);
process.stdout.write(String(performance.now() - startedAt));
await application.close();
