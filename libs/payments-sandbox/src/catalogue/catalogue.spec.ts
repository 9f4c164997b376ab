import { readFileSync } from 'node:fs';
import { CATALOGUE_NAMES, type CatalogueName } from '../providers/index.js';
import { OWN_ACCOUNT, type SandboxProvider } from '../sandbox-provider.js';
import { type Sandbox, startSandbox } from '../sandbox.js';
import type { WebhookMessage } from '../signing/webhook-shape.js';
import { textBelow } from './machinery/webhook-scheme.js';
import { AFRICA } from '../testing/catalogue/africa.rows.js';
import { SIGNING } from '../testing/catalogue/signing.rows.js';
import { WORLD } from '../testing/catalogue/world.rows.js';
import { asJson, type Expected, type Keys, type Row, type Sent } from '../testing/catalogue/row.js';

const ROWS: Readonly<Record<string, Row>> = { ...AFRICA, ...WORLD, ...SIGNING };
const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const NOW_MS = 1_700_000_000_000;

it('every provider of the catalogue has a row, and every row a provider', () => {
  expect(Object.keys(ROWS).toSorted()).toEqual(CATALOGUE_NAMES.toSorted());
});

describe.each(Object.entries(ROWS))('%s', (name, row) => {
  let sandbox: Sandbox;
  let provider: SandboxProvider;

  beforeEach(async () => {
    const clock = { now: () => NOW_MS };
    sandbox = await startSandbox({ providers: [name as CatalogueName], seed: 'catalogue', clock });
    provider = sandbox.running[0] as SandboxProvider;
  });

  afterEach(() => sandbox.close());

  const { login } = row;
  const keysOf = (account: string = OWN_ACCOUNT) => provider.credentialsOf(account) as Keys;

  const send = (sent: Sent) => sendTo(provider, sent);

  async function tokenOf(account?: string): Promise<string> {
    if (login === undefined) return '';
    return textBelow(await bodyOf(await send(login.sent(keysOf(account)))), login.token);
  }

  /** The headers of every call of an account. */
  async function callerOf(account?: string) {
    const [keys, token] = [keysOf(account), await tokenOf(account)];
    return (method: string, path: string, given: { host?: string; payload?: object } = {}) => {
      const { headers = {}, body = '' } = given.payload === undefined ? {} : asJson(given.payload);
      const host = given.host ?? provider.hosts[0] ?? '';
      const url = new URL(`${provider.baseUrls[host]}${path}`);
      const carried = row.carries({ keys, token, method, url, body, nowMs: NOW_MS });
      return send({
        method,
        host,
        path,
        headers: { ...headers, ...carried },
        ...(body === '' ? {} : { body }),
      });
    };
  }

  it('answers the calls of its API and those of every provider', async () => {
    const call = await callerOf();
    const { read, write } = provider.examplesOf();
    const payload = { reference: 'ORD-1', amount: '100' };

    const answers = [
      ...(read === undefined ? [] : [await call('GET', read.path, read)]),
      ...(write === undefined ? [] : [await call('POST', write.path, { ...write, payload })]),
    ];
    expect(answers.length).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status >= 300)).toEqual([]);
    for (const host of provider.hosts)
      expect(await bodyOf(await call('POST', '/sandbox/echo', { host, payload }))).toMatchObject({
        account: OWN_ACCOUNT,
        bodyBytes: JSON.stringify(payload).length,
      });
    expect((await call('POST', '/sandbox/payments', { payload })).status).toBe(201);
  });

  it('refuses a call without a credential, and one whose credential has ended', async () => {
    const call = await callerOf();
    const without = await send({ method: 'POST', path: '/sandbox/echo' });
    provider.revokeTokens();
    if (login === undefined) provider.rotate();
    const ended = await call('POST', '/sandbox/echo', { payload: {} });

    await expectAnswer(without, row.refused);
    await expectAnswer(ended, row.refused);
    expect(provider.counts).toMatchObject({ refusals: 2, executions: 0 });
  });

  it('keeps two merchants apart', async () => {
    provider.addAccount('shop-2');
    const [own, other] = [await callerOf(), await callerOf('shop-2')];

    expect(await bodyOf(await own('GET', '/sandbox/echo'))).toMatchObject({ account: OWN_ACCOUNT });
    expect(await bodyOf(await other('GET', '/sandbox/echo'))).toMatchObject({ account: 'shop-2' });
    provider.suspend('shop-2');
    await expectAnswer(await other('GET', '/sandbox/echo'), row.refused);
  });

  it('refuses in its own words a call that no new credential helps', async () => {
    provider.misbehave({ fault: 'forbid', path: '/sandbox/echo', times: 1 });
    const answer = await (await callerOf())('GET', '/sandbox/echo');

    await expectAnswer(answer, row.forbidden ?? [403, {}]);
    const refused = await send({ method: 'GET', path: '/sandbox/echo/' });
    expect([answer.status, await bodyOf(answer)]).not.toEqual([refused.status, await bodyOf(refused)]);
    expect(provider.counts.refusals).toBe(1);
  });

  it('is in the README, with its fields, its calls and its webhook schemes', () => {
    const line = README.split('\n').find((each) => each.startsWith(`| \`${name}\` `)) ?? '';
    const { read, write } = provider.examplesOf();
    const fields = keysOf() as { readonly merchantId?: string };
    const paths = [read, write].flatMap((example) => (example === undefined ? [] : [example.path]));
    const told = [...Object.keys(keysOf()), ...provider.webhookSchemes].map((word) => `\`${word}\``);

    for (const path of paths)
      told.push(
        ` ${fields.merchantId === undefined ? path : path.replace(fields.merchantId, ':merchantId')}\``,
      );
    expect(told.filter((words) => !line.includes(words))).toEqual([]);
  });

  it('names a variable for every field and every host', () => {
    const values = Object.values(provider.environment);

    for (const value of [...Object.values(keysOf()), ...Object.values(provider.baseUrls)])
      expect(values).toContain(value);
  });

  it('signs its webhooks as the published vectors say', () => {
    expect(new Set(row.webhooks?.map(({ scheme }) => scheme) ?? [])).toEqual(
      new Set(provider.webhookSchemes.filter((scheme) => isSigned(scheme))),
    );
    const made = (row.webhooks ?? []).map(({ scheme, keys, event, atMs, url, id, stands }, index) => {
      const account = `vector-${index}`;
      provider.addAccount(account, keys);
      const message = provider.webhook({
        account,
        scheme,
        event,
        ...(atMs === undefined ? {} : { signedAtMs: atMs }),
        ...(url === undefined ? {} : { url }),
        ...(id === undefined ? {} : { id }),
      });
      return [scheme, valueAt(message, stands[0])];
    });
    expect(made).toEqual((row.webhooks ?? []).map(({ scheme, stands }) => [scheme, stands[1]]));
  });

  it('can forge its webhooks: another key, another amount, no signature', () => {
    const distinct = provider.webhookSchemes.filter(isSigned).map((scheme) => {
      const given = { scheme, event: EVENT, id: 'wh-1' };
      const forged = (['wrong-key', 'changed-body', 'unsigned'] as const).map((forge) =>
        JSON.stringify(provider.webhook({ ...given, forge })),
      );
      return [scheme, new Set([JSON.stringify(provider.webhook(given)), ...forged]).size];
    });
    expect(distinct.filter(([, differing]) => differing !== 4)).toEqual([]);
  });

  const EVENT = { id: 'evt_1', amount: '100' };

  it('refuses to make a forgery that would be genuine, and to set a time that is not signed', () => {
    const quiet = provider.webhookSchemes.filter((scheme) => {
      const at = (signedAtMs: number) => () =>
        provider.webhook({ scheme, event: EVENT, id: 'wh-1', signedAtMs, forge: 'changed-body' });
      const [now, then] = [NOW_MS, NOW_MS - 86_400_000].map((signedAtMs) => heard(at(signedAtMs)));
      return now === then && now !== REFUSED;
    });
    expect(quiet).toEqual([]);
    for (const scheme of provider.webhookSchemes.filter((each) => !isSigned(each)))
      for (const forge of ['unsigned', 'wrong-key', 'cut-short', 'two-signatures'] as const)
        expect(heard(() => provider.webhook({ scheme, event: EVENT, forge }))).toBe(REFUSED);
  });

  const REFUSED = 'changes nothing';

  /** The message, or the refusal to make it. */
  function heard(make: () => unknown): string {
    try {
      return JSON.stringify(make());
    } catch (error) {
      return String(error).includes(REFUSED) ? REFUSED : String(error);
    }
  }

  /** Whether its messages carry anything that a forger cannot make. */
  function isSigned(scheme: string): boolean {
    return heard(() => provider.webhook({ scheme, event: EVENT, forge: 'unsigned' })) !== REFUSED;
  }
});

