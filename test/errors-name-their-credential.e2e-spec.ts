import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { AxiosRequestConfig } from 'axios';
import type { Misbehaviour } from 'payments-sandbox';
import { findLeaks } from './support/leak-checker.js';
import { type ProviderBed, secretsOf, startProviderBed } from './support/sandbox-bed.js';
import { failure, until } from './support/waiting.js';

const READ: AxiosRequestConfig = { url: '/sandbox/echo' };
const PAY: AxiosRequestConfig = { ...READ, method: 'post', data: { amount: 1 } };

let bed: ProviderBed;

afterEach(() => bed.close());

interface Ending {
  readonly fault?: Misbehaviour;
  readonly call?: AxiosRequestConfig;
  readonly error: Readonly<Record<string, unknown>>;
}

async function readAll(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const pieces: unknown[] = [];
  for await (const piece of stream) pieces.push(piece);
  return pieces;
}

const host = () => new URL(Object.values(bed.provider.baseUrls)[0] as string).host;

const AFTER_A_TOKEN: Readonly<Record<string, Ending>> = {
  'a bare 401 to a payment, which is not sent again': {
    fault: { fault: 'refuse', envelope: 'bare' },
    call: PAY,
    error: { status: 401, response: { paymentsAuth: { attempts: 1 } } },
  },
  'a bare 401 to a reading call, after it was sent again': {
    fault: { fault: 'refuse', envelope: 'bare' },
    error: { status: 401, response: { paymentsAuth: { replayed: true } } },
  },
  'a 401 in the words of the provider, after the payment was sent again': {
    fault: { fault: 'refuse' },
    call: PAY,
    error: { status: 401, response: { paymentsAuth: { replayed: true } } },
  },
  'a limit': { fault: { fault: 'rate-limit', on: 'call' }, error: { status: 429 } },
  'an outage': { fault: { fault: 'server-error', on: 'call' }, error: { status: 503 } },
  'an answer to what was asked': { call: { url: '/nothing/here' }, error: { status: 404 } },
  'a timeout': {
    fault: { fault: 'hang', on: 'call' },
    call: { timeout: 500 },
    error: { code: 'ECONNABORTED' },
  },
  'a connection that is cut': { fault: { fault: 'drop', on: 'call' }, error: { code: 'ECONNRESET' } },
  'an answer that is too long': { call: { maxContentLength: 1 }, error: { code: 'ERR_BAD_RESPONSE' } },
  'an outage, with fetch': {
    fault: { fault: 'server-error', on: 'call' },
    call: { adapter: 'fetch' },
    error: { status: 503 },
  },
  'a connection that is cut, with fetch': {
    fault: { fault: 'drop', on: 'call' },
    call: { adapter: 'fetch' },
    error: { code: 'ERR_NETWORK' },
  },
  'what an adapter of the application throws': {
    call: { adapter: () => Promise.reject(new Error('no such thing')) },
    error: { message: 'no such thing' },
  },
  'a destination that is refused': {
    call: { url: 'https://elsewhere.example/pay' },
    error: { code: 'INSECURE_DESTINATION', host: 'elsewhere.example' },
  },
};

const BEFORE_A_TOKEN: Readonly<Record<string, Ending>> = {
  'a timeout while it waits for a login': {
    fault: { fault: 'hang', on: 'token' },
    call: { timeout: 500 },
    error: { code: 'ECONNABORTED' },
  },
  'an outage of the login': {
    fault: { fault: 'server-error', on: 'token' },
    error: { code: 'CREDENTIALS_UNAVAILABLE', status: 503 },
  },
};

async function errorOf({ fault, call }: Ending) {
  if (fault !== undefined) bed.provider.misbehave(fault);
  return failure(bed.outwait(bed.send({ ...READ, ...call })));
}

