import { checkRotatingRefreshTokens } from './rotating-refresh-tokens.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import type { ProviderDefinition } from '../providers/provider-definition.js';
import { Findings } from './findings.js';
import { knownNames, suggestion } from '../nearest.js';
import { requiredVariables } from './own-credentials.js';
import { resolveProvider } from './provider.resolver.js';
import { countOf, yesOrNo } from './settings.js';
import { kindOf } from '../strategies/header-text.js';
import { ownCopy } from '../own-properties.js';
import { isRecord, ownRecord } from './record.js';
import type { Variables } from './variables.js';

/** The options of an application, resolved once and injected everywhere. */
export interface ResolvedOptions {
  readonly providers: readonly ConfiguredProvider[];
  readonly warnings: readonly string[];
}

/** The values that are needed to resolve options, besides the options. */
export interface ResolutionContext {
  readonly builtIns: readonly ProviderDefinition[];
  /**
   * The providers that are configured by their variables, where the application names none.
   *
   * @default the built-in ones
   */
  readonly foundByVariables?: readonly ProviderDefinition[];
  /** The application's own definitions, as it gave them. */
  readonly definitions?: unknown;
  readonly variables: Variables;
  /**
   * The names beyond the built-in ones that have an injectable; `undefined` where the application does not have to
   * name them.
   */
  readonly providerNames?: unknown;
}

/** Logs, Redis keys and metrics carry these names, so they are kept plain. */
const NAME = /^[A-Za-z][\w.-]{0,63}$/;
const NO_OPTIONS = Object.freeze(ownCopy({}));
const KNOWN = ['providers', 'fromEnvironment', 'store', 'auditLog', 'maxAccounts', 'maxTokenRequests'];

/** The definitions that an application may name: its own, and the built-in ones. */
interface Known {
  readonly definitions: readonly ProviderDefinition[];
  readonly variables: Variables;
  readonly findings: Findings;
}

/**
 * Checks everything and fills in the defaults (R16).
 *
 * @throws PaymentsAuthError INVALID_OPTIONS with every problem at once
 */
export async function resolveOptions(options: unknown, within: ResolutionContext): Promise<ResolvedOptions> {
  const context = ownCopy(within);
  const findings = new Findings();
  const given = ownRecord(options ?? {});
  if (given === undefined) {
    findings.problem('options', `must be an object, and is ${kindOf(options)}`);
    findings.refuseProblems();
    return { providers: [], warnings: [] };
  }
  checkModuleOptions(given, findings);
  const { builtIns } = context;
  const variables = withWholeNumbers(context.variables, findings);
  const definitions = [...ownDefinitions(context, findings), ...builtIns];
  const known: Known = { definitions, variables, findings };
  const { providers: named, fromEnvironment } = given;
  const providers =
    named === undefined && fromEnvironment === undefined
      ? await foundByVariables(context.foundByVariables ?? builtIns, known)
      : [...(await fromNames(fromEnvironment, named, known)), ...(await fromOptions(named, known))];
  checkProviderNames(context, findings);
  checkRotatingRefreshTokens(providers, given['store'], findings);
  findings.refuseProblems();
  return { providers: providers.filter((each) => each !== undefined), warnings: findings.warnings };
}

/**
 * Reports each variable that has become a number with fewer digits. The validation of a configuration can do this to an
 * id or an API key of digits, although the value in the environment is right.
 */
function withWholeNumbers(variables: Variables, findings: Findings): Variables {
  const told = new Set<string>();
  return (name) => {
    if (!told.has(name) && variables.hasLostDigits?.(name) === true) {
      told.add(name);
      findings.problem(
        name,
        'was turned into a number and has lost digits; let the validation of the configuration keep it as text',
      );
    }
    return variables(name);
  };
}

type Resolved = (ConfiguredProvider | undefined)[];

/** The application's own definitions, with a name each. */
function ownDefinitions({ definitions = [], builtIns }: ResolutionContext, findings: Findings) {
  if (!Array.isArray(definitions)) {
    findings.problem(
      'definitions',
      `must be a list of what defineProvider() returns, and is ${kindOf(definitions)}`,
    );
    return [];
  }
  const taken = builtIns.map(({ name }) => name);
  return definitions.filter((definition: unknown, index): definition is ProviderDefinition => {
    const at = `definitions[${index}]`;
    if (!isDefinition(definition)) {
      findings.problem(at, 'must be what defineProvider() returns');
      return false;
    }
    const { name } = definition;
    if (taken.includes(name))
      findings.problem(
        at,
        builtIns.some((each) => each.name === name)
          ? `"${name}" is built in; give your definition another name`
          : `"${name}" is there twice`,
      );
    taken.push(name);
    return true;
  });
}

