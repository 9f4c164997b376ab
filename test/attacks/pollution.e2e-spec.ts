import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProcess, type TestProcess } from '../support/processes.js';

/**
 * Every name that is read from something that an application, a definition or a provider may have left out. `reason` is
 * not among them: axios's own CancelToken reads that, and no call is sent.
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
  places: ['own', 'hosts', 'defaultHost', 'live', 'sandbox', 'api'],
} satisfies Record<string, string[]>;

describe('a polluted Object.prototype', () => {
  let child: TestProcess;
  beforeAll(async () => {
    child = startProcess(new URL('./pollution.child.ts', import.meta.url));
    await child.next((message) => message === 'ready');
  });
  afterAll(() => child.kill());

  it.each(Object.entries(NAMES))('changes nothing by the names of %s', async (_, names) => {
    child.send({ names });
    const { before, different, stolen, tried } = await child.next<{
      before: { boot: string; calls: string };
      different: string[];
      stolen: string[];
      tried: number;
    }>();
    expect(before.calls).toContain('cs_own');
    expect(before.calls).toContain('cs_B');
    expect(before.boot).not.toContain('failed');
    expect(different).toEqual([]);
    expect(stolen).toEqual([]);
    expect(tried).toBe(names.length * 16);
  });
});
