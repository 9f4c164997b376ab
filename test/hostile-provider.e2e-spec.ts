import { afterEach, describe, expect, it } from '@jest/globals';
import { isPaymentsAuthError, type PaymentsAuthError } from 'nestjs-payments-auth';
import type { Misbehaviour } from 'payments-sandbox';
import { startHostileEndpoint } from './support/hostile-endpoint.js';
import { json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';
import {
  type BedProvider,
  type SandboxBed,
  startSandboxBed,
  TOKEN_PROVIDERS,
} from './support/sandbox-bed.js';
import { outcomeOf, until } from './support/waiting.js';

const ECHO = { url: '/sandbox/echo' };
/** How long a caller waits for a login by the clock, retries included, and the step in which a test moves the clock. */
const BUDGET_MS = 15_000 + 50;
const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;

const YEAR_S = 365 * 24 * 3_600;

/** Answers to a login without a token. */
const ANSWERS: Misbehaviour[] = [
  { fault: 'huge' },
  { fault: 'endless' },
  { fault: 'drip', intervalMs: 5 },
  { fault: 'hang' },
  { fault: 'garbage' },
  { fault: 'html' },
  { fault: 'html', status: 200 },
  { fault: 'no-content' },
  { fault: 'error-in-2xx' },
  { fault: 'server-error' },
  { fault: 'server-error', retryAfter: YEAR_S },
  { fault: 'rate-limit', retryAfter: YEAR_S },
  { fault: 'rate-limit', retryAfter: 'Fri, 31 Dec 9999 23:59:59 GMT' },
  { fault: 'rate-limit', retryAfter: '-1' },
  { fault: 'rate-limit', retryAfter: 0 },
  { fault: 'server-error', retryAfter: 'Thu, 01 Jan 1970 00:00:00 GMT' },
  { fault: 'rate-limit', retryAfter: 'soon' },
  { fault: 'rate-limit', retryAfter: null },
  { fault: 'drop' },
  { fault: 'drop', when: 'after' },
  { fault: 'drop', when: 'mid-answer' },
  { fault: 'redirect', to: 'other-port' },
  ...(
    [
      'missing',
      'null',
      'empty',
      'number',
      'object',
      'array',
      'long',
      'line-break',
      'control-character',
      'not-ascii',
    ] as const
  ).map((token): Misbehaviour => ({ fault: 'malformed-token', token })),
];

/** JSON that is not the answer to a login. */
const STRANGE_JSON: [title: string, body: string][] = [
  ['a list', '[]'],
  ['a list with a token in it', '[{"token":"x","access_token":"x","accessToken":"x"}]'],
  ['a text', '"token"'],
  ['nothing', 'null'],
  ['a token too deep', '{"data":{"token":"x","access_token":"x","accessToken":"x"}}'],
  ['a token in the token', '{"token":{"token":"x"},"access_token":{"a":1},"accessToken":["x"]}'],
  ['a token in the prototype', '{"__proto__":{"token":"x","access_token":"x","accessToken":"x"}}'],
  ['lists in lists to a great depth', '['.repeat(200_000) + ']'.repeat(200_000)],
  ['a field a thousand times', `{${'"token":null,'.repeat(1_000)}"token":0}`],
];

let opened: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each.close();
});

async function start(
  name: BedProvider['name'],
  options: Parameters<typeof startSandboxBed>[0] = {},
): Promise<[SandboxBed, BedProvider]> {
  const six = await startSandboxBed({ ...options, only: [name] });
  opened.push(six);
  return [six, six.of(name)];
}

/** The error of a call that gets no token. Checks that it came in time and left nothing open. */
async function failedCall(
  six: SandboxBed,
  { send, credentials, provider }: BedProvider,
  code: 'CREDENTIALS_UNAVAILABLE' | 'DEFINITION_FAULT' = 'CREDENTIALS_UNAVAILABLE',
): Promise<PaymentsAuthError> {
  const startedAtMs = six.clock.monotonic();
  const error = await six.outwait(outcomeOf(send(ECHO)));
  expect(six.clock.monotonic() - startedAtMs).toBeLessThanOrEqual(BUDGET_MS);
  expect(isPaymentsAuthError(error) && error.code).toBe(code);
  // A token request that was sent goes on to its own deadline, also when its caller has gone.
  await six.outwait(until(() => credentials.status().state !== 'acquiring'));
  expect(credentials.status()).toMatchObject({
    state: code === 'DEFINITION_FAULT' ? 'rejected' : 'unavailable',
    lastErrorCode: code,
  });
  expect(credentials.status().credential).toBeUndefined();
  expect(provider.counts.calls).toBe(0);
  // The provider is not asked again at once, whatever it answers.
  expect(provider.counts.tokenRequests).toBeLessThan(60);
  return error as PaymentsAuthError;
}

