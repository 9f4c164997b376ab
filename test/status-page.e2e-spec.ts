import {
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  type INestApplication,
  type NestInterceptor,
  type Type,
  VersioningType,
} from '@nestjs/common';
import { APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PaymentsAuthModule, PaymentsAuthService, type WakapayCredentials } from 'nestjs-payments-auth';
import {
  PaymentsAuthStatusPage,
  PaymentsAuthStatusPageModule,
  type PaymentsAuthStatusPageOptions,
  type StatusPageSnapshot,
} from 'nestjs-payments-auth/status-page';
import { type Sandbox, startSandbox } from 'payments-sandbox';
import { firstValueFrom, map, type Observable, of } from 'rxjs';
import { LogLines } from './support/application.js';
import { findLeaksInText } from './support/leak-checker.js';
import { secretsOf } from './support/sandbox-bed.js';
import { failure, outcomeOf } from './support/waiting.js';

const KEY = 'operator-0123456789';
const AS_OPERATOR = { headers: { 'x-operator': KEY } };

/** The guard of the application, which recognises its operators. */
@Injectable()
class OperatorsOnly implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>();
    return headers['x-operator'] === KEY;
  }
}

@Injectable()
class ByObservable implements CanActivate {
  canActivate(): Observable<boolean> {
    return of(true);
  }
}

@Injectable()
class Nobody implements CanActivate {
  async canActivate(): Promise<boolean> {
    return false;
  }
}

/** Wraps every answer, as the interceptors of many applications do. */
@Injectable()
class Wrapping implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

let sandbox: Sandbox;
let app: INestApplication;
let url: string;
let paymentsAuth: PaymentsAuthService;
/** The provider has another secret, and the application does not know it. */
let outdated: Record<string, WakapayCredentials>;

beforeEach(async () => {
  outdated = {};
  sandbox = await startSandbox({ providers: ['wakapay', 'cashfin'] });
});

afterEach(async () => {
  await app?.close();
  await sandbox.close();
});

const ADAPTERS: [string, () => ExpressAdapter | FastifyAdapter][] = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
];

async function start(
  adapter = ADAPTERS[0]?.[1],
  options: PaymentsAuthStatusPageOptions = { guards: [OperatorsOnly] },
  configure: (application: INestApplication) => void = () => undefined,
  maxAccounts?: number,
): Promise<void> {
  const wakapay = sandbox.provider('wakapay');
  const payments = PaymentsAuthModule.forRoot({
    ...(maxAccounts === undefined ? {} : { maxAccounts }),
    providers: {
      wakapay: {
        baseUrl: wakapay.baseUrls,
        credentials: wakapay.credentials,
        accounts: (account: string) =>
          wakapay.accounts.includes(account)
            ? (outdated[account] ?? wakapay.credentialsOf(account))
            : undefined,
        keepWarm: 'when-used',
      },
      cashfin: {
        baseUrl: sandbox.provider('cashfin').baseUrls,
        credentials: sandbox.provider('cashfin').credentials,
      },
    },
  });
  const root = {
    module: class Root {},
    imports: [payments, PaymentsAuthStatusPageModule.forRoot(options)],
    providers: [{ provide: APP_INTERCEPTOR, useClass: Wrapping }],
  };
  app = await NestFactory.create(root, adapter?.() as ExpressAdapter, {
    logger: new LogLines(),
    abortOnError: false,
    forceCloseConnections: true,
  });
  configure(app);
  await app.listen(0, '127.0.0.1');
  url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  paymentsAuth = app.get(PaymentsAuthService);
}

const call = (account: string) => firstValueFrom(paymentsAuth.http('wakapay', account).get('/sandbox/echo'));

const ask = (query: string) => fetch(`${url}/payments-auth/explain.json?${query}`, AS_OPERATOR);

async function snapshot(query = ''): Promise<StatusPageSnapshot> {
  const answer = await fetch(`${url}/payments-auth/status.json${query}`, AS_OPERATOR);
  expect(answer.status).toBe(200);
  return (await answer.json()) as StatusPageSnapshot;
}

