import type { ConfiguredProvider } from '../providers/configured-provider.js';
import type { ProviderDefinition } from '../providers/provider-definition.js';
import { Findings } from './findings.js';
import { suggestion } from '../nearest.js';
import { requiredVariables } from './own-credentials.js';
import { resolveProvider } from './provider.resolver.js';
import { countOf, yesOrNo } from './settings.js';
import { kindOf } from '../strategies/header-text.js';
import { isRecord } from './record.js';
import type { Variables } from './variables.js';

/** The options of an application, resolved once and injected everywhere. */
export interface ResolvedOptions {
  readonly providers: readonly ConfiguredProvider[];
  readonly warnings: readonly string[];
}

/** What is needed to make sense of options, besides the options. */
export interface ResolutionContext {
  readonly builtIns: readonly ProviderDefinition[];
  readonly variables: Variables;
  /** The names beyond the built-in ones that were given an injectable; `undefined` where they need not be said. */
  readonly providerNames?: readonly string[];
}

/** Logs, Redis keys and metrics carry these names, so they are kept plain. */
const NAME = /^[A-Za-z][\w.-]{0,63}$/;
const KNOWN = ['providers', 'store', 'auditLog', 'maxAccounts', 'maxTokenRequests'];

/**
 * Checks everything and fills in what was not said (R16).
 *
 * @throws PaymentsAuthError INVALID_OPTIONS with every problem at once
 */
export async function resolveOptions(options: unknown, context: ResolutionContext): Promise<ResolvedOptions> {
  const findings = new Findings();
  const given = options ?? {};
  if (!isRecord(given)) {
    findings.problem('options', `must be an object, and is ${kindOf(given)}`);
    findings.refuseProblems();
    return { providers: [], warnings: [] };
  }
  checkModuleOptions(given, findings);
  const providers =
    given.providers === undefined
      ? await fromVariables(context, findings)
      : await fromOptions(given.providers, context, findings);
  checkProviderNames(context, findings);
  findings.refuseProblems();
  return { providers, warnings: findings.warnings };
}

/** Every built-in provider whose required credentials are all in the environment. */
async function fromVariables(context: ResolutionContext, findings: Findings): Promise<ConfiguredProvider[]> {
  const { variables } = context;
  const providers: (ConfiguredProvider | undefined)[] = [];
  for (const definition of context.builtIns) {
    const { name } = definition;
    if (requiredVariables({ definition, variables }).set.length === 0) continue;
    const path = `providers.${name}`;
    providers.push(
      await resolveProvider({ name, path, definition, options: {}, named: false, variables, findings }),
    );
  }
  return providers.filter((each) => each !== undefined);
}

/** Those that the application names, and only those. */
async function fromOptions(
  named: unknown,
  context: ResolutionContext,
  findings: Findings,
): Promise<ConfiguredProvider[]> {
  if (!isRecord(named)) {
    findings.problem('providers', `must be a record of provider options by name, and is ${kindOf(named)}`);
    return [];
  }
  const providers: (ConfiguredProvider | undefined)[] = [];
  const names = new Map<string, string>();
  for (const [name, options] of Object.entries(named)) {
    // Written `pesapal: condition ? { … } : undefined`.
    if (options === undefined) continue;
    const path = `providers.${name}`;
    if (!NAME.test(name)) {
      findings.problem(
        path,
        'a name is a letter, then up to 63 letters, digits, dots, dashes or underscores',
      );
      continue;
    }
    const twin = names.get(name.toLowerCase());
    if (twin !== undefined) findings.problem(path, `differs from "${twin}" in upper and lower case only`);
    names.set(name.toLowerCase(), name);
    if (!isRecord(options)) {
      findings.problem(path, `must be the provider's options, and is ${kindOf(options)}`);
      continue;
    }
    const definition = definitionOf(name, path, options.provider, context.builtIns, findings);
    if (definition === undefined) continue;
    const { variables } = context;
    providers.push(
      await resolveProvider({ name, path, definition, options, named: true, variables, findings }),
    );
  }
  return providers.filter((each) => each !== undefined);
}

function definitionOf(
  name: string,
  path: string,
  provider: unknown,
  builtIns: readonly ProviderDefinition[],
  findings: Findings,
): ProviderDefinition | undefined {
  const known = builtIns.map((each) => each.name);
  if (provider === undefined) {
    const definition = builtIns.find((each) => each.name === name);
    if (definition === undefined)
      findings.problem(
        path,
        `not a built-in provider. ${suggestion(name, known)} For one of your own, give its definition as "provider"`,
      );
    return definition;
  }
  if (typeof provider === 'string') {
    const definition = builtIns.find((each) => each.name === provider);
    if (definition === undefined)
      findings.problem(`${path}.provider`, `not the name of a built-in provider. Known: ${known.join(', ')}`);
    return definition;
  }
  if (isDefinition(provider)) return provider;
  findings.problem(
    `${path}.provider`,
    `must be what defineProvider() returns, or the name of a built-in provider (${known.join(', ')})`,
  );
  return undefined;
}

function isDefinition(value: unknown): value is ProviderDefinition {
  return (
    isRecord(value) &&
    typeof value.name === 'string' &&
    isRecord(value.environments) &&
    isRecord(value.credentials) &&
    (value.token === undefined || isRecord(value.token)) &&
    isRecord(value.refusal) &&
    typeof value.headers === 'function'
  );
}

function checkModuleOptions(given: Record<string, unknown>, findings: Findings): void {
  for (const name of Object.keys(given)) {
    if (name === 'isGlobal' || name === 'providerNames')
      findings.problem(name, 'belongs beside useFactory, and not into what it returns');
    else if (!KNOWN.includes(name)) findings.problem(name, `not an option. ${suggestion(name, KNOWN)}`);
  }
  const auditLog = given.auditLog === undefined ? undefined : yesOrNo(given.auditLog);
  if (auditLog !== undefined) findings.problem('auditLog', auditLog);
  for (const name of ['maxAccounts', 'maxTokenRequests']) {
    const what = given[name] === undefined ? undefined : countOf(given[name]);
    if (what !== undefined) findings.problem(name, what);
  }
  const { store } = given;
  if (store !== undefined && !(isRecord(store) && typeof store.claim === 'function'))
    findings.problem(
      'store',
      'must be a TokenStore, such as a RedisTokenStore of nestjs-payments-auth/redis',
    );
}

function checkProviderNames({ providerNames }: ResolutionContext, findings: Findings): void {
  (providerNames ?? []).forEach((name, index) => {
    if (typeof name !== 'string' || !NAME.test(name))
      findings.problem(`providerNames[${index}]`, 'must be the name of a provider');
    else if (providerNames?.indexOf(name) !== index)
      findings.problem(`providerNames[${index}]`, `"${name}" is there twice`);
  });
}
