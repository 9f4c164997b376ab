import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AxiosError } from 'axios';
import { type AnyProviderDefinition, defineProvider, hmac, login, textAt } from 'nestjs-payments-auth';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import {
  type ApplicationSettings,
  LogLines,
  startApplication,
  type TestApplication,
} from './support/application.js';
import { json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';
import { failure } from './support/waiting.js';

/** The minute that both sides agree on. */
let minute: number;
/** Whether the provider refuses every call. */
let refusesAll: boolean;
let logins: number;
let server: LoopbackServer;
let application: TestApplication | undefined;
let logger: LogLines;

beforeEach(async () => {
  [minute, refusesAll, logins] = [1, false, 0];
  logger = new LogLines();
  server = await startLoopbackServer((request, response) => {
    if (request.url === '/login') return json(response, 200, { token: `test-token-${(logins += 1)}` });
    const isTimely = request.headers['x-minute'] === String(minute) && !refusesAll;
    return isTimely
      ? json(response, 200, { ok: true })
      : json(response, 401, { error: { code: 'bad_signature' } });
  });
});

afterEach(async () => {
  await application?.close();
  application = undefined;
  await server.close();
});

async function start(more: object, settings: ApplicationSettings = {}) {
  const definition: AnyProviderDefinition = defineProvider<{ secret: string }, 'acme'>({
    name: 'acme',
    title: 'Acme',
    docs: 'https://docs.acme.test',
    environments: { live: 'https://api.acme.test' },
    credentials: { secret: {} },
    refusal: { refused: ({ body }) => textAt(body, 'error.code') === 'bad_signature' },
    ...more,
  });
  application = await startApplication(
    {
      providers: {
        acme: { provider: definition, baseUrl: server.url, credentials: { secret: 'test-not-real' } },
      },
    },
    { logger, ...settings },
  );
  return application.paymentsAuth.http('acme').axiosRef;
}

/** A mistake that shows only after a while: these headers are made once, so their time stays that of the first call. */
const signedOnce = ({ credentials }: { credentials: { secret: string } }) => ({
  'X-Minute': String(minute),
  'X-Signature': hmac('sha256', credentials.secret, String(minute)),
});
const keyed = ({ credentials }: { credentials: { secret: string } }) => ({ 'X-Key': credentials.secret });
const SAID = /headers returns another "X-Minute" each time.*in sign/;
const faults = () => logger.of('error', 'PaymentsAuth').filter((line) => line.includes('definition-fault'));

describe('A time in the headers of a definition', () => {
  it('is named at the first refusal, by the error of the call and by one line of the log', async () => {
    const http = await start({ headers: signedOnce });
    expect((await http.get('/balance')).status).toBe(200);
    minute = 2;
    const error = (await failure(http.get('/balance'))) as unknown as AxiosError;
    expect(error).toMatchObject({ response: { status: 401 }, message: expect.stringMatching(SAID) });
    expect(error.message).toMatch(/^Request failed with status code 401\. /);
    expect((await failure(http.post('/payments', {}))).message).toMatch(SAID);
    expect(faults()).toEqual([expect.stringMatching(SAID)]);
    expect(JSON.stringify(logger.lines)).not.toContain(hmac('sha256', 'test-not-real', '1'));
  });

  it('is named where each refusal causes a new login, which hides the mistake', async () => {
    const token = login({
      path: '/login',
      answer: { token: 'token' },
      documentedLifetimeMs: 3_600_000,
      rejected: () => false,
    });
    const http = await start({
      token,
      headers: (given: { token: string; credentials: { secret: string } }) => ({
        Authorization: given.token,
        ...signedOnce(given),
      }),
    });
    await http.get('/balance');
    minute = 2;
    expect((await http.get('/balance')).paymentsAuth).toMatchObject({ attempts: 2 });
    expect(logins).toBe(2);
    expect(faults()).toEqual([expect.stringMatching(SAID)]);
  });

  it('is not suspected where the headers are the same when they are made again', async () => {
    const http = await start({ headers: () => ({ 'X-Minute': '1' }) });
    await http.get('/balance');
    refusesAll = true;
    const { message } = await failure(http.get('/balance'));
    expect(message).toBe('Request failed with status code 401');
    expect(faults()).toEqual([]);
  });

  it('is cured by sign', async () => {
    const http = await start({ sign: (given: never) => ({ headers: signedOnce(given) }) });
    for (minute = 1; minute <= 3; minute += 1) expect((await http.get('/balance')).status).toBe(200);
    expect(faults()).toEqual([]);
  });

  it('is named where it is one of whole seconds, after as many calls as fit into a second', async () => {
    const clock = new ManualClock();
    const seconds = () => String(Math.floor(clock.now() / 1_000));
    minute = Number(seconds());
    const inSeconds = (given: { credentials: { secret: string } }) => ({
      ...keyed(given),
      'X-Minute': seconds(),
    });
    const http = await start({ headers: inSeconds }, { clock });
    for (let call = 0; call < 3; call += 1) expect((await http.get('/balance')).status).toBe(200);
    await clock.advance(1_000);
    minute = Number(seconds());
    expect((await failure(http.get('/balance'))).message).toMatch(SAID);
    await Promise.all([1, 2, 3].map(() => failure(http.post('/payments', {}))));
    expect(faults()).toEqual([expect.stringMatching(SAID)]);
  });

  it('is not suspected of a refusal within the second in which it was made', async () => {
    const clock = new ManualClock();
    const seconds = () => ({ 'X-Minute': String(Math.floor(clock.now() / 1_000)) });
    const http = await start({ headers: seconds }, { clock });
    refusesAll = true;
    expect((await failure(http.get('/balance'))).message).toBe('Request failed with status code 401');
    await clock.advance(1_000);
    expect((await failure(http.get('/balance'))).message).toMatch(SAID);
    expect(faults()).toHaveLength(1);
  });

  it('is named where it is a default header, which is made once per credential as well', async () => {
    const http = await start({ headers: keyed, defaultHeaders: () => ({ 'X-Minute': String(minute) }) });
    await http.get('/balance');
    minute = 2;
    const said = /defaultHeaders returns another "X-Minute" each time.*in sign/;
    expect((await failure(http.get('/balance'))).message).toMatch(said);
    expect((await http.get('/balance', { headers: { 'X-Minute': '2' } })).status).toBe(200);
    expect(faults()).toEqual([expect.stringMatching(said)]);
  });
});