describe('the error of a call', () => {
  it.each(Object.entries(AFTER_A_TOKEN))(
    'names credential and host when the call ends in %s',
    async (_, ending) => {
      bed = await startProviderBed('wakapay');
      await bed.send(READ);
      const error = await errorOf(ending);
      // After a refusal, the error names the credential that was sent last.
      const { id } = await bed.credentials.get();
      const tokens = new Set(
        bed.events.flatMap((event) => ('credential' in event ? [event.credential] : [])),
      );
      expect(error).toMatchObject({
        provider: 'wakapay',
        credential: expect.stringMatching(/^[0-9a-f]{8}$/),
        host: host(),
        ...ending.error,
      });
      expect([id, ...tokens]).toContain(error['credential']);
      expect(findLeaks(error, secretsOf(bed.provider))).toEqual([]);
    },
  );

  it.each(Object.entries(BEFORE_A_TOKEN))(
    'names both as well when the call ends in %s',
    async (_, ending) => {
      bed = await startProviderBed('wakapay');
      const error = await errorOf(ending);
      const credential = expect.stringMatching(/^[0-9a-f]{8}$/);
      expect(error).toMatchObject({ credential, host: host(), ...ending.error });
      expect(findLeaks(error, secretsOf(bed.provider))).toEqual([]);
    },
  );

  it.each(['node', 'web'])(
    'names credential, host and status when a %s stream of the answer breaks',
    async (kind) => {
      bed = await startProviderBed('wakapay');
      const broken = Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
      async function* pieces() {
        yield Buffer.from('{"half":');
        await Promise.resolve();
        throw broken;
      }
      const data = kind === 'node' ? Readable.from(pieces()) : Readable.toWeb(Readable.from(pieces()));
      const { data: relayed } = await bed.send({
        ...READ,
        responseType: 'stream',
        adapter: async (config) => ({ data, status: 200, statusText: 'OK', headers: {}, config }),
      });
      const error = await failure(readAll(relayed as AsyncIterable<unknown>));
      const { id: credential } = await bed.credentials.get();
      expect(error).toMatchObject({
        provider: 'wakapay',
        credential,
        host: host(),
        status: 200,
        message: 'aborted',
      });
      expect(findLeaks(error, secretsOf(bed.provider))).toEqual([]);
    },
  );

  it('has the status, and names no credential, when axios fails to parse the answer', async () => {
    bed = await startProviderBed('wakapay');
    const error = await failure(
      bed.send({
        ...READ,
        responseType: 'json',
        transitional: { silentJSONParsing: false },
        adapter: async (config) => ({ data: '<html>', status: 200, statusText: 'OK', headers: {}, config }),
      }),
    );
    expect(error).toMatchObject({ code: 'ERR_BAD_RESPONSE', response: { status: 200 } });
    expect(error).not.toHaveProperty('credential');
    expect(error).toHaveProperty('status', 200);
  });

  it('names both as well when the call is cancelled while it waits for a login', async () => {
    bed = await startProviderBed('wakapay');
    bed.provider.misbehave({ fault: 'hang', on: 'token' });
    const controller = new AbortController();
    const failed = failure(bed.send({ ...READ, signal: controller.signal }));
    await until(() => bed.provider.counts.tokenRequests === 1);
    controller.abort();
    expect(await failed).toMatchObject({
      code: 'ERR_CANCELED',
      credential: expect.stringMatching(/^[0-9a-f]{8}$/),
      host: host(),
    });
  });

  it('names the account where the call was made for one', async () => {
    bed = await startProviderBed('wakapay', {
      options: { accounts: (id: string) => bed.provider.credentialsOf(id) },
    });
    bed.provider.addAccount('shop-1');
    bed.provider.misbehave({ fault: 'server-error', on: 'call' });
    const error = await failure(bed.send({ ...READ, paymentsAuth: { account: 'shop-1' } }));
    expect(error).toMatchObject({ provider: 'wakapay', account: 'shop-1', status: 503, host: host() });
  });
});
