import { requiredVariablesOf } from '../providers/not-configured.js';
import type { Credentials } from '../strategies/strategy.js';
import { credentialValue, pickCredentials } from '../providers/credential-value.js';
import { fieldsOf, fieldWarnings } from './credential-fields.js';
import { type FoundSource, credentialsSource, fixedSource } from './credentials-source.js';
import type { ProviderScope } from './provider-scope.js';

/**
 * The provider's own account. `undefined` when there is none, which is allowed beside `accounts`. Where there are
 * `accounts`, the variables are not read, so that a forgotten account can never charge the wrong merchant.
 */
export async function ownCredentials(
  scope: ProviderScope,
  environment: string | undefined,
): Promise<FoundSource | undefined> {
  const { credentials, accounts } = scope.options;
  if (credentials !== undefined)
    return credentialsSource(credentials, `${scope.path}.credentials`, scope, environment);
  if (accounts !== undefined) return undefined;
  const read = credentialsFromVariables(scope, environment);
  return read === undefined ? undefined : fixedSource(read);
}

/** How many of the required credentials are in the environment. */
export function requiredVariables({
  definition,
  variables,
}: Pick<ProviderScope, 'definition' | 'variables'>): {
  set: string[];
  missing: string[];
} {
  const required = requiredVariablesOf(definition);
  return {
    set: required.filter((variable) => variables(variable) !== undefined),
    missing: required.filter((variable) => variables(variable) === undefined),
  };
}

function credentialsFromVariables(
  scope: ProviderScope,
  environment: string | undefined,
): Credentials | undefined {
  const { definition, findings, path, variables } = scope;
  const { set } = requiredVariables(scope);
  const read: Record<string, unknown> = {};
  const problemsBefore = findings.problems.length;
  for (const [field, { variable }] of fieldsOf(definition)) {
    const value = variable === undefined ? undefined : variables(variable);
    read[field] = value;
    const { problem: what } = credentialValue(definition, field, value);
    if (what === undefined) continue;
    if (value !== undefined) findings.problem(variable as string, what);
    else if (scope.said === 'providers' || variable === undefined)
      findings.problem(
        `${path}.credentials.${field}`,
        `missing; give it${variable === undefined ? ' there, because it has no variable' : `, or set ${variable}`}`,
      );
    else if (scope.said === 'fromEnvironment')
      findings.problem(variable, `missing, and fromEnvironment names "${scope.name}"; set it`);
    else
      findings.problem(
        variable,
        `missing, while ${set.join(' and ')} is set; set it too, or none of ${definition.title}'s`,
      );
  }
  if (findings.problems.length > problemsBefore) return undefined;
  const credentials = pickCredentials(definition, read);
  const variableOf = new Map(fieldsOf(definition).map(([field, { variable }]) => [field, variable]));
  for (const { field, what } of fieldWarnings(definition, credentials, environment))
    findings.warning(variableOf.get(field as string) ?? `${path}.credentials.${field}`, what);
  return credentials;
}
