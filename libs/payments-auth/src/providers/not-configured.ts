import { nearest } from '../nearest.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import { BUILT_IN_PROVIDERS, FOUND_BY_VARIABLES } from './index.js';
import type { CredentialField, ProviderDefinition } from './provider-definition.js';

/**
 * Returns the text to write so that a provider is configured, in places other than the module of an application: in its
 * tests.
 */
export type HowToAdd = (name: string) => string;

/**
 * Says what to do about a provider that is used without being configured. Every place that finds this uses the same
 * words.
 */
export function notConfigured(
  name: string,
  configured: Iterable<string>,
  howToAdd: HowToAdd = byOptionOrVariables,
): PaymentsAuthError {
  const names = [...configured];
  const others = names.length === 0 ? 'No provider is configured.' : `Configured: ${names.join(', ')}.`;
  const builtIn = BUILT_IN_PROVIDERS.map((each): string => each.name);
  const meant = builtIn.includes(name) ? undefined : nearest(name, [...names, ...builtIn]);
  const remedy = meant === undefined ? howToAdd(name) : `Did you mean "${meant}"?`;
  return new PaymentsAuthError(
    'PROVIDER_NOT_CONFIGURED',
    `Provider "${name}" is not configured. ${remedy} ${others}`,
    { provider: name },
  );
}

function byOptionOrVariables(name: string): string {
  const known: readonly ProviderDefinition[] = BUILT_IN_PROVIDERS;
  const definition = known.find((each) => each.name === name);
  const variables = definition === undefined ? [] : requiredVariablesOf(definition);
  const isFound = FOUND_BY_VARIABLES.some((each) => each.name === name);
  const how = isFound ? 'give no providers' : 'name it in fromEnvironment';
  const inVariables = variables.length === 0 ? '' : `, or set ${variables.join(' and ')} and ${how}`;
  return `Add it to PaymentsAuthModule.forRoot({ providers })${inVariables}.`;
}

/** The variables that a provider's required credentials are read from. */
export function requiredVariablesOf(definition: ProviderDefinition): string[] {
  return Object.values<CredentialField>(definition.credentials)
    .filter(({ optional }) => optional !== true)
    .map(({ variable }) => variable)
    .filter((variable) => variable !== undefined);
}