describe.each(TOKEN_PROVIDERS)('a login at %s', (name) => {
  it.each(ANSWERS)(
    'is a typed error in time when it ends in %j, and leaves nothing behind',
    async (fault) => {
      const [six, bed] = await start(name);
      const end = bed.provider.misbehave({ on: 'token', ...fault });
      // The provider's own success without a usable token: no waiting cures that.
      const isFault = fault.fault === 'malformed-token' && fault.token !== 'long';
      const { retryAfterMs = 0 } = await failedCall(six, bed, isFault ? 'DEFINITION_FAULT' : undefined);
      expect(bed.provider.counts.tokenRequests).toBeLessThanOrEqual(isFault ? 1 : 60);
      expect(retryAfterMs).toBeGreaterThan(0);
      // The library waits for an hour at most, whatever the provider says: one request an hour does no harm.
      expect(retryAfterMs).toBeLessThanOrEqual(HOUR_MS);
      end();
      const { nextAttemptAtMs = 0 } = bed.credentials.status();
      await six.clock.advance(Math.max(retryAfterMs, nextAttemptAtMs - six.clock.now()));
      const { tokenRequests } = bed.provider.counts;
      expect((await bed.send(ECHO)).status).toBe(200);
      expect(bed.provider.counts.tokenRequests).toBe(tokenRequests + 1);
      expect(six.sandbox.elsewhere.requests).toEqual([]);
    },
  );

  it.each(STRANGE_JSON)(
    'is a typed error when it is answered with JSON of another kind: %s',
    async (_, body) => {
      const server: LoopbackServer = await startLoopbackServer((_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).end(body);
      });
      opened.push(server);
      const [six, bed] = await start(name, { options: () => ({ baseUrl: server.url }) });
      await failedCall(six, bed, 'DEFINITION_FAULT');
      expect(server.requests).toHaveLength(1);
    },
  );

  it('is a typed error when it is answered with lists in lists without end', async () => {
    const server = await startLoopbackServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('['.repeat(500_000));
    });
    opened.push(server);
    const [six, bed] = await start(name, { options: () => ({ baseUrl: server.url }) });
    await failedCall(six, bed);
    expect(server.requests.length).toBeGreaterThan(0);
  });

  it.each([
    ['a body', 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"token":"'],
    ['a header', 'HTTP/1.1 200 OK\r\nx-endless: '],
    ['a length that it claims', 'HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n'],
    ['a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffff\r\n'],
  ])('is read up to the limit only when its answer never ends: %s', async (_, head) => {
    const endpoint = await startHostileEndpoint(head);
    opened.push(endpoint);
    const [six, bed] = await start(name, { options: () => ({ baseUrl: endpoint.url }) });
    await failedCall(six, bed);
    // 1 MiB is read of each. The rest stays in the buffers of the two sockets.
    expect(endpoint.bytesTaken()).toBeLessThan(endpoint.connections() * 16 * MIB);
    expect(endpoint.connections()).toBeGreaterThan(0);
  });

  it.each([
    undefined,
    null,
    0,
    -1,
    '-3600',
    1e300,
    '1e9',
    'NaN',
    'soon',
    '',
    true,
    {},
    [],
    [3_600],
    Number.MAX_SAFE_INTEGER,
    '9999-12-31T23:59:59.9999999Z',
    '0001-01-01T00:00:00Z',
    '1970-01-01',
    '2026-13-45T99:99:99Z',
  ])('gives a token for a plausible time when the expiry is %j', async (expiry) => {
    const [six, bed] = await start(name);
    bed.provider.misbehave({ fault: 'absurd-expiry', expiry });
    const { obtainedAtMs, expiresAtMs = NaN } = await six.outwait(bed.credentials.get());
    expect(expiresAtMs - obtainedAtMs).toBeGreaterThan(0);
    expect(expiresAtMs - obtainedAtMs).toBeLessThanOrEqual(24 * HOUR_MS);
    expect((await six.outwait(bed.send(ECHO))).status).toBe(200);
    expect(bed.provider.counts.calls).toBe(1);
  });

  it('gives a token for its documented time when the `Date` is from 1970', async () => {
    const [six, bed] = await start(name);
    bed.provider.configure({ skewMs: -Date.now() });
    for (let call = 0; call < 3; call += 1) expect((await six.outwait(bed.send(ECHO))).status).toBe(200);
    expect(bed.provider.counts.tokenRequests).toBe(1);
  });

  it('is read as JSON also under another content type', async () => {
    const [six, bed] = await start(name);
    bed.provider.misbehave({ fault: 'wrong-content-type', contentType: 'text/html', on: 'token' });
    expect((await six.outwait(bed.send(ECHO))).status).toBe(200);
  });
});

describe('a call', () => {
  it.each([
    ['a Date of 1970', { date: 'Thu, 01 Jan 1970 00:00:00 GMT' }],
    ['absurd limits', { 'x-ratelimit-limit': 'many', 'x-ratelimit-reset': '1e400', 'retry-after': '1e9' }],
  ])('disturbs no other call when its answer has %s', async (_, headers) => {
    const server = await startLoopbackServer((_request, response) => json(response, 200, {}, headers));
    opened.push(server);
    const [six, bed] = await start('cashfin', { options: () => ({ baseUrl: server.url }) });
    for (let call = 0; call < 2; call += 1) expect((await six.outwait(bed.send(ECHO))).status).toBe(200);
    expect(() => JSON.stringify(six.paymentsAuth.status())).not.toThrow();
  });
});
