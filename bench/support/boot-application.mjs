/** Prints how many milliseconds it takes from here until an application is up; run in a process of its own. */
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
  const elsewhere = 'http://127.0.0.1:9';
  const credentials = {
    cashfin: { clientSecret: 'cs_bench_not_real' },
    kashier: { secretKey: 'bench$not-real' },
    pesapal: { consumerKey: 'bench', consumerSecret: 'bench-not-real' },
    clickpesa: { clientId: 'bench', apiKey: 'bench-not-real' },
    wakapay: { apiKey: 'bench', apiSecret: 'bench-not-real' },
    cryptofuse: { clientId: 'bench', clientSecret: 'bench-not-real' },
  };
  const providers = Object.fromEntries(
    Object.entries(credentials).map(([name, each]) => [
      name,
      { baseUrl: elsewhere, credentials: each, keepWarm: 'when-used' },
    ]),
  );
  imports.push(PaymentsAuthModule.forRoot({ providers }));
}
const application = await NestFactory.createApplicationContext(
  { module: class BenchModule {}, imports },
  { logger: false },
);
process.stdout.write(String(performance.now() - startedAt));
await application.close();
