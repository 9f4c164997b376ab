import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { json, startLoopbackServer } from '../support/loopback-server.js';
import { startProcess, type TestProcess } from '../support/processes.js';
import { startTlsFront } from '../support/tls.js';

/**
 * The names of all fields that an application, a definition or a provider may leave out. Two names are missing, because they
 * break the program before the library runs: axios's own CancelToken reads `reason`, and Node's own HTTP reads `encoding`.
 */
const NAMES = {
  'module options': [
    'providers',
    'store',
    'auditLog',
    'maxAccounts',
    'maxTokenRequests',
    'fromEnvironment',
    'definitions',
  ],
  'provider options': [
    'provider',
    'environment',
    'baseUrl',
    'credentials',
    'accounts',
    'http',
    'scopes',
    'audience',
    'signer',
    'refreshBeforeMs',
    'keepWarm',
    'replay',
    'credentialsTtlMs',
    'clientAuthentication',
    'share',
    'insecureHosts',
    'tokenRequest',
    'singleProcess',
  ],
  'request options': ['paymentsAuth', 'account', 'host', 'attempts'],
  'axios settings': [
    'proxy',
    'ca',
    'httpAgent',
    'httpsAgent',
    'http2Options',
    'httpVersion',
    'baseURL',
    'socketPath',
    'maxRedirects',
    'lookup',
    'transport',
    'maxContentLength',
    'fetchOptions',
    'allowAbsoluteUrls',
    'beforeRedirect',
    'dispatcher',
    'redirect',
  ],
  'definition fields': [
    'environments',
    'environmentVariable',
    'baseUrlVariable',
    'token',
    'strategy',
    'headers',
    'defaultHeaders',
    'sign',
    'tls',
    'refusal',
    'scopesVariable',
    'secretResponseFields',
    'probe',
    'webhooks',
    'webhook',
    'optional',
    'secret',
    'variable',
    'format',
    'inUrl',
    'default',
    'belongsTo',
    'suspect',
    'without',
    'field',
    'key',
  ],
  'login fields': [
    'path',
    'method',
    'body',
    'answer',
    'expiresIn',
    'expiresAt',
    'rejected',
    'issued',
    'revoke',
    'limits',
    'documentedLifetimeMs',
    'loginsEatQuota',
    'endsEarlierToken',
    'usableAfterMs',
    'tokenType',
    'parameters',
    'basicEncoding',
    'text',
    'json',
    'form',
    'contentType',
    'agent',
    'pfx',
    'authentication',
    'needsSigner',
    'claims',
    'issuer',
    'audience',
    'lifetimeMs',
    'token_type',
    'expires_in',
    'refresh_token',
  ],
  'credential fields': [
    'clientSecret',
    'clientId',
    'apiKey',
    'checksumKey',
    'secretKey',
    'consumerKey',
    'webhookSecret',
  ],
  'webhook fields': [
    'header',
    'query',
    'prefix',
    'list',
    'assign',
    'separator',
    'timestamp',
    'at',
    'unit',
    'toleranceMs',
    'signed',
    'id',
    'items',
    'acknowledge',
    'onlyWhenNamed',
    'hash',
    'keyEncoding',
    'confirmWith',
    'payload',
    'jws',
    'fields',
    'canonicalJson',
    'schemes',
    'refusal',
    'exact',
    'mac',
    'by',
    'keyId',
    'signedAtMs',
  ],
  'answers and what definitions are given': [
    'wrong',
    'pending',
    'because',
    'lasts',
    'refused',
    'incurable',
    'challenged',
    'missing',
    'environment',
    'audience',
    'previous',
    'signWith',
    'body',
    'url',
    'state',
  ],
  'what stands beside calls': [
    'keys',
    'plaintext',
    'hashKey',
    'prefix',
    'timeoutMs',
    'logger',
    'acquire',
    'provider',
    'account',
    'path',
    'guards',
    'imports',
    'header',
    'detached',
    'b64',
    'crit',
    'alg',
    'without',
    'rejected',
    'wrongClient',
    'revoke',
    'parameters',
    'tokenType',
    'basicEncoding',
    'host',
    'limits',
    'token_type',
    'error',
    'cause',
    'words',
    'credential',
    'scopes',
    'expiresAtMs',
    'lastFailure',
    'failing',
    'search',
    'troubled',
    'retryAfterMs',
    'status',
  ],
  'fields of events': [
    'outcome',
    'awaited',
    'remainingMs',
    'durationMs',
    'refusedAgain',
    'firstStatus',
    'incident',
  ],
  'what is wanted of a login': [
    'insist',
    'refused',
    'refusedKey',
    'forced',
    'held',
    'hasFailed',
    'unsent',
    'postponed',
    'newerThan',
    'drop',
    'isUnsent',
    'isBehind',
    'before',
    'version',
    'sentAtMs',
  ],
  'what is told of a call': [
    'isUnsent',
    'isBehind',
    'refused',
    'failure',
    'definitionFault',
    'key',
    'settle',
    'isOwn',
    'clockDifferenceMs',
    'issued',
    'whole',
  ],
  'what the language looks for': ['then', 'toJSON'],
  places: ['own', 'hosts', 'defaultHost', 'live', 'sandbox', 'api'],
} satisfies Record<string, string[]>;

