import { fieldsOf } from '../options/credential-fields.js';
import { BUILT_IN_PROVIDERS } from '../providers/index.js';
import type { ProviderDefinition } from '../providers/provider-definition.js';
import { kindOfProvider } from './provider-kind.js';
import { table } from './table.js';

interface ListedVariable {
  readonly name: string;
  readonly required: boolean;
}

/** The list of the supported providers, and their variables. */
export function listProviders(json: boolean, own: readonly ProviderDefinition[] = []): string {
  const builtIn = BUILT_IN_PROVIDERS as readonly ProviderDefinition[];
  const providers = [...builtIn, ...own].map((definition) => ({
    name: definition.name,
    title: definition.title,
    region: definition.region ?? (own.includes(definition) ? 'yours' : 'Africa'),
    kind: kindOfProvider(definition),
    environments: Object.keys(definition.environments),
    variables: variablesOf(definition),
    docs: definition.docs,
  }));
  if (json) return `${JSON.stringify(providers)}\n`;
  const byRegion = providers.toSorted((one, other) => one.region.localeCompare(other.region));
  const rows = byRegion.flatMap(({ name, region, kind, environments, variables }) =>
    variables.map((variable, index) => [
      ...(index === 0 ? [region, name, kind, environments.join(', ')] : ['', '', '', '']),
      variable.required ? variable.name : `${variable.name}  (optional)`,
    ]),
  );
  return table(['region', 'provider', 'kind', 'environments', 'variables'], rows);
}

function variablesOf(definition: ProviderDefinition): ListedVariable[] {
  const { baseUrlVariable, environmentVariable, scopesVariable } = definition;
  const baseUrls =
    typeof baseUrlVariable === 'string' ? [baseUrlVariable] : Object.values(baseUrlVariable ?? {});
  return [
    ...fieldsOf(definition).flatMap(([, { variable, optional }]) =>
      variable === undefined ? [] : [{ name: variable, required: optional !== true }],
    ),
    // The environment is required unless a base URL is set. A base URL is for special cases, so the list says that the
    // environment is required.
    ...(environmentVariable === undefined ? [] : [{ name: environmentVariable, required: true }]),
    ...[...baseUrls, ...(scopesVariable === undefined ? [] : [scopesVariable])].map((name) => ({
      name,
      required: false,
    })),
  ];
}
