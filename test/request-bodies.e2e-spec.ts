import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AxiosError, AxiosRequestConfig } from 'axios';
import NpmFormData from 'form-data';
import { firstValueFrom } from 'rxjs';
import { failure } from './support/waiting.js';
import { type ProviderBed, startProviderBed } from './support/sandbox-bed.js';

const TEXT = '{"amount":100,"description":"crème brûlée"}';
const BYTES = Buffer.from(TEXT);

let bed: ProviderBed;

/** In every test, the provider revokes the token when the call arrives. */
beforeEach(async () => {
  bed = await startProviderBed('wakapay');
  await bed.send({ url: '/sandbox/echo' });
  bed.provider.misbehave({ fault: 'revoke-token', times: 1 });
});

afterEach(() => bed.close());

const arrived = () =>
  bed.provider.requests.filter(({ kind, method }) => kind === 'call' && method === 'POST');

function nativeForm(): FormData {
  const form = new FormData();
  form.append('amount', '100');
  form.append('receipt', new Blob([BYTES]), 'receipt.json');
  return form;
}

function npmForm(): NpmFormData {
  const form = new NpmFormData();
  form.append('receipt', BYTES, 'receipt.json');
  return form;
}

/** A multipart body has a boundary of its own each time it is written. */
const withoutBoundary = (body = '') => body.replaceAll(/--[^\r\n]*boundary[^\r\n]*/gi, '--');

describe('a call that is refused and sent again', () => {
  it.each<[string, AxiosRequestConfig]>([
    ['an object', { data: JSON.parse(TEXT) }],
    ['text', { data: TEXT, headers: { 'Content-Type': 'application/json' } }],
    ['text whose length the caller has counted', { data: TEXT, headers: { 'Content-Length': BYTES.length } }],
    ['bytes', { data: BYTES }],
    ['an ArrayBuffer', { data: new Uint8Array(BYTES).buffer }],
    ['form fields', { data: new URLSearchParams({ amount: '100', description: 'crème' }) }],
    ['a native form with a file', { data: nativeForm() }],
    ['a Blob', { data: new Blob([BYTES], { type: 'application/json' }) }],
    ['nothing', {}],
  ])('carries the same body twice: %s', async (_, config) => {
    const response = await bed.send({ method: 'POST', url: '/sandbox/echo', ...config });
    expect(response.paymentsAuth).toEqual({ attempts: 2, replayed: true, firstStatus: 401 });
    const [first, second] = arrived();
    expect(arrived()).toHaveLength(2);
    expect(second?.headers['content-length']).toBe(first?.headers['content-length']);
    expect(second?.headers['content-type']?.split(';')[0]).toBe(
      first?.headers['content-type']?.split(';')[0],
    );
    expect(second?.bodyBytes).toBe(first?.bodyBytes);
    expect(withoutBoundary(second?.body)).toBe(withoutBoundary(first?.body));
    expect(bed.provider.counts).toMatchObject({
      wrongContentLengths: 0,
      abortedRequests: 0,
      tokenRequests: 2,
    });
  });

  it('has its JSON encoded once', async () => {
    await bed.send({ method: 'POST', url: '/sandbox/echo', data: JSON.parse(TEXT) });
    expect(arrived().map(({ body }) => body)).toEqual([TEXT, TEXT]);
  });
});

describe('a call whose body can be read only once', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['a stream', () => bed.send({ method: 'POST', url: '/sandbox/echo', data: Readable.from([BYTES]) })],
    [
      'a web stream',
      () =>
        bed.send({
          method: 'POST',
          url: '/sandbox/echo',
          adapter: 'fetch',
          data: new Blob([BYTES]).stream(),
        }),
    ],
    ["npm's form-data", () => bed.send({ method: 'POST', url: '/sandbox/echo', data: npmForm() })],
    ['an object in postForm', () => firstValueFrom(bed.http.postForm('/sandbox/echo', { receipt: BYTES }))],
  ])('is not sent again, and the next call has a new token: %s', async (_, post) => {
    const error = (await failure(post())) as unknown as AxiosError;
    expect(error.response).toMatchObject({ status: 401, paymentsAuth: { attempts: 1, replayed: false } });
    expect(arrived()).toHaveLength(1);
    expect(arrived()[0]?.body).toContain(TEXT);
    expect((await bed.send({ url: '/sandbox/echo' })).paymentsAuth).toEqual({ attempts: 1, replayed: false });
    expect(bed.provider.counts).toMatchObject({ tokenRequests: 2, refusals: 1, executions: 0 });
  });

  it('leads to no second renewal, until a call that can be sent again shows that renewing helps', async () => {
    await failure(bed.send({ method: 'POST', url: '/sandbox/echo', data: Readable.from([BYTES]) }));
    await bed.send({ url: '/sandbox/echo' });
    const post = () => bed.send({ method: 'POST', url: '/sandbox/echo', data: TEXT });
    // No call has shown yet that the new token helped. So one refusal does not force another renewal, but two refusals do.
    bed.provider.misbehave({ fault: 'revoke-token', times: 1 });
    expect(await failure(post())).toMatchObject({ response: { status: 401 } });
    expect(bed.provider.counts.tokenRequests).toBe(2);
    expect((await post()).paymentsAuth).toEqual({ attempts: 2, replayed: true, firstStatus: 401 });
    expect(bed.provider.counts).toMatchObject({ tokenRequests: 3, executions: 1 });
    // Now a renewal is known to help, so one refusal is enough.
    bed.provider.misbehave({ fault: 'revoke-token', times: 1 });
    expect((await post()).paymentsAuth).toEqual({ attempts: 2, replayed: true, firstStatus: 401 });
    expect(bed.provider.counts).toMatchObject({ tokenRequests: 4, executions: 2 });
  });
});
