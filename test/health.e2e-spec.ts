import { Controller, Get, type INestApplication, Query } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { afterEach, describe, expect, it } from '@jest/globals';
import { OWN_ACCOUNT } from 'nestjs-payments-auth';
import { PaymentsAuthModule } from 'nestjs-payments-auth';
import { PaymentsAuthHealthIndicator, PaymentsAuthHealthModule } from 'nestjs-payments-auth/terminus';
import { type Sandbox, startSandbox } from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { startModules, type TestApplication } from './support/application.js';
import { findLeaks } from './support/leak-checker.js';
import { failure, outcomeOf, until } from './support/waiting.js';

@Controller()
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly paymentsAuth: PaymentsAuthHealthIndicator,
  ) {}

  @Get('health')
  @HealthCheck()
  check(@Query() { provider, account, acquire }: Record<string, string | undefined>) {
    return this.health.check([
      () => this.paymentsAuth.check('payments', { provider, account, acquire: acquire !== undefined }),
    ]);
  }
}

interface Health {
  code: number;
  status: string;
  details: { payments: { status: string; credentials: Record<string, Record<string, unknown>> } };
}

/** An application with two providers, of which WakaPay has merchants too, and its health over HTTP. */
class Bed {
  readonly clock = new ManualClock();
  sandbox!: Sandbox;
  application!: TestApplication;
  #url = '';

  async start(keepWarm: 'always' | 'when-used' = 'when-used'): Promise<this> {
    this.sandbox = await startSandbox({ providers: ['wakapay', 'cashfin'], clock: this.clock });
    const { wakapay, cashfin } = {
      wakapay: this.sandbox.provider('wakapay'),
      cashfin: this.sandbox.provider('cashfin'),
    };
    const shop = wakapay.addAccount('shop');
    const payments = PaymentsAuthModule.forRoot({
      providers: {
        wakapay: {
          baseUrl: wakapay.baseUrls,
          credentials: wakapay.credentials,
          accounts: (id: string) => (id === 'shop' ? shop : undefined),
          keepWarm,
        },
        cashfin: { baseUrl: cashfin.baseUrls, credentials: cashfin.credentials },
      },
    });
    this.application = await startModules([payments, TerminusModule, PaymentsAuthHealthModule], {
      clock: this.clock,
      controllers: [HealthController],
    });
    const app: INestApplication = this.application.app;
    await app.listen(0, '127.0.0.1');
    this.#url = await app.getUrl();
    return this;
  }

  async health(query = ''): Promise<Health> {
    const response = await fetch(`${this.#url}/health${query}`);
    const body = (await response.json()) as Omit<Health, 'code'>;
    return { code: response.status, ...body };
  }

  credentials(account?: string) {
    const own = this.application.paymentsAuth.credentials('wakapay', OWN_ACCOUNT);
    return account === undefined ? own : own.account(account);
  }

  async close(): Promise<void> {
    await this.application.close();
    await this.sandbox.close();
  }
}

