import { ConsoleLogger, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PaymentsAuthService } from 'nestjs-payments-auth';
import { type AnyProviderName, type Sandbox, startSandbox } from 'payments-sandbox';
import type { DemoArguments } from '../demo.arguments.js';
import { DemoModule } from '../demo.module.js';
import type { PaymentAction } from '../payments/payment-action.js';
import { EVERY_ACTION } from '../sandbox.tokens.js';
import { say } from '../say.js';
import { report } from './report.js';
import { dayOf, playScenario, SIX_PROVIDERS_DAY, type Turn } from './scenario.js';
import { Tally } from './tally.js';
import { Traffic } from './traffic.js';
import { exchangeWebhooks } from '../webhooks/webhook-run.js';
import { WebhookLog } from '../webhooks/webhook-log.js';

const TOKEN_LIFETIME_MS = 6_000;

/** The run against the sandbox. Returns the exit code. Without `--once` it then serves until it is stopped. */
export async function runWithSandbox(options: DemoArguments): Promise<number> {
  if (options.providers !== undefined) return runWithProviders(options.providers, options);
  const sandbox = await startSandbox({
    tokenLifetimeMs: TOKEN_LIFETIME_MS,
    settings: { clickpesa: { checksum: 'canonical' } },
  });
  const application = await NestFactory.create(DemoModule.withSandbox(sandbox), {
    logger: ['error'],
    forceCloseConnections: true,
    rawBody: true,
  });
  try {
    await listen(application, options.once ? 0 : options.port);
    const url = (await application.getUrl()).replace('[::1]', '127.0.0.1');
    const failed = await run(application, sandbox, SIX_PROVIDERS_DAY, options.seconds * 1_000);
    const webhooks = await exchangeWebhooks(sandbox, application.get(WebhookLog), url);
    say(`\n${webhooks.words}\n`);
    if (options.once) return failed === 0 && webhooks.succeeded ? 0 : 1;
    await serve(application, url);
    return 0;
  } finally {
    await application.close();
    await sandbox.close();
  }
}

/** The run with providers of the user's choice. It uses only what all providers have in common. */
async function runWithProviders(names: readonly string[], options: DemoArguments): Promise<number> {
  const sandbox = await startSandbox({
    providers: names as readonly AnyProviderName[],
    tokenLifetimeMs: TOKEN_LIFETIME_MS,
  });
  const application = await NestFactory.create(DemoModule.withProviders(sandbox), {
    logger: ['error'],
    forceCloseConnections: true,
  });
  try {
    await listen(application, options.once ? 0 : options.port);
    const failed = await run(application, sandbox, dayOf(sandbox), options.seconds * 1_000);
    if (options.once) return failed === 0 ? 0 : 1;
    await serve(application, (await application.getUrl()).replace('[::1]', '127.0.0.1'));
    return 0;
  } finally {
    await application.close();
    await sandbox.close();
  }
}

async function listen(application: INestApplication, port: number): Promise<void> {
  // For a port that is in use Nest would print a stack. The sentence below says what to do.
  application.useLogger(false);
  try {
    await application.listen(port, '127.0.0.1');
    // A list of levels would not restore the logger that `false` has removed.
    application.useLogger(new ConsoleLogger({ logLevels: ['error'] }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(
      `Port ${port} is in use. End the program that uses it, or choose another port: npm start -- --port N (0: any free port).`,
      { cause: error },
    );
  }
}

async function run(
  application: INestApplication,
  sandbox: Sandbox,
  turns: readonly Turn[],
  durationMs: number,
): Promise<number> {
  const actions = application.get<readonly PaymentAction[]>(EVERY_ACTION);
  const tally = application.get(Tally);
  const traffic = new Traffic(actions, tally);
  const tokens = TOKEN_LIFETIME_MS / 1_000;
  say(`Payment providers on this machine: ${sandbox.names.join(', ')}.\n`);
  say(`A token lives ${tokens} s. Three callers call each provider for ${durationMs / 1_000} s.\n\n`);
  const startedAtMs = performance.now();
  const tell = (words: string) =>
    say(`${((performance.now() - startedAtMs) / 1_000).toFixed(1).padStart(5)} s  ${words}\n`);
  tell('The first calls: one login per provider, however many callers wait.');
  traffic.start(3, 200);
  await playScenario(sandbox, turns, durationMs, tell);
  await traffic.stop();
  tell('The end.');
  say(`\n${report(actions, tally, application.get(PaymentsAuthService).status(), sandbox)}\n`);
  for (const problem of tally.problems) say(`\nfailed: ${problem}\n`);
  return tally.failed;
}

/** Serves the page and the endpoints, and keeps a few calls going, until it is told to stop. */
async function serve(application: INestApplication, url: string): Promise<void> {
  const actions = application.get<readonly PaymentAction[]>(EVERY_ACTION);
  const traffic = new Traffic(actions, application.get(Tally));
  traffic.start(2, 500);
  say(`\nThe demo goes on until you press Ctrl-C:\n`);
  say(`  GET  ${url}/                           the status page: open it, and press its buttons\n`);
  say(`  GET  ${url}/status                     the state of each credential\n`);
  const provider = actions.at(-1)?.provider;
  say(`  GET  ${url}/providers/${provider}/read     a reading call, with any of them\n`);
  say(`  POST ${url}/providers/${provider}/pay      a call like a payment\n`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await traffic.stop();
}
