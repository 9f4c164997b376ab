import { baseUrlProblem, withoutTrailingSlash } from './base-url.js';
import { suggestion } from '../nearest.js';
import { ownCopy } from '../own-properties.js';
import { IN_QUOTES, isQuoted } from '../strategies/header-text.js';
import { isLoopback } from '../strategies/loopback.js';
import type { ProviderScope } from './provider-scope.js';
import { ownRecord } from './record.js';

/** The name of the host of a provider that has only one host. */
const ONLY_HOST = 'api';

/** Where a provider is. */
export interface Place {
  readonly environment?: string;
  readonly hosts: Readonly<Record<string, string>>;
  readonly defaultHost: string;
}

/** A value, and where the application gave it. */
interface Said {
  readonly value: unknown;
  readonly at: string;
}

/**
 * The place of the provider: an environment, or a base URL. Options and variables are never mixed here: an old base
 * URL in a variable must not redirect a provider that the code calls `live`.
 */
export function resolvePlace(scope: ProviderScope, insecureHosts: readonly string[]): Place | undefined {
  const { definition, findings, path } = scope;
  const { environment, baseUrls } = ownCopy(said(scope));
  const known = Object.keys(definition.environments);

  if (environment !== undefined && !known.includes(environment.value as string)) {
    findings.problem(
      environment.at,
      typeof environment.value === 'string' && isQuoted(environment.value)
        ? IN_QUOTES
        : known.length === 0
          ? `${definition.title} has no environments; give baseUrl`
          : `not an environment of ${definition.title}. Known: ${known.join(', ')}`,
    );
    return undefined;
  }
  const named = (environment?.value as string | undefined) ?? (baseUrls ? undefined : only(known));
  if (named === undefined && baseUrls === undefined) {
    findings.problem(...noPlace(scope, known));
    return undefined;
  }
  if (named === 'live' && insecureHosts.length > 0)
    findings.problem(`${path}.insecureHosts`, 'must not be combined with the environment "live"');
  if (named === 'live' && baseUrls !== undefined) refuseElsewhere(scope, baseUrls);
  const urls = baseUrls ?? environmentUrls(scope, named as string);
  return checked(urls, named, insecureHosts, scope);
}

/** The named hosts of a provider, its default one first. */
function hostNames({ definition }: Pick<ProviderScope, 'definition'>): string[] {
  const [first] = Object.values(definition.environments);
  return first === undefined || typeof first === 'string' ? [ONLY_HOST] : Object.keys(first);
}

type BaseUrls = Readonly<Record<string, Said>>;

function said(scope: ProviderScope): { environment?: Said; baseUrls?: BaseUrls } {
  const { definition, findings, options, path, variables } = scope;
  const environmentVariable = definition.environmentVariable;
  const environmentSet = environmentVariable === undefined ? undefined : variables(environmentVariable);
  const fromVariables = baseUrlVariables(scope);
  if (options.environment === undefined && options.baseUrl === undefined) {
    return {
      ...(environmentSet === undefined
        ? {}
        : { environment: { value: environmentSet, at: environmentVariable as string } }),
      ...(fromVariables === undefined ? {} : { baseUrls: fromVariables }),
    };
  }
  const unused = [
    ...(environmentSet !== undefined && environmentSet !== options.environment ? [environmentVariable] : []),
    ...Object.values(fromVariables ?? {}).flatMap(({ at, value }) => (value === undefined ? [] : [at])),
  ];
  for (const variable of new Set(unused))
    findings.warning(
      variable as string,
      `is set but not used, because ${path}.${options.baseUrl === undefined ? 'environment' : 'baseUrl'} is given`,
    );
  return {
    ...(options.environment === undefined
      ? {}
      : { environment: { value: options.environment, at: `${path}.environment` } }),
    ...(options.baseUrl === undefined ? {} : { baseUrls: givenBaseUrls(scope, options.baseUrl) }),
  };
}

/** A single base URL stands for every host of the provider. */
function givenBaseUrls(scope: ProviderScope, baseUrl: unknown): BaseUrls {
  const at = `${scope.path}.baseUrl`;
  const names = hostNames(scope);
  const byHost = ownRecord(baseUrl);
  if (byHost === undefined) return Object.fromEntries(names.map((name) => [name, { value: baseUrl, at }]));
  for (const name of Object.keys(byHost)) {
    if (!names.includes(name))
      scope.findings.problem(
        `${at}.${name}`,
        `not a host of ${scope.definition.title}. ${suggestion(name, names)}`,
      );
  }
  return Object.fromEntries(names.map((name) => [name, { value: byHost[name], at: `${at}.${name}` }]));
}

