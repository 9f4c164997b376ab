import { textAt, valueAt } from '../building-blocks/json-value.js';
import { login, type LoginSpec } from './login.strategy.js';
import { strategyOf, type TokenAnswer, type TokenStrategy } from './strategy.js';

type Person = { readonly user: string; readonly password: string };

const MEANS = { clientAuthentication: 'client_secret_basic' } as const;
const person: Person = { user: 'test-user', password: 'test-secret-not-real' };

const spec = {
  path: '/login',
  answer: { token: 'data.session.token', expiresIn: 'data.session.ttl' },
  documentedLifetimeMs: 600_000,
  rejected: ({ body }: TokenAnswer) => textAt(body, 'error') === 'bad_password',
  reason: ({ body }: TokenAnswer) => textAt(body, 'error'),
};

function answer(status: number, body: unknown, headers: Record<string, string> = {}): TokenAnswer {
  return { status, headers, body, text: '' };
}

function strategyFrom(changes: Partial<LoginSpec<Person>> = {}): TokenStrategy<Person> {
  return strategyOf({ token: login<Person>({ ...spec, ...changes }) }) as TokenStrategy<Person>;
}

const given = { credentials: person, scopes: [], nowMs: 0, endpoint: 'https://api.test/login' };

const FAULT = { outcome: 'rejected', code: 'DEFINITION_FAULT' } as const;

function tripsOver(): never {
  throw new TypeError('body.error is not a function');
}

const answersLate = ({ body }: TokenAnswer) =>
  valueAt(body, 'late') === true && Promise.reject(new Error('late'));

