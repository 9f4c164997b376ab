import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProcess, type TestProcess } from '../support/processes.js';

/**
 * Every name that is read from something that an application, a definition or a provider may have left out. Two are not
 * among them, which break the program before it comes to us: `reason`, which axios's own CancelToken reads, and `encoding`,
 * which Node's own HTTP reads.
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
  places: ['own', 'hosts', 'defaultHost', 'live', 'sandbox', 'api'],
} satisfies Record<string, string[]>;

/** What is done while the prototype is polluted: everything, or what alone could read such a name. */
const LOOKS_AT: Readonly<Record<string, readonly string[]>> = {
  'module options': ['boot', 'calls'],
  'provider options': ['boot', 'calls'],
  'axios settings': ['calls'],
  'login fields': ['calls'],
  'webhook fields': ['webhooks'],
  'what stands beside calls': ['beside'],
  places: ['boot', 'calls'],
};

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
      before: { boot: string; calls: string; webhooks: string; beside: string };
      different: string[];
      stolen: string[];
      tried: number;
    }>();
    expect(before.calls).toContain('cs_own');
    expect(before.calls).toContain('cs_B');
    expect(before.boot).not.toContain('failed');
    expect(before.beside).toContain('t-renewed');
    expect(before.beside).toContain('GRANT_REJECTED');
    expect(before.beside).toContain('credentials-rejected provider=acme');
    expect(different).toEqual([]);
    expect(stolen).toEqual([]);
    expect(before.webhooks).toContain('evt_1');
    expect(tried).toBe(names.length * 8 * looksAt.length);
  });
});
