import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { buildKeyGenerator, setupCache } from 'axios-cache-interceptor';
import { applicationAxios } from '../libs/payments-auth/src/application-axios.js';
import { textOf } from './support/markdown.js';
import { type ProviderBed, startProviderBed } from './support/sandbox-bed.js';
import { failure } from './support/waiting.js';

const ECHO = '/sandbox/echo';

/** The body of the documented function that adds a cache to an injected `HttpService`. */
const [, DOCUMENTED_CACHE = ''] =
  /^export function cacheAnswers\(http\) \{\n(.+?)^\}$/ms.exec(textOf('docs/beside-other-libraries.md')) ??
  [];

describe('beside other libraries', () => {
  let bed: ProviderBed<'wakapay'>;

  beforeEach(async () => {
    bed = await startProviderBed('wakapay', {
      options: { accounts: (id: string) => bed.provider.credentialsOf(id) },
    });
    for (const account of ['shop-1', 'shop-2']) bed.provider.addAccount(account);
  });
  afterEach(() => bed.close());

  /** Two merchants ask for the same, one after the other. Returns how many calls the provider saw. */
  async function callsOfTwoMerchants(): Promise<number> {
    for (const account of ['shop-1', 'shop-2'])
      await bed.http.axiosRef.get(ECHO, { paymentsAuth: { account } });
    return bed.provider.counts.calls;
  }

  it('a cache whose key lacks the account gives one merchant the answer of another', async () => {
    setupCache(bed.http.axiosRef);
    expect(await callsOfTwoMerchants()).toBe(1);
  });

  it('a cache with the account in its key, as documented, asks once for each merchant', async () => {
    // The code runs in this realm, because the caching library treats plain objects of another realm as empty.
    // oxlint-disable-next-line typescript/no-implied-eval -- the code is a block of this repository's own documents
    const setUp = new Function('buildKeyGenerator', 'setupCache', 'http', DOCUMENTED_CACHE);
    setUp(buildKeyGenerator, setupCache, bed.http);
    expect(await callsOfTwoMerchants()).toBe(2);
    expect(await callsOfTwoMerchants()).toBe(2);
  });

  it('a copy made with axiosRef.create() carries no credential, and is refused', async () => {
    const paymentsAuth = { account: 'shop-1' };
    const error = await failure(bed.http.axiosRef.create().get(ECHO, { paymentsAuth }));
    expect(error).toMatchObject({ response: { status: 401 } });
    expect(bed.provider.requests.at(-1)?.headers).not.toHaveProperty('authorization');
  });

  it('a config that is sent again by hand is authenticated by the injected instance alone', async () => {
    bed.provider.misbehave({ fault: 'server-error', on: 'call', times: 1 });
    const { axiosRef } = bed.http;
    const { config } = await failure(axiosRef.get(ECHO, { paymentsAuth: { account: 'shop-1' } }));
    const error = await failure(applicationAxios.request(config as object));
    expect(error).toMatchObject({ response: { status: 401 } });
    expect((await axiosRef.request(config as object)).status).toBe(200);
  });
});