describe('login', () => {
  describe('a request', () => {
    it('carries a JSON body, and says so', async () => {
      const strategy = strategyFrom({ body: ({ credentials: { user } }) => ({ json: { user, n: 1 } }) });
      expect(await strategy.request(given, MEANS)).toEqual({
        method: 'POST',
        path: '/login',
        headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
        body: '{"user":"test-user","n":1}',
      });
    });

    it('carries a form, without the fields that have no value', async () => {
      const strategy = strategyFrom({
        body: ({ credentials: { user } }) => ({ form: { user, grant: 'a b&c', realm: undefined } }),
      });
      expect(await strategy.request(given, MEANS)).toMatchObject({
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: 'user=test-user&grant=a+b%26c',
      });
    });

    it('carries text as it is, with the content type that the definition names', async () => {
      const text = '<login user="test-user"/>';
      const strategy = strategyFrom({
        headers: () => ({ Accept: 'text/xml' }),
        body: () => ({ text, contentType: 'text/xml; charset=utf-8' }),
      });
      expect(await strategy.request(given, MEANS)).toEqual({
        method: 'POST',
        path: '/login',
        headers: { Accept: 'text/xml', 'Content-Type': 'text/xml; charset=utf-8' },
        body: text,
      });
    });

    it('carries headers of its own and no body at all', async () => {
      const strategy = strategyFrom({
        method: 'GET',
        headers: ({ credentials: { user, password } }) => ({
          'x-user': user,
          'x-password': password,
          'x-none': undefined,
        }),
      });
      const request = await strategy.request(given, MEANS);
      expect(request).toEqual({
        method: 'GET',
        path: '/login',
        headers: { Accept: 'application/json', 'x-user': 'test-user', 'x-password': person.password },
      });
      expect(request).not.toHaveProperty('body');
    });

    it('gives a token back where the provider takes one', async () => {
      const strategy = strategyFrom({
        revoke: { path: '/logout', body: ({ token }) => ({ json: { token } }) },
      });
      expect(await strategy.revoke?.({ ...given, token: 'tok' }, MEANS)).toMatchObject({
        method: 'POST',
        path: '/logout',
        body: '{"token":"tok"}',
      });
      expect(strategyFrom()).not.toHaveProperty('revoke');
    });
  });

  it.each<[string, Partial<LoginSpec<Person>>]>([
    ['token.headers', { headers: tripsOver }],
    ['token.body', { body: tripsOver }],
    ['token.revoke.body', { revoke: { path: '/logout', body: tripsOver } }],
  ])('fails with the name of the function that threw: %s', async (path, changes) => {
    const strategy = strategyFrom(changes);
    const make = async () =>
      path.includes('revoke')
        ? strategy.revoke?.({ ...given, token: 'tok' }, MEANS)
        : strategy.request(given, MEANS);
    await expect(make()).rejects.toMatchObject({ path, cause: expect.any(TypeError) });
  });

  it('has no limits and no quota unless the definition names them', () => {
    expect(strategyFrom()).toMatchObject({ limits: [], loginsEatQuota: false });
    const limits = [{ limit: 1, perMs: 1_000, per: 'ip' } as const];
    expect(strategyFrom({ limits, loginsEatQuota: true })).toMatchObject({
      limits,
      loginsEatQuota: true,
    });
  });

  describe('an answer', () => {
    const strategy = strategyFrom();

    it('issues the token that stands at a nested path', () => {
      expect(strategy.read(answer(201, { data: { session: { token: 'tok', ttl: '90' } } }), 0)).toEqual({
        outcome: 'issued',
        token: 'tok',
        lifetime: { lifetimeMs: 90_000, from: 'relative' },
      });
    });

    it('gives the documented lifetime when it states none', () => {
      expect(strategy.read(answer(200, { data: { session: { token: 'tok' } } }), 0)).toMatchObject({
        lifetime: { lifetimeMs: 600_000, from: 'documented' },
      });
    });

    it.each([200, 401, 500])('means a wrong secret where the definition says so, at status %i', (status) => {
      expect(strategy.read(answer(status, { error: 'bad_password' }), 0)).toEqual({
        outcome: 'rejected',
        reason: 'bad_password',
      });
    });

    it('means a wrong secret also when a token stands beside it', () => {
      const body = { error: 'bad_password', data: { session: { token: 'tok' } } };
      expect(strategy.read(answer(200, body), 0).outcome).toBe('rejected');
    });

    it.each([
      ['a redirect', answer(302, undefined), 'HTTP 302'],
      ["a firewall's HTML", answer(403, undefined), 'HTTP 403'],
      ['an outage', answer(503, { error: 'maintenance' }), 'maintenance'],
      ['an outage with a token in it', answer(500, { data: { session: { token: 'tok' } } }), 'HTTP 500'],
      ['an outage with status 200', answer(200, { error: 'maintenance' }), 'maintenance'],
      ["a portal's page with status 200", answer(200, undefined), 'HTTP 200 without a usable token'],
      ['no content', answer(204, undefined), 'HTTP 204 without a usable token'],
    ])('is an outage and not a wrong secret when it is %s', (_, received, reason) => {
      expect(strategy.read(received, 0)).toEqual({ outcome: 'unavailable', reason });
    });

    it.each([
      ['null', answer(200, null)],
      ['a list', answer(200, [{ token: 'tok' }])],
      ['an empty object', answer(200, {})],
      ['a token somewhere else', answer(200, { token: 'tok' })],
    ])('is a fault of the definition when it is %s, and names the place', (_, received) => {
      expect(strategy.read(received, 0)).toEqual({
        ...FAULT,
        reason: 'token.answer.token: HTTP 200 with no token at "data.session.token"',
      });
    });

    it('is an outage when it says in the provider’s words why there is no token', () => {
      const received = answer(200, { error: 'busy', data: { session: { token: '' } } });
      expect(strategy.read(received, 0)).toEqual({ outcome: 'unavailable', reason: 'busy' });
    });

    it.each<[string, Partial<LoginSpec<Person>>]>([
      ['token.rejected', { rejected: tripsOver }],
      ['token.issued', { issued: tripsOver }],
      ['token.reason', { rejected: ({ status }) => status === 200, reason: tripsOver }],
      ['token.answer.token', { answer: { token: tripsOver } }],
    ])('is a fault of the definition when %s throws, with its name and its cause', (path, changes) => {
      expect(strategyFrom(changes).read(answer(200, {}), 0)).toEqual({
        ...FAULT,
        reason: `${path} threw TypeError: body.error is not a function`,
        cause: expect.any(TypeError),
      });
    });

    it.each([429, 500, 502, 503])(
      'is an outage at %i, also when a function throws because of its body',
      (status) => {
        const outage = { outcome: 'unavailable', reason: `HTTP ${status}` };
        expect(strategyFrom({ rejected: tripsOver }).read(answer(status, undefined), 0)).toEqual(outage);
      },
    );

    it('is a fault of the definition when a function that has to answer at once returns a promise', () => {
      const late = strategyFrom({ rejected: answersLate as never });
      expect(late.read(answer(200, { late: true }), 0)).toMatchObject({
        ...FAULT,
        reason: 'token.rejected returned a promise; it must return its result directly',
      });
    });

    it.each([
      ['empty', ''],
      ['a number', 7],
      ['an object', {}],
      ['null', null],
      ['a line break', 'tok\r\nX-Evil: 1'],
      ['a space in front', ' tok'],
      ['a space behind', 'tok '],
      ['a space alone', ' '],
      ['no ASCII', 'tök'],
      ['a control character', 'to\u0000k'],
      ['8 KiB and a byte', 'x'.repeat(8 * 1_024 + 1)],
      ['1 MiB', 'x'.repeat(1024 * 1024)],
    ])('is a fault of the definition when its token is %s', (_, token) => {
      expect(strategy.read(answer(200, { data: { session: { token } } }), 0)).toMatchObject(FAULT);
    });

    it.each([['x'.repeat(8 * 1_024)], ['Bearer eyJ.a.b'], ['x']])('issues a token of %.20s', (token) => {
      expect(strategy.read(answer(200, { data: { session: { token } } }), 0).outcome).toBe('issued');
    });

    it('gives no token when the definition requires more than a token', () => {
      const careful = strategyFrom({ issued: ({ body }) => valueAt(body, 'ok') === true });
      const session = { token: 'tok' };
      expect(careful.read(answer(200, { ok: false, data: { session } }), 0).outcome).toBe('unavailable');
      expect(careful.read(answer(200, { ok: true, data: { session } }), 0).outcome).toBe('issued');
    });

    it('issues the token that a function of the definition finds in the text', () => {
      const plain = strategyFrom({ answer: { token: ({ text }) => text.trim() || undefined } });
      const received = { ...answer(200, undefined), text: 'eyJ.whole.body\n' };
      expect(plain.read(received, 0)).toMatchObject({ outcome: 'issued', token: 'eyJ.whole.body' });
      expect(plain.read({ ...received, text: ' ' }, 0).outcome).toBe('unavailable');
      // A maintenance page can come with status 200 too.
      const page = '<html>\n<body>We are back soon.</body></html>';
      expect(plain.read({ ...received, text: page }, 0)).toEqual({
        outcome: 'unavailable',
        reason: 'HTTP 200 without a usable token',
      });
    });

    it('gives no field that is not in the JSON', () => {
      const odd = strategyFrom({ answer: { token: 'constructor.name' } });
      expect(odd.read(answer(200, {}), 0)).toMatchObject(FAULT);
    });
  });
});