/** The runs that are made while the prototype is polluted: those that can read a name of this group. */
const LOOKS_AT: Readonly<Record<string, readonly string[]>> = {
  'module options': ['boot', 'calls'],
  'provider options': ['boot', 'calls'],
  'axios settings': ['calls', 'copied'],
  'request options': ['boot', 'calls', 'copied', 'webhooks'],
  'login fields': ['calls'],
  'webhook fields': ['webhooks'],
  'what stands beside calls': ['beside'],
  'fields of events': ['beside'],
  'what is wanted of a login': ['calls', 'beside'],
  'what is told of a call': ['refusals'],
  'what the language looks for': ['boot', 'calls', 'refusals', 'webhooks', 'beside'],
  places: ['boot', 'calls'],
};

/**
 * The names that Node's own connections read from the prototype. With some values the request fails, like every other request
 * of the process. `encoding` ends the process, so it is left out.
 */
const CONNECTION_OPTIONS = [
  'proxy',
  'host',
  'hostname',
  'port',
  'path',
  'socketPath',
  'href',
  'protocol',
  'defaultPort',
  'agent',
  '_defaultAgent',
  'proxyEnv',
  'auth',
  'method',
  'headers',
  'setHost',
  'createConnection',
  'lookup',
  'family',
  'hints',
  'localAddress',
  'localPort',
  'autoSelectFamily',
  'timeout',
  'signal',
  'reason',
  'insecureHTTPParser',
  'maxHeaderSize',
  'socket',
  'session',
  'servername',
  'secureContext',
  'cert',
  'key',
  'pfx',
  'passphrase',
  'rejectUnauthorized',
  'checkServerIdentity',
  'ciphers',
  'minVersion',
  'maxVersion',
  'secureProtocol',
  'ALPNProtocols',
  'pauseOnConnect',
];

const SOURCES = fileURLToPath(new URL('../../libs/payments-auth/src/', import.meta.url));
/** The command is a process of its own, in which no application runs. */
const APART = /^(?:cli|bin)\b|\.spec\.ts$/;
/** Names that every promise or property descriptor reads, and the two names from above: they break any program. */
const LANGUAGE = [
  'then',
  'get',
  'set',
  'value',
  'writable',
  'enumerable',
  'configurable',
  'reason',
  'encoding',
];

/** Every optional field in the types of the library. */
function optionalFields(): string[] {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' });
  const texts = files
    .filter((file) => file.endsWith('.ts') && !APART.test(file))
    .map((file) => readFileSync(SOURCES + file, 'utf8'));
  const names = texts.flatMap((text) =>
    Array.from(text.matchAll(/\b([a-zA-Z_]+)\?: /g), ([, name = '']) => name),
  );
  return [...new Set(names)].filter((name) => !LANGUAGE.includes(name));
}

