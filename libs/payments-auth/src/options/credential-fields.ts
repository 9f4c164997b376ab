import type { CredentialField, ProviderDefinition } from '../providers/provider-definition.js';
import type { Credentials } from '../strategies/strategy.js';
import { suggestion } from '../nearest.js';
import { headerTextProblem, kindOf } from '../strategies/header-text.js';
import { isRecord } from './record.js';

export interface FieldProblem {
  /** Absent when it is about all of them. */
  readonly field?: string;
  readonly what: string;
}

/** The fields of a provider's static credentials, by name. */
export function fieldsOf(definition: ProviderDefinition): [string, CredentialField][] {
  return Object.entries(definition.credentials as Record<string, CredentialField>);
}

/** Everything that keeps `given` from being one account's static credentials. */
export function fieldProblems(definition: ProviderDefinition, given: unknown): FieldProblem[] {
  const fields = fieldsOf(definition);
  if (!isRecord(given)) {
    const names = fields.map(([name, { optional }]) => (optional === true ? `${name}?` : name));
    return [{ what: `must be { ${names.join(', ')} }, and is ${kindOf(given)}` }];
  }
  const problems: FieldProblem[] = [];
  for (const [name, { optional }] of fields) {
    const value = given[name];
    if (optional === true && (value === undefined || value === null || value === '')) continue;
    const what = headerTextProblem(value);
    if (what !== undefined) problems.push({ field: name, what });
  }
  return problems;
}

/** Fields that the provider does not have: most likely a misspelling of one that it has. */
export function strangerFields(definition: ProviderDefinition, given: unknown): FieldProblem[] {
  if (!isRecord(given)) return [];
  const known = fieldsOf(definition).map(([name]) => name);
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      field: name,
      what: `not a credential of ${definition.title}. ${suggestion(name, known)}`,
    }));
}

/** What looks wrong about values that are well formed: cut off, or of another environment. */
export function fieldWarnings(
  definition: ProviderDefinition,
  credentials: Credentials,
  environment: string | undefined,
): FieldProblem[] {
  const warnings: FieldProblem[] = [];
  for (const [name, field] of fieldsOf(definition)) {
    const value = credentials[name];
    if (value === undefined) continue;
    const suspicion = field.suspect?.(value);
    if (suspicion !== undefined) warnings.push({ field: name, what: suspicion });
    for (const [owner, pattern] of Object.entries(field.belongsTo ?? {})) {
      if (environment !== undefined && owner !== environment && pattern.test(value))
        warnings.push({
          field: name,
          what: `looks like a key of the "${owner}" environment, but "${environment}" is configured`,
        });
    }
  }
  return warnings;
}

/** A copy with the provider's own fields and nothing else: a row of a database may bring more along. */
export function pickFields(definition: ProviderDefinition, given: Record<string, unknown>): Credentials {
  const picked: Record<string, string | undefined> = {};
  for (const [name] of fieldsOf(definition)) {
    const value = given[name];
    if (typeof value === 'string' && value !== '') picked[name] = value;
  }
  return Object.freeze(picked);
}