describe.each(
  Object.entries(ROWS).flatMap(([name, { login }]) => (login === undefined ? [] : [[name, login] as const])),
)('the login of %s', (name, login) => {
  let sandbox: Sandbox;
  let provider: SandboxProvider;

  beforeEach(async () => {
    sandbox = await startSandbox({ providers: [name as CatalogueName], clock: { now: () => NOW_MS } });
    provider = sandbox.running[0] as SandboxProvider;
  });

  afterEach(() => sandbox.close());

  const send = async (keys: Keys) => {
    const answer = await sendTo(provider, login.sent(keys));
    return [answer.status, await bodyOf(answer)] as const;
  };
  const own = () => provider.credentials as Keys;

  it('issues a token as its documents say', async () => {
    const [status, body] = await send(own());

    expect([status, body]).toEqual([login.status ?? 200, expect.objectContaining(login.answer)]);
    expect(textBelow(body, login.token)).toBe(provider.tokens[0]?.value);
    expect(provider.counts).toMatchObject({ tokenRequests: 1, tokensIssued: 1 });
  });

  it('rejects wrong credentials as its documents say', async () => {
    const answer = await sendTo(provider, login.sent(provider.wrongCredentialsOf() as Keys));

    await expectAnswer(answer, login.wrong);
    expect(provider.counts).toMatchObject({ tokensIssued: 0, loginsRefused: 1 });
  });

  it('applies a fault to the token that its answer states', async () => {
    provider.misbehave({ fault: 'malformed-token', token: 'number', times: 1 });
    expect(textBelow((await send(own()))[1], login.token)).toBe('12345');
  });
});

async function sendTo(provider: SandboxProvider, { method, host, path, headers = {}, body }: Sent) {
  const base = host === undefined ? provider.baseUrl : provider.baseUrls[host];
  return fetch(`${base}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
}

async function bodyOf(answer: Response): Promise<unknown> {
  const text = await answer.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

async function expectAnswer(answer: Response, [status, body]: Expected): Promise<void> {
  expect({ status: answer.status, body: await bodyOf(answer.clone()) }).toMatchObject({ status, body });
}

function valueAt(message: WebhookMessage, where: string): unknown {
  const [place, ...path] = where.split('.');
  if (place === 'query') return message.query?.[path.join('.')];
  if (place === 'form') return new URLSearchParams(message.body).get(path.join('.'));
  if (place === 'body') return textBelow(JSON.parse(message.body ?? ''), path.join('.'));
  return message.headers[where];
}
