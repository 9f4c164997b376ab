import { isPaymentsAuthError } from '../payments-auth.errors.js';
import { clientCredentials } from './client-credentials.strategy.js';
import { login } from './login.strategy.js';
import { refreshToken } from './refresh-token.strategy.js';

type Acme = { user: string; secret: string };

const LOGIN = {
  path: '/session',
  body: ({ credentials }: { credentials: Acme }) => ({ json: credentials }),
  answer: { token: 'data.token' },
  documentedLifetimeMs: 600_000,
  rejected: () => false,
};
const CLIENT = {
  path: '/token',
  client: ({ credentials }: { credentials: Acme }) => ({ id: credentials.user, secret: credentials.secret }),
  documentedLifetimeMs: 600_000,
};

/** An answer as an author describes it who forgets that the body may be missing. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
  readonly data: Body;
}
interface Body {
  readonly code: string;
  readonly ok: boolean;
  readonly message: string;
  readonly token: string;
  readonly error: { readonly code: string };
}

function throwing(): never {
  throw new Error('not written yet');
}

/** A path, and a message of some length with no doubled article and no doubled full stop. */
const SAID = /^[^:]+: (?!.*(?:\ba (?:object|array)\b|\.\.$|\?\.)).{12,}$/;

/** The paths of the mistakes that a factory refuses. */
function pathsOf(make: () => unknown): string[] {
  try {
    make();
  } catch (error) {
    if (!isPaymentsAuthError(error) || error.code !== 'INVALID_OPTIONS') throw error;
    const unread = error.problems?.find((problem) => !SAID.test(problem));
    if (unread !== undefined) throw new Error(`reads badly: ${unread}`, { cause: error });
    return (error.problems ?? []).map((problem) => problem.split(': ')[0] ?? '');
  }
  return [];
}