/** The providers of which a required variable is set. If another one is missing, that is a problem. */
async function foundByVariables(
  candidates: readonly ProviderDefinition[],
  { variables, findings }: Known,
): Promise<Resolved> {
  const providers: Resolved = [];
  for (const definition of candidates) {
    const { name } = definition;
    if (requiredVariables({ definition, variables }).set.length === 0) continue;
    const path = `providers.${name}`;
    providers.push(
      await resolveProvider({
        name,
        path,
        definition,
        options: NO_OPTIONS,
        said: 'nowhere',
        variables,
        findings,
      }),
    );
  }
  return providers;
}

/** The providers that the application names in `fromEnvironment`, each from its variables. */
async function fromNames(
  fromEnvironment: unknown,
  named: unknown,
  { definitions, variables, findings }: Known,
): Promise<Resolved> {
  if (fromEnvironment === undefined) return [];
  if (!Array.isArray(fromEnvironment)) {
    findings.problem(
      'fromEnvironment',
      `must be a list of provider names, and is ${kindOf(fromEnvironment)}`,
    );
    return [];
  }
  const providers: Resolved = [];
  const names = definitions.map((each) => each.name);
  for (const [index, name] of (fromEnvironment as unknown[]).entries()) {
    const at = `fromEnvironment[${index}]`;
    const definition = definitions.find((each) => each.name === name);
    if (typeof name !== 'string' || definition === undefined) {
      findings.problem(
        at,
        typeof name === 'string'
          ? `"${name}" is not a provider. ${suggestion(name, names)} List one of your own in definitions`
          : `must be the name of a provider, and is ${kindOf(name)}`,
      );
      continue;
    }
    if (fromEnvironment.indexOf(name) !== index) {
      findings.problem(at, `"${name}" is there twice`);
      continue;
    }
    if (isRecord(named) && named[name] !== undefined) {
      findings.problem(at, `"${name}" stands in providers too; take it out here`);
      continue;
    }
    providers.push(
      await resolveProvider({
        name,
        path: `providers.${name}`,
        definition,
        options: NO_OPTIONS,
        said: 'fromEnvironment',
        variables,
        findings,
      }),
    );
  }
  return providers;
}

/** The providers that the application gives options for. */
async function fromOptions(named: unknown, known: Known): Promise<Resolved> {
  const { findings, variables } = known;
  if (named === undefined) return [];
  if (!isRecord(named)) {
    findings.problem('providers', `must be a record of provider options by name, and is ${kindOf(named)}`);
    return [];
  }
  const providers: Resolved = [];
  const names = new Map<string, string>();
  for (const [name, options] of Object.entries(named)) {
    // An application may write `pesapal: condition ? { … } : undefined`.
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
    const own = ownRecord(options);
    if (own === undefined) {
      findings.problem(path, `must be the provider's options, and is ${kindOf(options)}`);
      continue;
    }
    const definition = definitionOf(name, path, own.provider, known);
    if (definition === undefined) continue;
    providers.push(
      await resolveProvider({ name, path, definition, options: own, said: 'providers', variables, findings }),
    );
  }
  return providers;
}

function definitionOf(
  name: string,
  path: string,
  provider: unknown,
  { definitions, findings }: Known,
): ProviderDefinition | undefined {
  const names = definitions.map((each) => each.name);
  if (provider === undefined) {
    const definition = definitions.find((each) => each.name === name);
    if (definition === undefined)
      findings.problem(
        path,
        `not a built-in provider. ${suggestion(name, names)} For one of your own, give its definition as "provider"`,
      );
    return definition;
  }
  if (typeof provider === 'string') {
    const definition = definitions.find((each) => each.name === provider);
    if (definition === undefined)
      findings.problem(
        `${path}.provider`,
        `not the name of a built-in provider. ${suggestion(provider, names)}`,
      );
    return definition;
  }
  if (isDefinition(provider)) return provider;
  findings.problem(
    `${path}.provider`,
    `must be what defineProvider() returns, or the name of a built-in provider. ${knownNames(names)}`,
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
    [value.headers, value.sign, value.tls].some((each) => typeof each === 'function')
  );
}

function checkModuleOptions(given: Record<string, unknown>, findings: Findings): void {
  for (const name of Object.keys(given)) {
    if (name === '0') findings.problem('options', 'must be an object, and is a list');
    else if (name === 'isGlobal' || name === 'providerNames' || name === 'definitions')
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

function checkProviderNames({ providerNames = [] }: ResolutionContext, findings: Findings): void {
  if (!Array.isArray(providerNames))
    return findings.problem('providerNames', `must be a list of names, and is ${kindOf(providerNames)}`);
  (providerNames as unknown[]).forEach((name, index) => {
    if (typeof name !== 'string' || !NAME.test(name))
      findings.problem(`providerNames[${index}]`, 'must be the name of a provider');
    else if (providerNames.indexOf(name) !== index)
      findings.problem(`providerNames[${index}]`, `"${name}" is there twice`);
  });
}
