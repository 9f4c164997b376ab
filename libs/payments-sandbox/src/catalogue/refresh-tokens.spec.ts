import { type Sandbox, startSandbox } from '../sandbox.js';
import type { SandboxProvider } from '../sandbox-provider.js';
import { asForm, asJson, basic, type Keys } from '../testing/catalogue/row.js';

async function spend(provider: SandboxProvider, keys = provider.credentials as Keys) {
  const path = provider.name === 'square-oauth' ? '/oauth2/token' : '/oauth/token';
  const { clientId, clientSecret, refreshToken } = keys;
  const given = { client_id: clientId, client_secret: clientSecret, refresh_token: refreshToken };
  const init = asJson({ ...given, grant_type: 'refresh_token' });
  const answer = await fetch(`${provider.baseUrl}${path}`, { method: 'POST', ...init });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}

describe('refresh tokens', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ providers: ['mercadopago-oauth', 'square-oauth', 'mollie-oauth'] });
  });

  afterEach(() => sandbox.close());

  const mercadopago = () => sandbox.provider('mercadopago-oauth') as unknown as SandboxProvider;
  const square = () => sandbox.provider('square-oauth') as unknown as SandboxProvider;

  it('can be used once where the provider replaces them, and every use is counted', async () => {
    const first = mercadopago().credentials as Keys;
    const answers = await Promise.all([1, 2].map(() => spend(mercadopago(), first)));
    const won = answers.find(({ status }) => status === 200);

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 400]));
    expect(answers.find(({ status }) => status === 400)?.body['error']).toBe('invalid_grant');
    expect(mercadopago().credentials['refreshToken']).toBe(won?.body['refresh_token']);
    expect(mercadopago().refreshTokens).toEqual([
      { value: first['refreshToken'], account: 'own', spends: 2, state: 'spent' },
      { value: won?.body['refresh_token'], account: 'own', spends: 0, state: 'alive' },
    ]);
    expect((await spend(mercadopago())).status).toBe(200);
  });

  it('can be used many times where the provider keeps them', async () => {
    const answers = [await spend(square()), await spend(square())];

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(square().refreshTokens).toMatchObject([{ spends: 2, state: 'alive' }]);
  });

  it('are told apart from a wrong client, which spends nothing', async () => {
    const wrong = { ...(mercadopago().credentials as Keys), clientSecret: 'sandbox-wrong' };

    expect(await spend(mercadopago(), wrong)).toMatchObject({
      status: 400,
      body: { error: 'invalid_client' },
    });
    expect(mercadopago().refreshTokens).toEqual([]);
  });

  it('exist only at providers that hand them out', async () => {
    const other = await startSandbox({ providers: ['stripe'] });

    expect(() => other.provider('stripe').revokeRefreshToken()).toThrow('has no refresh tokens');
    await other.close();
  });

  it('end when their own merchant takes the consent back, and no other merchant', async () => {
    mercadopago().addAccount('shop-2');
    mercadopago().revokeRefreshToken();

    expect((await spend(mercadopago())).body['error']).toBe('invalid_grant');
    expect((await spend(mercadopago(), mercadopago().credentialsOf('shop-2') as Keys)).status).toBe(200);
  });

  it('count as spent after a login whose answer never arrives', async () => {
    mercadopago().misbehave({ fault: 'drop', when: 'after', on: 'token', times: 1 });
    const before = mercadopago().credentials as Keys;

    await expect(spend(mercadopago(), before)).rejects.toThrow('fetch failed');
    expect((await spend(mercadopago(), before)).body['error']).toBe('invalid_grant');
    expect(mercadopago().refreshTokens[0]).toMatchObject({ spends: 2, state: 'spent' });
  });

  it('let a fault apply to the logins of one merchant', async () => {
    mercadopago().addAccount('shop-2');
    await spend(mercadopago());
    mercadopago().misbehave({ fault: 'rate-limit', on: 'token', account: 'own' });

    expect((await spend(mercadopago())).status).toBe(429);
    expect((await spend(mercadopago(), mercadopago().credentialsOf('shop-2') as Keys)).status).toBe(200);
  });

  it('end by DELETE at Mollie, where the token endpoint has the same path', async () => {
    const mollie = sandbox.provider('mollie-oauth');
    const { clientId, clientSecret, refreshToken } = mollie.credentials;
    const url = `${mollie.baseUrl}/oauth2/tokens`;
    const authorization = basic(clientId, clientSecret);
    const grant = asForm({ grant_type: 'refresh_token', refresh_token: refreshToken }, authorization);
    const { access_token: token } = (await (await fetch(url, { method: 'POST', ...grant })).json()) as Keys;

    const gone = await fetch(url, {
      method: 'DELETE',
      ...asForm({ token_type_hint: 'access_token', token, refresh_token: refreshToken }, authorization),
    });
    expect(gone.status).toBe(204);
    expect(mollie.tokens.map(({ state }) => state)).toEqual(['revoked']);
    expect(mollie.counts).toMatchObject({ tokenRequests: 1, revocations: 1 });
  });
});
