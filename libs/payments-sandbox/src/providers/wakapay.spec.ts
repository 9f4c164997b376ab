import { type Sandbox, startSandbox } from '../sandbox.js';

describe('WakaPay', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ providers: ['wakapay'], tokenLifetimeMs: 90_000 });
  });

  afterEach(() => sandbox.close());

  async function auth(
    body: string,
    headers: Record<string, string> = { 'content-type': 'application/json' },
  ) {
    const url = `${sandbox.provider('wakapay').baseUrl}/business/auth`;
    const answer = await fetch(url, { method: 'POST', headers, body });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }
  const keys = () => JSON.stringify(sandbox.provider('wakapay').credentials);

  it('issues a token, and says for how many seconds', async () => {
    expect(await auth(keys())).toEqual({
      status: 200,
      body: { accessToken: expect.stringMatching(/^eyJ/), expiresIn: 90 },
    });
  });

  it.each(['{}', '{"apiKey":"","apiSecret":""}', '{"apiKey":"a"}'])(
    'requires both keys: %s',
    async (body) => {
      expect(await auth(body)).toEqual({
        status: 400,
        body: { code: 0, error: 'apiKey and apiSecret required' },
      });
    },
  );

  it.each([
    ['bad JSON', '{', 'application/json'],
    ['another content type', '{"apiKey":"a","apiSecret":"b"}', 'text/plain'],
    ['keys that are no text', '{"apiKey":1,"apiSecret":{}}', 'application/json'],
  ])('calls %s an invalid payload', async (_what, body, type) => {
    expect(await auth(body, { 'content-type': type })).toEqual({
      status: 400,
      body: { code: 0, error: 'invalid payload' },
    });
  });

  it('rejects wrong keys', async () => {
    expect(await auth('{"apiKey":"a","apiSecret":"b"}')).toEqual({
      status: 401,
      body: { code: 0, error: 'invalid credentials' },
    });
  });

  it('refuses a call in one envelope and rejects a login in another, and answers the balance', async () => {
    const url = `${sandbox.provider('wakapay').baseUrl}/business/balance?currency=KES`;
    const refused = await fetch(url);
    const accepted = await fetch(url, {
      headers: { authorization: `Bearer ${(await auth(keys())).body['accessToken'] as string}` },
    });

    expect(refused.status).toBe(401);
    expect(await refused.json()).toEqual({ message: expect.stringMatching(/^token is malformed/) });
    expect(await accepted.json()).toMatchObject({ currency: 'KES' });
  });
});
