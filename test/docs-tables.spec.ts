import { describe, expect, it } from '@jest/globals';
import * as api from 'nestjs-payments-auth';
import { BUILT_IN_PROVIDERS, type WebhookScheme } from 'nestjs-payments-auth';
import { kindOfProvider } from '../libs/payments-auth/src/cli/provider-kind.js';
import { anchorsOf, tableOf, textOf } from './support/markdown.js';
import {
  formatted,
  indexOf,
  pageOf,
  readmeTableOf,
  toKnowOf,
  webhooksTableOf,
} from '../scripts/provider-pages.mjs';
import { repositoryFiles } from './support/repository-files.js';
import { compile } from './support/snippets.js';

const types = compile([]);

describe('the tables of the README', () => {
  it('are those that the definitions say', async () => {
    const readme = textOf('README.md');
    const table = await formatted(readmeTableOf(BUILT_IN_PROVIDERS, kindOfProvider));
    expect(readme).toContain(table.trim());
    expect(textOf('docs/providers/README.md')).toBe(
      await formatted(indexOf(BUILT_IN_PROVIDERS, kindOfProvider)),
    );
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

/** The parts that a table must have for a provider's webhooks. */
interface Described {
  readonly title: string;
  readonly webhooks?: Readonly<Record<string, WebhookScheme<string>>>;
  readonly credentials: Readonly<Record<string, { readonly variable?: string } | undefined>>;
}

/** Schemes whose keys the provider publishes. */
const PUBLISHED = ['TrueLayer, signature', 'Wise, published', 'Wise (partners), published'];

describe('the tables of the page on webhooks', () => {
  it('say what each scheme proves, whom to ask, and with which secret', () => {
    const rows = tableOf('docs/webhooks.md', 'Provider');
    const described = BUILT_IN_PROVIDERS as readonly Described[];
    const said = described.flatMap(({ title, webhooks = {}, credentials }) =>
      Object.entries(webhooks).map(([name, { proves, '~work': work }]) => [
        title,
        `\`${name}\`${work?.onlyWhenNamed === true ? ' (has to be named)' : ''}`,
        proves,
        coded(work?.confirmWith === undefined ? [] : [work.confirmWith]).join(),
        PUBLISHED.includes(`${title}, ${name}`)
          ? 'none: it publishes its keys'
          : (work?.fields ?? [])
              .map((field) => `\`${field}\` (\`${credentials[field]?.variable}\`)`)
              .join(', '),
      ]),
    );
    expect(rows).toEqual(said);
    const silent = described.filter(({ webhooks }) => webhooks === undefined);
    const page = textOf('docs/webhooks.md').replaceAll('\n', ' ');
    for (const { title } of silent)
      expect(page).toMatch(new RegExp(`No webhooks are described for [^.]*${title}`));
  });

  it('are written by npm run docs:providers', async () => {
    const table = await formatted(webhooksTableOf(BUILT_IN_PROVIDERS));
    expect(textOf('docs/webhooks.md')).toContain(table.trim());
  });

  it('name every provider whose signature covers the URL, which a proxy may change', () => {
    const covering = repositoryFiles(/^libs\/payments-auth\/src\/providers\/[\w-]+\.provider\.ts$/).filter(
      (file) => /needsUrl: true|\{(?:url|path)\}/.test(textOf(file)),
    );
    const titles = covering.map((file) => {
      const name = /([\w-]+)\.provider\.ts$/.exec(file)?.[1];
      return BUILT_IN_PROVIDERS.find((each) => each.name === name)?.title;
    });
    expect(titles.length).toBeGreaterThan(4);
    const [, listed = ''] =
      /A provider that signs the URL[^(]*\(([^)]*)\)/.exec(textOf('docs/webhooks.md')) ?? [];
    expect(listed.replaceAll('\n', ' ').split(/, +/).toSorted()).toEqual(titles.map(String).toSorted());
  });

  it('name every option of a route, and every builder', () => {
    const options = tableOf('docs/webhooks.md', 'Option').map(([name = '']) => name);
    expect(options.toSorted()).toEqual(coded(types.keysOf('WebhookRouteOptions')).toSorted());
    const builders = tableOf('docs/webhooks.md', 'Builder').map(([name = '']) => name.replaceAll('`', ''));
    for (const name of builders) expect(typeof (api as Record<string, unknown>)[name]).toBe('function');
    expect(builders).toHaveLength(8);
  });
});

/** The providers whose pages are written by hand from top to bottom. */
const BY_HAND: readonly string[] = ['cashfin', 'kashier', 'pesapal', 'clickpesa', 'wakapay', 'cryptofuse'];

describe.each(BUILT_IN_PROVIDERS.filter(({ name }) => !BY_HAND.includes(name)))(
  'the page of $name',
  (provider) => {
    const page = textOf(`docs/providers/${provider.name}.md`);

    it('says what the definition says: npm run docs:providers writes it', async () => {
      expect(page).toBe(await formatted(pageOf(provider, kindOfProvider, toKnowOf(page))));
    });

    it('has a section written by hand with what a user needs to know', () => {
      expect(toKnowOf(page)).toMatch(/^- \S/);
    });
  },
);

describe.each(BUILT_IN_PROVIDERS.filter(({ name }) => BY_HAND.includes(name)))(
  'the page of $name',
  (provider) => {
    const page = textOf(`docs/providers/${provider.name}.md`);

    it('names every variable and every base URL', () => {
      const urls = Object.values(provider.environments).flatMap((hosts) =>
        typeof hosts === 'string' ? [hosts] : Object.values(hosts),
      );
      const variables = [...variablesOf(provider).matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
      expect([...variables, ...urls].filter((text) => !page.includes(text))).toEqual([]);
    });

    it('says that nothing was checked against a live API, and how to report what one answers', () => {
      expect(page).toMatch(/Nothing on this page was checked against a live API\..*check --report/);
    });

    it('says what to do about errors, and how to rotate', () => {
      expect(anchorsOf(`docs/providers/${provider.name}.md`)).toEqual(
        new Set([provider.title.toLowerCase(), 'what-to-know', 'errors', 'rotation-without-downtime']),
      );
    });
  },
);

type Definition = (typeof BUILT_IN_PROVIDERS)[number];

/** The variables in the form of the README: `X`, `Y`?, `X_ENVIRONMENT` or `X_BASE_URL`. */
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