describe('the health of payment credentials, over HTTP', () => {
  let bed: Bed;

  afterEach(() => bed.close());

  it('is up while no credential has been needed, and asks no provider itself', async () => {
    bed = await new Bed().start();
    expect(await bed.health()).toMatchObject({
      code: 200,
      status: 'ok',
      details: {
        payments: {
          status: 'up',
          credentials: { wakapay: { health: 'up', state: 'idle' }, cashfin: { health: 'up' } },
        },
      },
    });
    expect(bed.sandbox.provider('wakapay').counts.tokenRequests).toBe(0);
  });

  it('is up with the expiry of a token, for each account, and without a secret', async () => {
    bed = await new Bed().start();
    const own = await bed.credentials().get();
    await bed.credentials('shop').get();
    const health = await bed.health();
    expect(health.details.payments.credentials).toMatchObject({
      wakapay: { health: 'up', state: 'fresh', expiresAt: new Date(own.expiresAtMs ?? 0).toISOString() },
      'wakapay/shop': { health: 'up', state: 'fresh' },
    });
    const { credentials, tokens } = bed.sandbox.provider('wakapay');
    const secrets = [...Object.values(credentials), ...tokens.map(({ value }) => value)];
    expect(findLeaks(health, secrets)).toEqual([]);
    expect(
      Object.keys((await bed.health('?provider=wakapay&account=shop')).details.payments.credentials),
    ).toEqual(['wakapay/shop']);
  });

  it('is degraded, and still 200, while renewals fail and the token lives', async () => {
    bed = await new Bed().start('always');
    await until(() => bed.credentials().status().state === 'fresh');
    bed.sandbox.provider('wakapay').misbehave({ fault: 'server-error', on: 'token' });
    await bed.clock.advance(3_560_000);
    await until(() => bed.credentials().status().state === 'degraded');
    expect(await bed.health()).toMatchObject({
      code: 200,
      status: 'degraded',
      details: {
        payments: {
          status: 'degraded',
          credentials: {
            wakapay: {
              health: 'degraded',
              errorCode: 'CREDENTIALS_UNAVAILABLE',
              expiresAt: expect.any(String),
            },
          },
        },
      },
    });
  });

  it('is down, and names the secret as the cause, once the old token is refused as well', async () => {
    bed = await new Bed().start();
    const { paymentsAuth } = bed.application;
    const call = () =>
      outcomeOf(firstValueFrom(paymentsAuth.http('wakapay', OWN_ACCOUNT).get('/sandbox/echo')));
    await call();
    bed.sandbox.provider('wakapay').rotate({ oldWorksForMs: 0 });
    await failure(bed.credentials().refresh());
    await call();
    expect(await bed.health()).toMatchObject({ code: 200, status: 'degraded' });
    bed.sandbox.provider('wakapay').revokeTokens();
    await bed.clock.advance(5_000);
    await call();
    expect(await bed.health()).toMatchObject({
      code: 503,
      details: {
        payments: {
          credentials: {
            wakapay: { health: 'down', state: 'rejected', errorCode: 'CREDENTIALS_REJECTED' },
          },
        },
      },
    });
  });

  it('is down, with 503, the code and the provider’s word, when the secret is wrong', async () => {
    bed = await new Bed().start();
    bed.sandbox.provider('wakapay').rotate();
    await failure(bed.credentials().get());
    expect(await bed.health()).toMatchObject({
      code: 503,
      status: 'error',
      details: {
        payments: {
          status: 'down',
          credentials: {
            wakapay: {
              health: 'down',
              state: 'rejected',
              errorCode: 'CREDENTIALS_REJECTED',
              reason: 'invalid credentials',
            },
            cashfin: { health: 'up' },
          },
        },
      },
    });
    expect((await bed.health('?provider=cashfin')).code).toBe(200);
  });

  it('is down when a static key is refused on calls', async () => {
    bed = await new Bed().start();
    bed.sandbox.provider('cashfin').suspend();
    await failure(firstValueFrom(bed.application.paymentsAuth.http('cashfin').get('/business/product/list')));
    expect(await bed.health('?provider=cashfin')).toMatchObject({
      code: 503,
      details: {
        payments: { credentials: { cashfin: { state: 'rejected', errorCode: 'CREDENTIALS_REJECTED' } } },
      },
    });
  });

  it('logs in only when the option says so, and then reports the outcome', async () => {
    bed = await new Bed().start();
    const { counts } = bed.sandbox.provider('wakapay');
    expect((await bed.health('?acquire')).details.payments.credentials['wakapay']).toMatchObject({
      state: 'fresh',
    });
    expect(bed.sandbox.provider('wakapay').counts.tokenRequests).toBe(counts.tokenRequests + 1);
    await bed.health('?acquire');
    expect(bed.sandbox.provider('wakapay').counts.tokenRequests).toBe(counts.tokenRequests + 1);
    expect(await bed.health('?acquire&provider=wakapay&account=shop')).toMatchObject({
      code: 200,
      details: { payments: { credentials: { 'wakapay/shop': { state: 'fresh' } } } },
    });
  });

  it.each([
    ['?provider=pesapal', 'pesapal', 'PROVIDER_NOT_CONFIGURED'],
    ['?acquire&provider=wakapay&account=nobody', 'wakapay/nobody', 'ACCOUNT_UNKNOWN'],
  ])('is down for what does not exist: %s', async (query, name, errorCode) => {
    bed = await new Bed().start();
    expect(await bed.health(query)).toMatchObject({
      code: 503,
      details: { payments: { credentials: { [name]: { health: 'down', errorCode } } } },
    });
  });
});
