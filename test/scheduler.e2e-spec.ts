import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Injectable,
  Module,
  type Type,
} from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Interval, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import {
  PAYMENTS_AUTH_CLOCK,
  type PaymentsAuthEvent,
  PaymentsAuthModule,
  PaymentsAuthService,
} from 'nestjs-payments-auth';
import { Test } from '@nestjs/testing';
import { firstValueFrom } from 'rxjs';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { LogLines, startModules } from './support/application.js';
import { until } from './support/waiting.js';
import { json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';

const TIMER = 'payments-auth:refresh';
const LOGIN = '/business/auth';
const LIFETIME_MS = 3_600_000;

let server: LoopbackServer;

/** WakaPay's login with numbered tokens, and one of its calls. */
async function startWakapay(): Promise<LoopbackServer> {
  let logins = 0;
  server = await startLoopbackServer(({ url, headers }, response) => {
    if (url === LOGIN)
      json(response, 200, { accessToken: `test-token-${++logins}`, expiresIn: LIFETIME_MS / 1_000 });
    else json(response, 200, { authorization: headers.authorization });
  });
  return server;
}

function forRoot(options: object = {}) {
  return PaymentsAuthModule.forRoot({
    providers: {
      wakapay: {
        baseUrl: server.url,
        credentials: { apiKey: 'test-key-not-real', apiSecret: 'test-secret-not-real' },
        ...options,
      },
    },
  });
}

/** The next event of a kind, however long it takes in real time. */
function next(paymentsAuth: PaymentsAuthService, type: PaymentsAuthEvent['type']): Promise<void> {
  return new Promise((resolve) => {
    const subscription = paymentsAuth.events$.subscribe((event) => {
      if (event.type !== type) return;
      subscription.unsubscribe();
      resolve();
    });
  });
}

/** Timers that keep this process alive. */
const timers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;

describe('renewal ahead of expiry', () => {
  afterEach(async () => {
    jest.useRealTimers();
    await server.close();
  });

  it('fetches the first token at start, and the next before it dies, without any traffic', async () => {
    await startWakapay();
    const clock = new ManualClock();
    const { app, paymentsAuth, close } = await startModules([forRoot({ keepWarm: 'always' })], { clock });
    const credentials = app.get(PaymentsAuthService).credentials('wakapay');
    // Asking for the token would fetch it. Only the status shows whether it is there without that.
    while (credentials.status().state !== 'fresh') await new Promise((resolve) => setImmediate(resolve));
    expect((await credentials.get()).token).toBe('test-token-1');
    expect(server.to(LOGIN)).toHaveLength(1);
    for (const number of [2, 3, 4]) {
      const renewed = next(paymentsAuth, 'credential-renewed-early');
      await clock.advance(LIFETIME_MS - 30_000);
      await renewed;
      expect((await credentials.get()).token).toBe(`test-token-${number}`);
    }
    expect(server.to(LOGIN)).toHaveLength(4);
    expect(credentials.status().counters).toMatchObject({ tokenRequests: 4, earlyRenewals: 3 });
    await close();
  });

  it('asks for nothing at start where a token is only fetched when it is used', async () => {
    await startWakapay();
    const { paymentsAuth, close } = await startModules([forRoot({ keepWarm: 'when-used' })]);
    expect(server.requests).toEqual([]);
    expect((await paymentsAuth.credentials('wakapay').get()).token).toBe('test-token-1');
    await close();
  });

  it("is listed in the application's SchedulerRegistry, and leaves its own jobs as they are", async () => {
    await startWakapay();
    jest.useFakeTimers({
      doNotFake: [
        'Date',
        'hrtime',
        'nextTick',
        'performance',
        'queueMicrotask',
        'setImmediate',
        'clearImmediate',
        'setTimeout',
        'clearTimeout',
      ],
    });
    let ran = 0;
    @Injectable()
    class Jobs {
      @Interval('own-job', 1_000)
      run(): void {
        ran += 1;
      }
    }
    const { app, paymentsAuth, close } = await startModules([ScheduleModule.forRoot(), forRoot()], {
      providers: [Jobs],
    });
    await paymentsAuth.credentials('wakapay').get();
    const registry = app.get(SchedulerRegistry, { strict: false });
    expect(registry.getTimeouts()).toEqual([TIMER]);
    expect(registry.getIntervals()).toEqual(['own-job']);
    jest.advanceTimersByTime(10_000);
    expect(ran).toBe(10);
    await close();
    expect(registry.getTimeouts()).toEqual([]);
    expect(registry.getIntervals()).toEqual([]);
    jest.advanceTimersByTime(10_000);
    expect(ran).toBe(10);
  });

  it('keeps no process alive', async () => {
    await startWakapay();
    const before = timers();
    const { paymentsAuth, close } = await startModules([ScheduleModule.forRoot(), forRoot()]);
    await paymentsAuth.credentials('wakapay').get();
    expect(timers()).toBe(before);
    await close();
    expect(timers()).toBe(before);
  });

  it('stops at shutdown, while the last requests still get their credential', async () => {
    await startWakapay();
    const clock = new ManualClock();
    const drained: unknown[] = [];
    @Injectable()
    class Draining implements BeforeApplicationShutdown {
      constructor(private readonly paymentsAuth: PaymentsAuthService) {}

      async beforeApplicationShutdown(): Promise<void> {
        const { data } = await firstValueFrom(this.paymentsAuth.http('wakapay').get<unknown>('/payments'));
        drained.push(data);
      }
    }
    const { paymentsAuth, close } = await startModules(
      [ScheduleModule.forRoot(), forRoot({ keepWarm: 'when-used' })],
      {
        clock,
        providers: [Draining],
      },
    );
    const ended = new Promise<void>((resolve) => {
      paymentsAuth.events$.subscribe({ complete: resolve });
    });
    await close();
    await ended;
    expect(drained).toEqual([{ authorization: 'Bearer test-token-1' }]);
    await clock.advance(2 * LIFETIME_MS);
    expect(server.to(LOGIN)).toHaveLength(1);
    await expect(paymentsAuth.credentials('wakapay').get()).rejects.toMatchObject({
      code: 'CREDENTIALS_UNAVAILABLE',
    });
    expect(server.to(LOGIN)).toHaveLength(1);
  });

  it('ends what is still pending when the application has shut down', async () => {
    let answer: (() => void) | undefined;
    server = await startLoopbackServer(
      () =>
        new Promise<void>((resolve) => {
          answer = resolve;
        }),
    );
    const { paymentsAuth, close } = await startModules([forRoot({ keepWarm: 'when-used' })]);
    const waiting = paymentsAuth
      .credentials('wakapay')
      .get()
      .catch((error: unknown) => error);
    await close();
    expect(await waiting).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
    answer?.();
  });
});

/** An application that loads its payments module only when it needs it. */
const LAZILY: [title: string, loaded: (module: DynamicModule) => DynamicModule | Type][] = [
  ['by itself', (module) => module],
  [
    'inside of another',
    (module) => {
      @Module({ imports: [module] })
      class PaymentsModule {}
      return PaymentsModule;
    },
  ],
];

const logins = () => server.requests.filter(({ url }) => url === LOGIN).length;

describe('renewal in a module that is loaded lazily', () => {
  afterEach(() => server.close());

  it.each(LAZILY)('happens as in any other module: %s', async (_, loaded) => {
    await startWakapay();
    const clock = new ManualClock();
    const builder = Test.createTestingModule({ imports: [ScheduleModule.forRoot()] });
    const app = await (await builder.setLogger(new LogLines()).compile()).init();
    const module = forRoot();
    const providers = module.providers?.map((each) =>
      'provide' in each && each.provide === PAYMENTS_AUTH_CLOCK
        ? { provide: PAYMENTS_AUTH_CLOCK, useValue: clock }
        : each,
    );
    await app.get(LazyModuleLoader).load(() => loaded({ ...module, providers }) as never);
    await until(() => logins() === 1);
    expect(app.get(SchedulerRegistry).getTimeouts()).toEqual([TIMER]);
    for (let step = 0; step < 60; step += 1) await clock.advance(60_000);
    await until(() => logins() === 2);
    await app.close();
    expect(app.get(SchedulerRegistry).getTimeouts()).toEqual([]);
  });

  it('does not begin for a module that is described and never started', async () => {
    await startWakapay();
    const module = await Test.createTestingModule({ imports: [forRoot()] }).compile();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.requests).toEqual([]);
    await module.close();
  });
});
