import { clientCredentials } from '../strategies/client-credentials.strategy.js';
import { login } from '../strategies/login.strategy.js';
import { refreshToken } from '../strategies/refresh-token.strategy.js';
import { defineProvider, describedWith } from './define-provider.js';
import { definitionProblems } from './definition-problems.js';
import { BUILT_IN_PROVIDERS, cryptofuse, FOUND_BY_VARIABLES, kashier, wakapay } from './index.js';
import { signAttempt } from '../testing/sign-attempt.js';
import type { ApiAnswer, ProviderDefinition } from './provider-definition.js';

function denied(status: number, error: unknown) {
  return { status, headers: {}, body: { error }, text: '' };
}

const suspect = (value: string) => kashier.credentials.secretKey.suspect?.(value);
const scope = (answer: ApiAnswer) => cryptofuse.refusal?.scope?.(answer);

/** Tests of what one provider alone does. `providers.contract.spec.ts` tests what all of them do. */
describe('kashier', () => {
  const credentials = { secretKey: 'test-not-real$secret', apiKey: 'test-api-key-not-real' };

  it('sends the secret as it is, and the Payment API key only when a session is created', async () => {
    expect(kashier.headers?.({ credentials, token: '' })).toEqual({ Authorization: 'test-not-real$secret' });
    const apiKeyOf = async (method: string, url: string) =>
      (await signAttempt(kashier, { method, url, credentials, nowMs: 0 })).headers['api-key'];
    const sessions = '/v3/payment/sessions';
    expect(await apiKeyOf('POST', `https://api.kashier.io${sessions}`)).toBe('test-api-key-not-real');
    for (const [method, url] of [
      ['GET', `https://api.kashier.io${sessions}`],
      ['POST', `https://api.kashier.io${sessions}/1`],
      ['POST', 'https://api.kashier.io/payments'],
      ['POST', `https://fep.kashier.io${sessions}`],
    ] as const)
      expect(await apiKeyOf(method, url)).toBeUndefined();
  });

  it('has the same two hosts in both environments', () => {
    expect(kashier.environments).toEqual({
      test: { api: 'https://test-api.kashier.io', fep: 'https://test-fep.kashier.io' },
      live: { api: 'https://api.kashier.io', fep: 'https://fep.kashier.io' },
    });
  });

  it('suspects a secret that a shell has cut or escaped, without repeating it', () => {
    expect(suspect('f00d$beef')).toBeUndefined();
    expect(suspect('f00d')).toMatch(/has no "\$"/);
    expect(suspect('f00d\\$beef')).toMatch(/backslash/);
    expect(suspect('f00d')).not.toContain('f00d');
  });

  it('marks as secret what its answers repeat of a key', () => {
    expect(kashier.secretResponseFields).toEqual(['apiKey', 'hash']);
  });
});

describe('wakapay', () => {
  it('recognises a key of the test environment by its prefix', () => {
    const { apiKey, apiSecret } = wakapay.credentials;
    expect(apiKey.belongsTo?.['test']?.test('pk_test_1')).toBe(true);
    expect(apiSecret.belongsTo?.['test']?.test('sk_test_1')).toBe(true);
    expect(apiSecret.belongsTo?.['test']?.test('sk_1')).toBe(false);
  });
});

describe('cryptofuse', () => {
  const details = { required_scopes: ['write', 7], token_scopes: ['read'] };

  it('names the missing scope when a call is refused for its scope', () => {
    expect(scope(denied(403, { code: 'permission_denied', details }))).toEqual({
      required: ['write'],
      held: ['read'],
    });
    expect(scope(denied(403, { code: 'permission_denied' }))).toBeUndefined();
    expect(scope(denied(403, { code: 'ip_not_allowed', details }))).toBeUndefined();
    expect(scope(denied(401, { code: 'permission_denied', details }))).toBeUndefined();
  });

  it('takes client authentication either way, and counts 20 logins a minute for an address', () => {
    expect(cryptofuse.token).toMatchObject({
      authentication: ['client_secret_basic', 'client_secret_post'],
      limits: [{ limit: 20, perMs: 60_000, per: 'ip' }],
      loginsEatQuota: false,
    });
  });
});

const definitions: readonly ProviderDefinition[] = BUILT_IN_PROVIDERS;
const six = FOUND_BY_VARIABLES.map(({ name }): string => name);

describe.each(definitions.map((definition) => [definition.name, definition] as const))(
  '%s',
  (name, definition) => {
    it('is a definition that defineProvider would take', () => {
      const checked = describedWith({ login, clientCredentials, refreshToken }, definition);
      expect(definitionProblems(definition)).toEqual([]);
      expect(defineProvider({ ...checked, name })).toMatchObject({ name });
    });

    it('says where it is used, and which documents it follows', () => {
      if (six.includes(name)) return;
      expect(definition).toMatchObject({
        region: expect.stringMatching(/^(Africa|Americas|Asia|Europe|Worldwide)$/),
        basedOn: expect.stringMatching(/^20\d\d-\d\d(-\d\d)?$/),
        docs: expect.stringMatching(/^https:\/\//),
        credentialsPage: expect.any(String),
      });
    });

    it('has https URLs only, and a variable for its environment where it has more than one', () => {
      const bases = Object.values(definition.environments).flatMap((each) =>
        typeof each === 'string' ? [each] : Object.values(each),
      );
      for (const base of bases) expect(base).toMatch(/^https:\/\/[a-zA-Z0-9./{}-]+[a-z0-9]$/);
      expect(definition.environments).toHaveProperty('live');
      expect(definition.environmentVariable !== undefined).toBe(
        Object.keys(definition.environments).length > 1,
      );
    });

    it('reads every credential from a variable, and has advice about refusals', () => {
      for (const field of Object.values(definition.credentials))
        expect(field.variable).toMatch(/^[A-Z][A-Z0-9_]+$/);
      expect(definition.advice?.length).toBeGreaterThan(0);
    });

    it('has advice for what no credential cures, where it knows such an answer', () => {
      if (six.includes(name) || definition.refusal?.incurable === undefined) return;
      const besides = (definition.advice ?? []).filter(
        ({ on, status, says }) =>
          on === 'call' && (says !== undefined || [status].flat().some((each) => each !== 401)),
      );
      expect(besides).not.toEqual([]);
    });
  },
);

describe('the list of providers', () => {
  it('has no name twice, and no variable of the environment or the base URL twice', () => {
    const names = definitions.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const bases = definitions.flatMap(({ baseUrlVariable }) =>
      typeof baseUrlVariable === 'string' ? [baseUrlVariable] : Object.values(baseUrlVariable ?? {}),
    );
    expect(bases.filter((variable, at) => bases.indexOf(variable) !== at)).toEqual([]);
  });
});
