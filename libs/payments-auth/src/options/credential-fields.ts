import type { CredentialField, ProviderDefinition } from '../providers/provider-definition.js';
import type { Credentials } from '../strategies/strategy.js';
import { suggestion } from '../nearest.js';
import { told } from '../scrubbing.js';
import { called } from '../strategies/definition-fault.js';
import { credentialValue } from '../providers/credential-value.js';
import { kindOf } from '../strategies/header-text.js';
import { isRecord, ownRecord } from './record.js';

export interface FieldProblem {
  /** Absent when the problem is about all fields. */
  readonly field?: string;
  readonly what: string;
}

/** The fields of a provider's static credentials, by name. */
export function fieldsOf(definition: ProviderDefinition): [string, CredentialField][] {
  return Object.entries(definition.credentials as Record<string, CredentialField>);
}

/** Names everything because of which a value cannot be one account's static credentials. */
export function fieldProblems(definition: ProviderDefinition, credentials: unknown): FieldProblem[] {
  const fields = fieldsOf(definition);
  const given = ownRecord(credentials);
  if (given === undefined) {
    const names = fields.map(([name, { optional }]) => (optional === true ? `${name}?` : name));
    return [{ what: `must be { ${names.join(', ')} }, and is ${kindOf(credentials)}` }];
  }
  const problems: FieldProblem[] = [];
  for (const [name] of fields) {
    const { problem } = credentialValue(definition, name, given[name]);
    if (problem !== undefined) problems.push({ field: name, what: problem });
  }
  return problems;
}

/** Names the fields that the provider does not have. Such a field is most likely a misspelling of one that it has. */
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

/** Names what looks wrong about well-formed values: a value that is cut off, or that belongs to another environment. */
export function fieldWarnings(
  definition: ProviderDefinition,
  credentials: Credentials,
  environment: string | undefined,
): FieldProblem[] {
  const warnings: FieldProblem[] = [];
  for (const [name, field] of fieldsOf(definition)) {
    const value = credentials[name];
    // Of a list, only the newest value is checked.
    const newest = typeof value === 'string' ? value : value?.[0];
    if (newest === undefined) continue;
    const suspicion = suspicionOf(field, newest);
    if (suspicion !== undefined) warnings.push({ field: name, what: suspicion });
    else if (UNFILLED.test(newest))
      warnings.push({ field: name, what: 'looks like a placeholder that nobody has filled; give the value' });
    const other = fieldThatItLooksLike(definition, name, newest);
    if (other !== undefined)
      warnings.push({ field: name, what: `looks like the ${other}; check whether the two are swapped` });
    for (const [owner, pattern] of Object.entries(field.belongsTo ?? {})) {
      if (environment !== undefined && owner !== environment && pattern.test(newest))
        warnings.push({
          field: name,
          what: `looks like a key of the "${owner}" environment, but "${environment}" is configured`,
        });
    }
  }
  return warnings;
}

/** As in a `.env` file whose reader expands nothing, and in the examples of documents: `${KEY}`, `{{ key }}`, `<your key>`. */
const UNFILLED = /^(?:\$\{[^{}]*\}|\{\{[^{}]*\}\}|<[^<>]*>)$/;

/**
 * A warning must not stop a boot, so an error of `suspect` is only a warning. The error may repeat the value, which is
 * hidden.
 */
function suspicionOf(field: CredentialField, value: string): string | undefined {
  try {
    const said: unknown = called('suspect', () => field.suspect?.(value));
    // `isOdd(value) && 'looks odd'` returns `false` for a value that is not odd.
    return typeof said === 'string' && said !== '' ? said : undefined;
  } catch (error) {
    return `${told((error as Error).message, [value])}; correct suspect of this field in the definition`;
  }
}

/** The other field whose key the value looks like, where it does not look like a key of its own field. */
function fieldThatItLooksLike(
  definition: ProviderDefinition,
  name: string,
  value: string,
): string | undefined {
  const isOf = ({ belongsTo = {} }: CredentialField) =>
    Object.values(belongsTo).some((pattern) => pattern.test(value));
  const owners = fieldsOf(definition).filter(([, field]) => isOf(field));
  return owners.some(([owner]) => owner === name) ? undefined : owners[0]?.[0];
}
