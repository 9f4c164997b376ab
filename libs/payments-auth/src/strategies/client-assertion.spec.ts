import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createLocalJWKSet, decodeProtectedHeader, type JWTVerifyOptions, jwtVerify } from 'jose';
import { isPaymentsAuthError } from '../payments-auth.errors.js';
import {
  type ClientAssertion,
  clientSecretJwt,
  privateKeyJwt,
  type PrivateKeyJwtSpec,
} from './client-assertion.js';
import { clientCredentials } from './client-credentials.strategy.js';
import { strategyOf, type RequestMeans, type TokenStrategy } from './strategy.js';

interface Client {
  readonly id: string;
  readonly secret?: string;
  readonly privateKey?: string;
}

const NOW_MS = Date.parse('2026-01-02T03:04:05.678Z');
const ENDPOINT = 'https://api.test/oauth/token';
const VERIFY: JWTVerifyOptions = {
  currentDate: new Date(NOW_MS),
  audience: ENDPOINT,
  issuer: 'client-1',
  subject: 'client-1',
  typ: 'JWT',
};
const MEANS: RequestMeans = { clientAuthentication: 'client_secret_basic' };
const PAIRS: Readonly<
  Record<PrivateKeyJwtSpec<Client>['algorithm'], { privateKey: KeyObject; publicKey: KeyObject }>
> = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  PS256: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  EdDSA: generateKeyPairSync('ed25519'),
};

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function strategyWith(authentication: ClientAssertion): TokenStrategy<Client> {
  const token = clientCredentials<Client>({
    path: '/oauth/token',
    client: ({ credentials }) => credentials,
    authentication,
    documentedLifetimeMs: 3_600_000,
  });
  return strategyOf({ token }) as TokenStrategy<Client>;
}

async function assertionIn(
  authentication: ClientAssertion,
  credentials: Client,
  means: RequestMeans = MEANS,
): Promise<string> {
  const given = { credentials, scopes: [], nowMs: NOW_MS, endpoint: ENDPOINT };
  const { headers, body } = await strategyWith(authentication).request(given, means);
  expect(headers).not.toHaveProperty('Authorization');
  const form = new URLSearchParams(body);
  expect(form.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
  expect(form.get('client_secret')).toBeNull();
  expect(form.get('client_id')).toBe('client-1');
  return form.get('client_assertion') ?? '';
}

function pathsOf(make: () => unknown): string[] {
  try {
    make();
  } catch (error) {
    if (!isPaymentsAuthError(error) || error.code !== 'INVALID_OPTIONS') throw error;
    return (error.problems ?? []).map((problem) => problem.split(': ')[0] ?? '');
  }
  return [];
}
const at = (name: string) => `token.authentication.${name}`;

describe('privateKeyJwt', () => {
  const algorithms = Object.keys(PAIRS) as (keyof typeof PAIRS)[];

  it.each(algorithms)(
    'signs with %s what jose verifies, for a minute and for the token endpoint',
    async (algorithm) => {
      const { privateKey, publicKey } = PAIRS[algorithm];
      const authentication = privateKeyJwt<Client>({
        algorithm,
        key: ({ credentials }) => credentials.privateKey ?? '',
      });
      const assertion = await assertionIn(authentication, { id: 'client-1', privateKey: pem(privateKey) });
      const { payload } = await jwtVerify(assertion, publicKey, VERIFY);
      expect(payload).toMatchObject({ iat: 1_767_323_045, exp: 1_767_323_105 });
      expect(decodeProtectedHeader(assertion)).toEqual({ alg: algorithm, typ: 'JWT' });
    },
  );

  it('takes key id, audience, issuer, life and claims from the definition', async () => {
    const { privateKey, publicKey } = PAIRS.ES256;
    const authentication = privateKeyJwt<Client>({
      algorithm: 'ES256',
      key: () => JSON.stringify(privateKey.export({ format: 'jwk' })),
      keyId: ({ credentials }) => `${credentials.id}-key`,
      audience: 'https://issuer.test',
      issuer: () => 'shop.test',
      lifetimeMs: 300_000,
      claims: ({ nowMs, scopes }) => ({ auth_time: Math.floor(nowMs / 1_000), scopes }),
    });
    const assertion = await assertionIn(authentication, { id: 'client-1' });
    const jwks = createLocalJWKSet({
      keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'client-1-key' }],
    });
    const { payload } = await jwtVerify(assertion, jwks, {
      ...VERIFY,
      audience: 'https://issuer.test',
      issuer: 'shop.test',
    });
    expect(payload).toMatchObject({ exp: 1_767_323_345, auth_time: 1_767_323_045, scopes: [] });
  });

  it('never makes the same assertion twice, because an issuer refuses one that it has seen', async () => {
    const key = pem(PAIRS.ES256.privateKey);
    const authentication = privateKeyJwt<Client>({ algorithm: 'ES256', key: () => key });
    const ids = new Set<unknown>();
    for (let n = 0; n < 20; n += 1) {
      const assertion = await assertionIn(authentication, { id: 'client-1' });
      ids.add((await jwtVerify(assertion, PAIRS.ES256.publicKey, VERIFY)).payload.jti);
    }
    expect(ids.size).toBe(20);
  });

  it('asks the signer of the application where no key is named, and gives it the credentials', async () => {
    const { privateKey, publicKey } = PAIRS.ES256;
    const authentication = privateKeyJwt<Client>({ algorithm: 'ES256' });
    expect(strategyWith(authentication).needsSigner).toBe(true);
    const asked: unknown[] = [];
    const assertion = await assertionIn(
      authentication,
      { id: 'client-1' },
      {
        ...MEANS,
        signer: (bytes, given) => {
          asked.push(given);
          // A KMS returns DER.
          return Promise.resolve(sign('sha256', bytes, privateKey));
        },
      },
    );
    await jwtVerify(assertion, publicKey, VERIFY);
    expect(asked).toEqual([{ credentials: { id: 'client-1' } }]);
  });

  it('is a fault of the definition without key and signer, or with a value that is not a key', async () => {
    await expect(
      assertionIn(privateKeyJwt({ algorithm: 'ES256' }), { id: 'client-1' }),
    ).rejects.toMatchObject({
      path: 'token.authentication',
      message: expect.stringContaining('the provider has no option signer'),
    });
    const wrong = privateKeyJwt<Client>({ algorithm: 'ES256', key: () => 'test-not-real' });
    await expect(assertionIn(wrong, { id: 'client-1' })).rejects.toMatchObject({
      path: 'token.authentication.key',
      message: expect.not.stringContaining('test-not-real'),
    });
  });
});