describe.each(ADAPTERS)('the status page on %s', (_, adapter) => {
  it('is one document that loads nothing from elsewhere, also where answers are wrapped', async () => {
    await start(adapter);
    const answer = await fetch(`${url}/payments-auth`, AS_OPERATOR);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'/);
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    const html = await answer.text();
    expect(html).toMatch(/^<!doctype html>/);
    expect(html.match(/<(?:script|style)\b/g)).toHaveLength(2);
    expect(html).not.toMatch(/<(?:script|link|img|iframe)[^>]+(?:src|href)="(?!data:,)/);
    const urls = html.match(/https?:\/\/[^\s'"`]+/g) ?? [];
    expect(urls).toEqual(['http://www.w3.org/2000/svg']);
  });

  it('shows nothing where a guard refuses, and answers reading requests only', async () => {
    await start(adapter);
    for (const path of ['', '/status.json', '/explain.json?provider=wakapay']) {
      expect((await fetch(`${url}/payments-auth${path}`)).status).toBe(403);
      expect((await fetch(`${url}/payments-auth${path}`, AS_OPERATOR)).status).toBe(200);
      const post = await fetch(`${url}/payments-auth${path}`, { method: 'POST', ...AS_OPERATOR });
      expect(post.status).toBe(404);
    }
  });

  it('shows the last two minutes of a credential, what failed, and what to do', async () => {
    await start(adapter);
    sandbox.provider('wakapay').addAccount('shop-1');
    sandbox.provider('wakapay').addAccount('shop-2');
    await call('shop-1');
    sandbox.provider('wakapay').misbehave({ fault: 'server-error', on: 'call', account: 'shop-2' });
    await failure(call('shop-2'));
    sandbox.provider('wakapay').revokeTokens('shop-1');
    await call('shop-1');
    const shown = await snapshot();
    expect(shown.totals).toEqual({ calls: 3, failed: 1, sentAgain: 1, logins: 3, failedLogins: 0 });
    const [first] = shown.rows;
    expect(first?.status).toMatchObject({ account: 'shop-2', counters: { calls: 1, failedCalls: 1 } });
    expect(first?.explanation).toMatchObject({
      lastFailure: { on: 'call', status: 503 },
      cause: 'the provider has a failure of its own',
    });
    expect(first?.rates?.failed.reduce((sum, each) => sum + each)).toBe(1);
    const other = shown.rows.find(({ status }) => status.account === 'shop-1');
    expect(other?.lives).toHaveLength(2);
    expect(other?.lives[0]?.toMs).toBeLessThanOrEqual(shown.nowMs);
    const kinds = other?.marks.map(({ kind }) => kind);
    // The page notes that another system has ended the token, because the token was so young.
    expect(kinds).toEqual(['renewed', 'refused', 'renewed', 'replayed', 'noted']);
    expect(other?.rates?.calls.reduce((sum, each) => sum + each)).toBe(2);
  });

  it('counts calls a second in tenths', async () => {
    await start(adapter);
    sandbox.provider('wakapay').addAccount('shop-1');
    await snapshot();
    for (let made = 0; made < 7; made += 1) await call('shop-1');
    let shown = await snapshot();
    while (shown.totals.calls < 7) shown = await snapshot();
    expect(shown.callsPerSecond).toBeGreaterThan(0);
    expect(String(shown.callsPerSecond)).toMatch(/^\d+(?:\.\d)?$/);
  });

  it('holds no secret and no token, whatever has happened', async () => {
    await start(adapter);
    const wakapay = sandbox.provider('wakapay');
    wakapay.addAccount('shop-1');
    await call('shop-1');
    wakapay.misbehave({ fault: 'refuse', on: 'call', times: 2 });
    await outcomeOf(call('shop-1'));
    wakapay.rotate({ account: 'shop-1', oldWorksForMs: 0 });
    const secrets = [...secretsOf(wakapay), ...secretsOf(sandbox.provider('cashfin'))];
    secrets.push(...Object.values(wakapay.credentialsOf('shop-1')));
    for (const path of ['', '/status.json', '/explain.json?provider=wakapay&account=shop-1']) {
      const text = await (await fetch(`${url}/payments-auth${path}`, AS_OPERATOR)).text();
      expect(findLeaksInText(text, secrets)).toEqual([]);
    }
  });

  it('explains one account, also one that is not in use, and names an unknown one', async () => {
    await start(adapter);
    sandbox.provider('wakapay').addAccount('shop-1');
    expect(await (await ask('provider=wakapay&account=shop-1')).json()).toMatchObject({
      provider: 'wakapay',
      account: 'shop-1',
      explanation: { state: 'idle', host: new URL(sandbox.provider('wakapay').baseUrl).host },
    });
    for (const [query, words] of [
      ['provider=wakapay&account=nobody', /has no account \\?"nobody/],
      ['provider=nobody', /is not configured/],
      ['', /Name a provider/],
    ] as const) {
      const answer = await ask(query);
      expect(answer.status).toBe(404);
      expect(await answer.text()).toMatch(words);
    }
  });
});

describe('the status page', () => {
  it('stands at the configured path, with a global prefix and with versions', async () => {
    await start(undefined, { path: '/internal/credentials', guards: [OperatorsOnly] }, (application) => {
      application.setGlobalPrefix('api');
      application.enableVersioning({ type: VersioningType.URI });
    });
    expect((await fetch(`${url}/api/internal/credentials`, AS_OPERATOR)).status).toBe(200);
    expect((await fetch(`${url}/api/internal/credentials/status.json`, AS_OPERATOR)).status).toBe(200);
  });

  it('asks every guard, and refuses when one of them does', async () => {
    await start(undefined, { guards: [OperatorsOnly, ByObservable] });
    expect((await fetch(`${url}/payments-auth`, AS_OPERATOR)).status).toBe(200);
    await app.close();
    await start(undefined, { guards: [OperatorsOnly, ByObservable, Nobody] });
    expect((await fetch(`${url}/payments-auth`, AS_OPERATOR)).status).toBe(403);
  });

  it('finds an account among thousands, and shows a readable number of them', async () => {
    await start();
    const wakapay = sandbox.provider('wakapay');
    for (let shop = 0; shop < 70; shop += 1) wakapay.addAccount(`shop-${shop}`);
    await callEach(70);
    const all = await snapshot();
    expect(all.rows).toHaveLength(60);
    expect(all.leftOut).toBe(70 + 2 - 60);
    expect(all.totals.calls).toBe(70);
    const found = await snapshot('?search=SHOP-69');
    expect(found.rows.map(({ status }) => status.account)).toEqual(['shop-69']);
    expect((await snapshot('?provider=cashfin')).rows).toHaveLength(1);
    expect((await snapshot('?provider=wakapay&account=shop-7')).rows).toHaveLength(1);
  });
});

/** A few at a time: on a busy machine, two hundred logins at once take longer than calls wait. */
async function callEach(shops: number): Promise<void> {
  for (let first = 0; first < shops; first += 8)
    await Promise.all(
      Array.from({ length: Math.min(8, shops - first) }, (_, at) => call(`shop-${first + at}`)),
    );
}

async function worst(query = '') {
  const { rows, troubles, leftOut } = await snapshot(query);
  return { accounts: rows.map(({ status }) => status.account), rows, troubles, leftOut };
}

describe('the status page of 200 merchants of whom one fails', () => {
  beforeEach(async () => {
    await start();
    const wakapay = sandbox.provider('wakapay');
    for (let shop = 0; shop < 200; shop += 1) wakapay.addAccount(`shop-${shop}`);
    await callEach(200);
  });

  it('says that no credential fails while none does', async () => {
    expect(await snapshot()).toMatchObject({ troubles: [], totals: { calls: 200, failed: 0 } });
    expect((await worst('?troubled=1')).rows).toEqual([]);
  });

  it('shows the failing credential first, and names it whatever the search is', async () => {
    const fault = { fault: 'server-error', on: 'call', account: 'shop-199' } as const;
    sandbox.provider('wakapay').misbehave(fault);
    await failure(call('shop-199'));
    const troubles = [
      {
        kind: 'failing',
        count: 1,
        first: [{ provider: 'wakapay', account: 'shop-199' }],
        cause: 'the provider has a failure of its own',
      },
    ];
    for (const query of ['', '?search=shop-1', '?provider=cashfin'])
      expect(await worst(query)).toMatchObject({ troubles });
    const all = await worst();
    expect(all.accounts[0]).toBe('shop-199');
    expect(all.rows[0]).toMatchObject({ trouble: 'failing', status: { failing: ['call'] } });
    expect(await worst('?troubled=1')).toMatchObject({ accounts: ['shop-199'], leftOut: 0, troubles });
    expect(await worst('?troubled=1&search=cashfin')).toMatchObject({ accounts: [], troubles });
  });

  it('shows own accounts of providers before merchants that are as well off', async () => {
    await paymentsAuth.http('cashfin').axiosRef.get('/sandbox/echo');
    const { rows } = await worst();
    const whose = rows.map(
      ({ status }) => `${status.provider} ${status.account === undefined ? 'own' : 'merchant'}`,
    );
    expect(whose.slice(0, 3)).toEqual(['wakapay own', 'cashfin own', 'wakapay merchant']);
  });

  it('shows the credential with the rejected secret first, and names the key as the cause', async () => {
    const wakapay = sandbox.provider('wakapay');
    wakapay.revokeTokens('shop-77');
    outdated = { 'shop-77': { ...wakapay.credentialsOf('shop-77') } };
    wakapay.rotate({ account: 'shop-77', oldWorksForMs: 0 });
    await outcomeOf(call('shop-77'));
    const shown = await worst();
    expect(shown.accounts[0]).toBe('shop-77');
    expect(shown.rows[0]?.status.state).toBe('rejected');
    expect(shown.troubles).toMatchObject([
      {
        kind: 'rejected',
        count: 1,
        first: [{ account: 'shop-77' }],
        cause: expect.stringMatching(/pair is wrong/),
      },
    ]);
  });
});

describe('the totals of the status page', () => {
  it('never fall, and lose no call, however many accounts are dropped', async () => {
    await start(undefined, undefined, undefined, 5);
    const wakapay = sandbox.provider('wakapay');
    for (let shop = 0; shop < 40; shop += 1) wakapay.addAccount(`shop-${shop}`);
    wakapay.misbehave({ fault: 'server-error', on: 'call', account: 'shop-3' });
    let before = 0;
    for (let shop = 0; shop < 40; shop += 1) {
      await outcomeOf(call(`shop-${shop}`));
      if (shop % 8 !== 7) continue;
      const { totals } = await snapshot();
      expect(totals.calls).toBeGreaterThan(before);
      before = totals.calls;
    }
    const { totals, rows } = await snapshot();
    expect(totals).toEqual({ calls: 40, failed: 1, sentAgain: 0, logins: 40, failedLogins: 0 });
    const ofMerchants = rows.filter(({ status }) => status.account !== undefined);
    // The merchant whose last call failed is shown beside the five that are kept.
    const [failed, ...kept] = ofMerchants.map(({ status }) => status.account);
    expect({ failed, kept: kept.length }).toEqual({ failed: 'shop-3', kept: 5 });
    expect(kept).not.toContain('shop-3');
  });
});

describe('the snapshot', () => {
  it('is made once for requests at the same time, and kept for a moment for later ones', async () => {
    await start();
    sandbox.provider('wakapay').addAccount('shop-1');
    await call('shop-1');
    const status = jest.spyOn(paymentsAuth, 'status');
    const explain = jest.spyOn(paymentsAuth, 'explain');
    const page = app.get(PaymentsAuthStatusPage);
    await Promise.all(Array.from({ length: 50 }, () => page.snapshot()));
    expect(status.mock.calls.length).toBeLessThanOrEqual(3);
    expect(explain.mock.calls.length).toBeLessThanOrEqual(3);
  });
});

describe('PaymentsAuthStatusPageModule.forRoot', () => {
  class NoGuard {}

  it.each<[string, unknown, RegExp]>([
    ['no options', undefined, /guards: must name at least one guard class that decides who may see/],
    ['no guards', {}, /guards: must name at least one guard class/],
    ['an empty list of guards', { guards: [] }, /NODE_ENV nor the address of a request tells an operator/],
    ['a guard that is missing', { guards: [undefined] }, /guards\[0\]: must be a class with canActivate\(\)/],
    ['a guard that is an object', { guards: [{ canActivate: () => true }] }, /guards\[0\]: must be a class/],
    ['a path that leads elsewhere', { path: '../x', guards: [Nobody] }, /path: must be one such as/],
  ])('stops the boot with %s', async (_title, options, words) => {
    const error = await failure(
      (async () => PaymentsAuthStatusPageModule.forRoot(options as PaymentsAuthStatusPageOptions))(),
    );
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS', message: expect.stringMatching(words) });
  });

  it('stops the boot with a class without canActivate, which Nest would ignore', async () => {
    const error = await failure(start(undefined, { guards: [NoGuard as Type<CanActivate>] }));
    expect(error).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('guards[0]: must be a class with canActivate()'),
    });
  });
});