/** If one host is set by a variable, every host has to be set. Otherwise the provider would be in two places. */
function baseUrlVariables(scope: ProviderScope): BaseUrls | undefined {
  const { definition, variables } = scope;
  const names = hostNames(scope);
  const variable = definition.baseUrlVariable;
  if (variable === undefined) return undefined;
  const byHost =
    typeof variable === 'string' ? Object.fromEntries(names.map((name) => [name, variable])) : variable;
  const read = Object.entries(byHost).map(
    ([name, at]) => [name, { value: variables(at), at }] satisfies [string, Said],
  );
  return read.some(([, { value }]) => value !== undefined) ? Object.fromEntries(read) : undefined;
}

function environmentUrls({ definition, path }: ProviderScope, environment: string): BaseUrls {
  const at = `${path}.provider.environments.${environment}`;
  const urls = definition.environments[environment] as string | Readonly<Record<string, string>>;
  if (typeof urls === 'string') return { [ONLY_HOST]: { value: urls, at } };
  return Object.fromEntries(
    Object.entries(urls).map(([name, value]) => [name, { value, at: `${at}.${name}` }]),
  );
}

/**
 * A base URL that somebody has forgotten to remove must not lead live calls to this machine, over plain http, or to a
 * sandbox.
 */
function refuseElsewhere({ definition, findings }: ProviderScope, baseUrls: BaseUrls): void {
  const others = new Set(
    Object.entries(definition.environments)
      .filter(([environment]) => environment !== 'live')
      .flatMap(([, urls]) => (typeof urls === 'string' ? [urls] : Object.values(urls)))
      .map(hostOf),
  );
  const own = definition.environments['live'];
  for (const url of own === undefined ? [] : typeof own === 'string' ? [own] : Object.values(own))
    others.delete(hostOf(url));
  for (const { value, at } of Object.values(baseUrls)) {
    const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
    if (url === undefined) continue;
    const what = isLoopback(url.hostname)
      ? 'this machine'
      : url.protocol === 'http:'
        ? 'plain http'
        : others.has(url.host)
          ? 'another environment'
          : undefined;
    if (what !== undefined)
      findings.problem(at, `leads to ${what}, while the environment is "live"; take one of the two away`);
  }
}

/** The host of a URL. A definition's URL with placeholders may be no URL, and is compared as it is. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function checked(
  urls: BaseUrls,
  environment: string | undefined,
  insecureHosts: readonly string[],
  { findings }: ProviderScope,
): Place | undefined {
  const problems = new Map<string, string>();
  for (const { value, at } of Object.values(urls)) {
    const problem = baseUrlProblem(isTemplate(at, value) ? exampleOf(value) : value, insecureHosts);
    if (problem !== undefined) problems.set(at, problem);
  }
  for (const [at, what] of problems) findings.problem(at, what);
  if (problems.size > 0) return undefined;
  const hosts = Object.fromEntries(
    Object.entries(urls).map(([name, { value, at }]) => [
      name,
      isTemplate(at, value) ? value : withoutTrailingSlash(value as string),
    ]),
  );
  return ownCopy({
    ...(environment === undefined ? {} : { environment }),
    hosts: Object.freeze(ownCopy(hosts)),
    defaultHost: Object.keys(hosts)[0] as string,
  });
}

/** A URL that is made of an account's credentials. Only the definition may give such a URL. */
function isTemplate(at: string, value: unknown): value is string {
  return at.includes('.provider.environments.') && typeof value === 'string' && value.includes('{');
}

function exampleOf(template: string): string {
  return template.replace(/\{[^{}]*\}/g, 'x');
}

function noPlace(scope: ProviderScope, known: readonly string[]): [where: string, what: string] {
  const { definition, path } = scope;
  if (known.length === 0) return [`${path}.baseUrl`, `missing; ${definition.title} declares no environment`];
  const variable = definition.environmentVariable;
  const choice = known.map((each) => `"${each}"`).join(' or ');
  if (scope.said !== 'providers' && variable !== undefined)
    return [variable, `missing; set it to ${choice}: there is no default, because a wrong one costs money`];
  const inVariable = variable === undefined ? '' : ` there or in ${variable}`;
  return [
    `${path}.environment`,
    `missing; say ${choice}${inVariable}, or give baseUrl: there is no default, because a wrong one costs money`,
  ];
}

function only(known: readonly string[]): string | undefined {
  return known.length === 1 ? known[0] : undefined;
}