describe('clientSecretJwt', () => {
  it.each(['HS256', 'HS512'] as const)(
    'signs with the secret and %s, and does not send it',
    async (algorithm) => {
      const secret = 'test-secret-not-real-0123456789abcdef';
      const assertion = await assertionIn(clientSecretJwt({ algorithm }), { id: 'client-1', secret });
      const { protectedHeader } = await jwtVerify(assertion, Buffer.from(secret), VERIFY);
      expect(protectedHeader.alg).toBe(algorithm);
    },
  );

  it('uses HS256 by default, and is a fault of the definition without a secret', async () => {
    expect(
      decodeProtectedHeader(await assertionIn(clientSecretJwt(), { id: 'client-1', secret: 'x' })).alg,
    ).toBe('HS256');
    await expect(assertionIn(clientSecretJwt(), { id: 'client-1' })).rejects.toMatchObject({
      path: 'token.client',
    });
  });
});

describe('the description of an assertion', () => {
  it.each<[string, Record<string, unknown>]>([
    [at('algorithm'), { algorithm: undefined }],
    [at('algorithm'), { algorithm: 'HS256' }],
    [at('algorithm'), { algorithm: 'none' }],
    [at('key'), { key: '-----BEGIN PRIVATE KEY-----' }],
    [at('keyId'), { keyId: 'k1' }],
    [at('issuer'), { issuer: 'shop.test' }],
    [at('claims'), { claims: { nbf: 1 } }],
    [at('audience'), { audience: '' }],
    [at('audience'), { audience: () => 'x' }],
    [at('lifetimeMs'), { lifetimeMs: 60 }],
    [at('lifetimeMs'), { lifetimeMs: 24 * 3_600_000 }],
    [at('kid'), { kid: 'k1' }],
  ])('is refused when the definition is made: %s in %j', (path, changes) => {
    expect(pathsOf(() => privateKeyJwt({ algorithm: 'ES256', ...changes } as never))).toEqual([path]);
  });

  it('is refused for a secret too', () => {
    expect(pathsOf(() => clientSecretJwt({ algorithm: 'RS256' } as never))).toEqual([at('algorithm')]);
    expect(pathsOf(() => clientSecretJwt({ key: () => 'x' } as never))).toEqual([at('key')]);
    expect(pathsOf(() => privateKeyJwt(undefined as never))).toEqual(['token.authentication']);
  });
});