describe('a factory of tokens', () => {
  it('accepts a description with everything that is needed', () => {
    expect(pathsOf(() => login<Acme>(LOGIN))).toEqual([]);
    expect(pathsOf(() => clientCredentials<Acme>(CLIENT))).toEqual([]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['token.path', { path: undefined }],
    ['token.path', { path: '' }],
    ['token.path', { path: 'session' }],
    ['token.path', { path: '//login.acme.test/session' }],
    ['token.path', { path: 'https://login.acme.test/session' }],
    ['token.path', { path: 7 }],
    ['token.path', { path: '/../session' }],
    ['token.path', { path: '/a/%2e%2e/%2e%2e/session' }],
    ['token.path', { path: String.raw`/a\session` }],
    ['token.path', { path: '/session#x' }],
    ['token.path', { path: '/the session' }],
    ['token.path', { path: '/säule' }],
    ['token.usableAfterMs', { usableAfterMs: 600_000 }],
    ['token.usableAfterMs', { usableAfterMs: 60_000, documentedLifetimeMs: 60_000 }],
    ['token.rejected', { rejected: () => true }],
    ['token.rejected', { rejected: ({ status }: { status: number }) => status !== 200 }],
    ['token.rejected', { rejected: ({ body }: { body: unknown }) => body === undefined }],
    ['token.rejected', { rejected: async () => false }],
    ['token.limits[0].pre', { limits: [{ limit: 1, perMs: 1, per: 'ip', pre: 'ip' }] }],
    ['token.revoke.patch', { revoke: { path: '/session/end', patch: '/x' } }],
    ['token.revoke.method', { revoke: { path: '/session/end', method: 'DELETE' } }],
    ['token.revoke.path', { revoke: { path: '/../end' } }],
    ['token.documentedLifetimeMs', { documentedLifetimeMs: undefined }],
    ['token.documentedLifetimeMs', { documentedLifetimeMs: 0 }],
    ['token.documentedLifetimeMs', { documentedLifetimeMs: NaN }],
    ['token.documentedLifetimeMs', { documentedLifetimeMs: 3_600 }],
    ['token.documentedLifetimeMs', { documentedLifetimeMs: 59_999 }],
    ['token.documentedLifetimeMs', { documentedLifetimeMs: 400 * 24 * 3_600_000 }],
    ['token.documentedLifetimeMs', { documentedLifetimeMs: Infinity }],
    ['token.documentedLifetimeMs', { documentedLifetimeMs: '3600000' }],
    ['token.usableAfterMs', { usableAfterMs: -1 }],
    ['token.usableAfterMs', { usableAfterMs: '30s' }],
    ['token.rejected', { rejected: undefined }],
    ['token.rejected', { rejected: 403 }],
    ['token.issued', { issued: true }],
    ['token.reason', { reason: 'message' }],
    ['token.body', { body: { json: {} } }],
    ['token.headers', { headers: { 'X-Key': 'k' } }],
    ['token.body', { method: 'GET' }],
    ['token.method', { method: 'PUT' }],
    ['token.answer.token', { answer: undefined }],
    ['token.answer.token', { answer: {} }],
    ['token.answer.token', { answer: { token: '' } }],
    ['token.answer.expiresIn', { answer: { token: 'token', expiresIn: 3600 } }],
    ['token.answer.expiresAt', { answer: { token: 'token', expiresAt: () => 1 } }],
    ['token.limits', { limits: { limit: 1 } }],
    ['token.limits[0]', { limits: [{ limit: 0, perMs: 1, per: 'ip' }] }],
    ['token.limits[0]', { limits: [{ limit: 1, perMs: 1, per: 'planet' }] }],
    ['token.limits[0].scope', { limits: [{ limit: 1, perMs: 1, scope: 'ip' }] }],
    ['token.loginsEatQuota', { loginsEatQuota: 'yes' }],
    ['token.endsEarlierToken', { endsEarlierToken: false }],
    ['token.revoke', { revoke: '/session/end' }],
    ['token.revoke.path', { revoke: { path: 'session/end' } }],
    ['token.revoke.headers', { revoke: { path: '/session/end', headers: { 'X-Key': 'k' } } }],
    ['token.revoke.body', { revoke: { path: '/session/end', body: '{}' } }],
    ['token.host', { host: 0 }],
    ['token.answer.acces', { answer: { token: 'token', acces: 'x' } }],
    ['token.answer.scope', { answer: { token: 'token', scope: 'scope' } }],
    ['token.lifetimeMs', { lifetimeMs: 600_000 }],
    ['token.answer.token', { answer: { token: '$.data.token' } }],
    ['token.answer.token', { answer: { token: '/data/token' } }],
    ['token.answer.token', { answer: { token: 'data[0].token' } }],
    ['token.answer.token', { answer: { token: 'data. token' } }],
    ['token.answer.token', { answer: { token: async () => 'token' } }],
    ['token.answer.expiresIn', { answer: { token: 'token', expiresIn: 'data..expires' } }],
    ['token.issued', { issued: async () => true }],
    ['token.reason', { reason: async () => 'reason' }],
    ['token.client', { client: () => ({ id: 'acme' }) }],
    ['token.usableAfterMs', { usableAfterMs: 30 }],
    ['token.usableAfterMs', { usableAfterMs: 90 }],
    ['token.limits[0].perMs', { limits: [{ limit: 10, perMs: 60, per: 'ip' }] }],
    ['token.limits[0]', { limits: [{ limit: 1.5, perMs: 1_000, per: 'ip' }] }],
    ['token.limits[0]', { limits: [{ limit: 1, perMs: Infinity, per: 'ip' }] }],
    ...[429, 500, 502, 503, 504].map((status): [string, Record<string, unknown>] => [
      'token.rejected',
      { rejected: (answer: Answer) => answer.status === status },
    ]),
    ['token.rejected', { rejected: ({ status }: Answer) => status >= 400 && status < 500 }],
    ['token.rejected', { rejected: ({ body }: Answer) => body.code === 'wrong' }],
    ['token.rejected', { rejected: ({ body }: Answer) => body?.error.code === 'wrong' }],
    ['token.rejected', { rejected: ({ data }: Answer) => data?.code === 'wrong' }],
    ['token.rejected', { rejected: ({ headers }: Answer) => headers['X-Error'] === 'wrong' }],
    ['token.issued', { issued: ({ body }: Answer) => body.ok }],
    ['token.reason', { reason: ({ body }: Answer) => body.message }],
    ['token.reason', { reason: ({ status }: Answer) => status }],
    ['token.answer.token', { answer: { token: ({ data }: Answer) => data.token } }],
  ])('refuses %s in a login with %j', (path, changes) => {
    expect(pathsOf(() => login<Acme>({ ...LOGIN, ...changes }))).toEqual([path]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['token.client', { client: undefined }],
    ['token.client', { client: { id: 'acme' } }],
    ['token.parameters', { parameters: { audience: 'acme' } }],
    ['token.authentication', { authentication: [] }],
    ['token.authentication', { authentication: ['certificate'] }],
    ['token.authentication', { authentication: 'basic' }],
    ['token.authentication', { authentication: '-----BEGIN PRIVATE KEY-----' }],
    ['token.authentication', { authentication: { way: 'private_key_jwt', algorithm: 'ES256' } }],
    ['token.authentication', { authentication: { algorithm: 'ES256', key: () => 'k' } }],
    ['token.authentication', { authentication: () => 'jwt' }],
    ['token.revoke.headers', { revoke: { path: '/revoke', headers: () => ({}) } }],
    ['token.revoke.method', { revoke: { path: '/revoke', method: 'GET' } }],
    ['token.clientAuthentication', { clientAuthentication: ['basic'] }],
    ['token.answer.token', { answer: { token: () => 'token' } }],
    ['token.answer.scope', { answer: { scope: true } }],
    ['token.answer.access_token', { answer: { access_token: 'data.token' } }],
    ['token.basicEncoding', { basicEncoding: 'raw' }],
    ['token.basicEncoding', { basicEncoding: 'plain', authentication: ['client_secret_post'] }],
    ['token.basicEncoding', { basicEncoding: 'form', authentication: 'none' }],
    ['token.encoding', { encoding: 'xml' }],
    ['token.tokenType', { tokenType: /bearer/i }],
    ['token.rotates', { rotates: true }],
    ['token.method', { method: 'GET' }],
  ])('refuses %s in client credentials with %j', (path, changes) => {
    expect(pathsOf(() => clientCredentials<Acme>({ ...CLIENT, ...changes }))).toEqual([path]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['token.refreshToken', { refreshToken: undefined }],
    ['token.refreshToken', { refreshToken: 'refreshToken' }],
    ['token.rotates', { rotates: undefined }],
    ['token.rotates', { rotates: 'yes' }],
    ['token.client', { client: undefined }],
    ['token.wrongClient', { wrongClient: true }],
    ['token.body', { body: () => ({ json: {} }) }],
  ])('refuses %s in a refresh token with %j', (path, changes) => {
    const spec = { ...CLIENT, refreshToken: () => 'invented', rotates: true, ...changes };
    expect(pathsOf(() => refreshToken<Acme>(spec))).toEqual([path]);
  });

  it('accepts a wait of half a second, a limit by the tenth of one, and a status of its own', () => {
    for (const usableAfterMs of [0, 500, 30_000])
      expect(pathsOf(() => login<Acme>({ ...LOGIN, usableAfterMs }))).toEqual([]);
    const limits = [{ limit: 1, perMs: 100, per: 'ip' as const }];
    expect(pathsOf(() => login<Acme>({ ...LOGIN, limits }))).toEqual([]);
    for (const own of [200, 400, 401, 403, 423])
      expect(pathsOf(() => login<Acme>({ ...LOGIN, rejected: ({ status }) => status === own }))).toEqual([]);
  });

  it('leaves a function that throws whatever it is given to the first login, which names it', () => {
    for (const name of ['rejected', 'issued', 'reason'])
      expect(pathsOf(() => login<Acme>({ ...LOGIN, [name]: throwing }))).toEqual([]);
  });

  it('names all mistakes at once, each with what to do', () => {
    const broken = { ...LOGIN, path: 'session', documentedLifetimeMs: 3_600, rejected: undefined } as never;
    expect(() => login(broken)).toThrow(
      /login\(\{ … \}\).*\n {2}- token\.path: expected a path that begins with one "\/"\n {2}- token\.documentedLifetimeMs: .*may say seconds\n {2}- token\.rejected: expected a function, and it is missing/,
    );
    expect(() => login(undefined as never)).toThrow(/token: login expects an object/);
  });
});
