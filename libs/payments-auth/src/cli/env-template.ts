import { fieldsOf } from '../options/credential-fields.js';
import type { ProviderDefinition } from '../providers/provider-definition.js';
import { kindOfProvider } from './provider-kind.js';

/**
 * The lines of an .env file for one provider. Every value is empty, and an empty variable counts as unset. So the
 * unchanged template configures nothing.
 */
export function envTemplate(definition: ProviderDefinition): string {
  const { title, docs, credentialsPage, environments, environmentVariable } = definition;
  const lines = [
    `# ${title}: ${kindOfProvider(definition)}. ${docs}`,
    ...(credentialsPage === undefined ? [] : [`# Keys: ${credentialsPage}`]),
    '#',
    '# Keep the single quotes: without them a shell reads a $ in a value as a variable and cuts the value there. If',
    '# the reader of this file still expands variables (expandVariables of @nestjs/config), write \\$.',
    '',
  ];
  for (const [, { variable, optional }] of fieldsOf(definition))
    if (variable !== undefined) lines.push(...(optional === true ? ['# optional'] : []), `${variable}=''`);
  if (environmentVariable !== undefined)
    lines.push(
      '',
      `# ${Object.keys(environments).join(' or ')}; there is no default, because a wrong one costs money`,
      `${environmentVariable}=''`,
    );
  lines.push('', ...baseUrlLines(definition));
  if (definition.scopesVariable !== undefined)
    lines.push(
      '',
      `# optional: other scopes than ${(definition.scopes ?? []).join(' ')}, separated by spaces`,
      `#${definition.scopesVariable}=''`,
    );
  return `${lines.join('\n')}\n`;
}

function baseUrlLines({ baseUrlVariable, environmentVariable }: ProviderDefinition): string[] {
  if (baseUrlVariable === undefined) return [];
  const variables = typeof baseUrlVariable === 'string' ? [baseUrlVariable] : Object.values(baseUrlVariable);
  const why = environmentVariable === undefined ? 'another base URL' : 'instead of an environment';
  return [`# optional: ${why}, such as that of a sandbox`, ...variables.map((variable) => `#${variable}=''`)];
}