describe('a polluted Object.prototype', () => {
  let child: TestProcess;
  beforeAll(async () => {
    child = startProcess(new URL('./pollution.child.ts', import.meta.url));
    await child.next((message) => message === 'ready');
  });
  afterAll(() => child.kill());

  it.each(Object.entries(NAMES))('changes nothing by the names of %s', async (what, names) => {
    const looksAt = LOOKS_AT[what] ?? ['boot', 'calls', 'webhooks'];
    child.send({ names, looksAt });
    const { before, different, stolen, tried } = await child.next<{
      before: Record<'boot' | 'calls' | 'copied' | 'refusals' | 'webhooks' | 'beside' | 'inFleet', string>;
      different: string[];
      stolen: string[];
      tried: number;
    }>();
    expect(before.calls).toContain('cs_own');
    expect(before.calls).toContain('cs_B');
    expect(before.copied).toContain('"outcomes":[200,"ACCOUNT_UNKNOWN","INSECURE_DESTINATION",200,');
    expect(before.refusals).toContain('"replayed":true');
    expect(before.refusals).toContain('INSECURE_DESTINATION');
    expect(before.inFleet).not.toContain('failed');
    expect(before.boot).not.toContain('failed');
    expect(before.beside).toContain('t-renewed');
    expect(before.beside).toContain('GRANT_REJECTED');
    expect(before.beside).toContain('credentials-rejected provider=acme');
    expect(before.beside).toContain('payments_auth.token_request acme ended');
    expect(before.beside).toContain('observed [[');
    expect(different).toEqual([]);
    expect(stolen).toEqual([]);
    expect(before.webhooks).toContain('evt_1');
    expect(tried).toBe(names.length * 8 * looksAt.length);
  });

  it('leads no call and no login over https elsewhere by the names of connection options', async () => {
    const server = await startLoopbackServer((_, response) => json(response, 200, { token: 't' }));
    const front = await startTlsFront(server.url);
    let visits = 0;
    const foreign = createServer((socket) => {
      visits += 1;
      socket.destroy();
    });
    foreign.listen(0, '127.0.0.1');
    await once(foreign, 'listening');
    const { port } = foreign.address() as AddressInfo;
    const { url, ca } = front;
    child.send({ overHttps: true, url, ca, foreign: port, names: CONNECTION_OPTIONS });
    const { before, tried } = await child.next<{ before: unknown; tried: number }>();
    foreign.close();
    await front.close();
    await server.close();
    expect(before).toEqual([200, 200]);
    expect(tried).toBe(CONNECTION_OPTIONS.length * 6);
    // Most of the values change nothing, or make the request fail.
    expect(server.requests.length).toBeGreaterThan(tried);
    expect(visits).toBe(0);
  });

  it('trusts no server for the library: with a `ca` in it, nothing is sent over https', async () => {
    child.send({ untrusted: true });
    const { before, after, asked } = await child.next<
      Record<'before' | 'after', object> & { asked: string[] }
    >();
    const refused = 'DEPTH_ZERO_SELF_SIGNED_CERT';
    expect(before).toEqual({ call: refused, login: 'network', bare: refused });
    expect(after).toEqual({
      call: 'INSECURE_DESTINATION',
      login: 'untrusted',
      // Bare axios trusts the attacker's server, like every other https request of the process.
      bare: 200,
    });
    expect(asked).toEqual(['/']);
  });

  it('is not read: no field that was left out of an object is looked up there', async () => {
    const traps = optionalFields();
    expect(traps).toEqual(expect.arrayContaining(['isUnsent', 'failure', 'proxy']));
    child.send({ traps });
    const { reads } = await child.next<{ reads: string[] }>();
    expect(reads.filter((read) => read.includes('carelessReader'))).not.toEqual([]);
    expect(reads.filter((read) => !read.includes('carelessReader'))).toEqual([]);
  });
});
