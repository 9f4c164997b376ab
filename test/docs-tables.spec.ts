import { describe, expect, it } from '@jest/globals';
import { BUILT_IN_PROVIDERS } from 'nestjs-payments-auth';
import { anchorsOf, tableOf, textOf } from './support/markdown.js';
import { compile } from './support/snippets.js';

const types = compile([]);

describe('the tables of the README', () => {
  it('name every built-in provider, its environments and its variables', () => {
    const rows = BUILT_IN_PROVIDERS.map((provider) => [
      `[${provider.title}](docs/providers/${provider.name}.md)`,
      Object.keys(provider.environments).join(', '),
      variablesOf(provider),
    ]);
    expect(
      tableOf('README.md', 'Provider').map(([provider, , environments, variables]) => [
        provider,
        environments,
        variables,
      ]),
    ).toEqual(rows);
  });

  it('say how each provider authenticates', () => {
    const kinds = {
      'static-key': 'static key',
      login: 'token login',
      'client-credentials': 'OAuth 2.0 client credentials',
      'refresh-token': 'OAuth 2.0 refresh token',
    };
    for (const [index, [, kind]] of tableOf('README.md', 'Provider').entries())
      expect(kind).toContain(kinds[BUILT_IN_PROVIDERS[index]?.token?.kind ?? 'static-key']);
  });

  it('name every option, of a provider and of the module', () => {
    const options = tableOf('README.md', 'Option per provider').map(([name = '']) => name);
    expect(options.toSorted()).toEqual(coded(['provider', ...types.keysOf('ProviderSettings')]).toSorted());
    const ofModule = tableOf('README.md', 'Option of the module').map(([name = '']) => name);
    expect(ofModule.toSorted()).toEqual(
      coded([
        ...types.keysOf('PaymentsAuthModuleOptions').filter((name) => name !== 'providers'),
        ...types.keysOf('PaymentsAuthModuleExtras').filter((name) => name !== 'providerNames'),
      ]).toSorted(),
    );
  });

  it('name every error code', () => {
    expect(
      tableOf('README.md', '`code`')
        .map(([code = '']) => code)
        .toSorted(),
    ).toEqual(coded(types.wordsOf('PaymentsAuthErrorCode')).toSorted());
  });
});

describe.each(BUILT_IN_PROVIDERS)('the page of $name', (provider) => {
  const page = textOf(`docs/providers/${provider.name}.md`);

  it('names every variable and every base URL', () => {
    const urls = Object.values(provider.environments).flatMap((hosts) =>
      typeof hosts === 'string' ? [hosts] : Object.values(hosts),
    );
    const variables = [...variablesOf(provider).matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
    expect([...variables, ...urls].filter((text) => !page.includes(text))).toEqual([]);
  });

  it('says what to do about errors, and how to rotate', () => {
    expect(anchorsOf(`docs/providers/${provider.name}.md`)).toEqual(
      new Set([provider.title.toLowerCase(), 'what-to-know', 'errors', 'rotation-without-downtime']),
    );
  });
});

type Definition = (typeof BUILT_IN_PROVIDERS)[number];

/** As the README writes them: `X`, `Y`?, `X_ENVIRONMENT` or `X_BASE_URL`. */
function variablesOf(provider: Definition): string {
  const fields = Object.values(provider.credentials).map(
    ({ variable, optional }) => `\`${variable}\`${optional === true ? '?' : ''}`,
  );
  const { baseUrlVariable = [], environmentVariable, scopesVariable } = provider;
  const baseUrls = coded(
    typeof baseUrlVariable === 'string' ? [baseUrlVariable] : Object.values(baseUrlVariable),
  ).join(' and ');
  return [
    ...fields,
    environmentVariable === undefined ? `${baseUrls}?` : `\`${environmentVariable}\` or ${baseUrls}`,
    ...(scopesVariable === undefined ? [] : [`\`${scopesVariable}\`?`]),
  ].join(', ');
}

function coded(names: readonly string[]): string[] {
  return names.map((name) => `\`${name}\``);
}
