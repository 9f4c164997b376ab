import { isJsonObject } from '../building-blocks/json-value.js';
import { isLoopback } from '../strategies/loopback.js';
import { foreignPlaceholder, placeholdersIn } from '../strategies/placeholders.js';
import { isSharedDomain } from './shared-domains.js';
import { isUrl, type Fields, type Problems } from './definition-checks.js';

/** The problems with the base URLs of a definition. */
export function environmentProblems(
  environments: unknown,
  hosts: readonly string[],
  credentials: unknown,
): Problems {
  if (!isJsonObject(environments) || Object.keys(environments).length === 0)
    return ['environments: expected a base URL for at least one, as in { live: "https://api.acme.test" }'];
  return Object.entries(environments).flatMap(([environment, bases]) => {
    const path = `environments.${environment}`;
    if (!isJsonObject(bases)) {
      return [
        ...(hosts.length === 0 ? [] : [`${path}: expected the same named hosts in every environment`]),
        ...baseUrlProblems(path, bases, credentials),
      ];
    }
    const names = Object.keys(bases);
    const same = names.length === hosts.length && names.every((name) => hosts.includes(name));
    return [
      ...(names.length > 0 && same ? [] : [`${path}: expected the same named hosts in every environment`]),
      ...names.flatMap((name) => baseUrlProblems(`${path}.${name}`, bases[name], credentials)),
    ];
  });
}

/** The problems with the placeholders of a URL or a path. */
export function placeholderProblems(path: string, text: unknown, credentials: unknown): Problems {
  if (typeof text !== 'string') return [];
  const foreign = foreignPlaceholder(text);
  if (foreign !== undefined)
    return [
      `${path}: "${foreign}" is not a placeholder, and would be sent unchanged; write {fieldName}, with a field of credentials that has inUrl`,
    ];
  if (/[{}]/.test(text.replace(/\{[^{}]+\}/g, '')))
    return [`${path}: has a brace that is not part of a placeholder; write {fieldName}`];
  const fields = isJsonObject(credentials) ? credentials : {};
  return placeholdersIn(text).flatMap((name) => {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) return [`${path}: {${name}} is not one of the credentials`];
    return isJsonObject(field) && field['inUrl'] !== undefined
      ? []
      : [
          `${path}: {${name}} may stand in a URL only with credentials.${name}.inUrl, the expression that its value matches`,
        ];
  });
}

function baseUrlProblems(path: string, base: unknown, credentials: unknown): Problems {
  const placeholders = placeholderProblems(path, base, credentials);
  if (placeholders.length > 0) return placeholders;
  const filled = typeof base === 'string' ? base.replace(/\{[^{}]+\}/g, 'x') : base;
  const url = isUrl(filled) ? new URL(filled) : undefined;
  if (url === undefined) return [`${path}: expected a URL`];
  return [
    ...(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
      ? []
      : [`${path}: expected https`]),
    ...(url.username || url.password || /[?#]/.test(String(base))
      ? [`${path}: expected no user, query or fragment`]
      : []),
    ...(/[\\\s]/.test(String(base))
      ? [`${path}: has a backslash or a space in it, which changes what the URL means; remove it`]
      : []),
    ...(isPlainBase(String(base), url)
      ? []
      : [`${path}: has a path with "..", "//" or the like; write the path without them`]),
    ...(String(base).endsWith('/') ? [`${path}: expected no slash at the end`] : []),
    ...hostPlaceholderProblems(path, String(base)),
  ];
}

/** Whether a URL parser leaves the path as it is written. */
function isPlainBase(base: string, { pathname }: URL): boolean {
  if (/[?#\\\s]/.test(base)) return true;
  const [, path = ''] = /^[a-z]+:\/\/[^/]*(.*)$/i.exec(base.replace(/\{[^{}]+\}/g, 'x')) ?? [];
  return !path.includes('//') && pathname.replace(/\/$/, '') === path.replace(/\/$/, '');
}

/** Otherwise the value of a field would decide which server gets the credential. */
function hostPlaceholderProblems(path: string, base: string): Problems {
  const [, host = ''] = /^[a-z]+:\/\/([^/]*)/i.exec(base) ?? [];
  if (!host.includes('{')) return [];
  const [, fixed = ''] = /\}[^.{}:]*(?:\.([^{}]*))?$/.exec(host) ?? [];
  const domain = fixed.replace(/:\d+$/, '');
  if (/\}[^.]*:/.test(host) || !domain.includes('.'))
    return [
      `${path}: a placeholder may stand for one label of the host name, left of the provider's own domain`,
    ];
  return isSharedDomain(domain)
    ? [
        `${path}: anybody can register a name below "${domain}", so the value of a credential would decide whose server gets the credential. Write the placeholder left of a domain that the provider owns, as in https://{shop}.acme.${domain}`,
      ]
    : [];
}

/** The problems with the variables that configure a definition. */
export function variableProblems(definition: Fields, hosts: readonly string[]): Problems {
  const base = definition['baseUrlVariable'];
  const credentials = isJsonObject(definition['credentials'])
    ? Object.entries(definition['credentials'])
    : [];
  const named: readonly (readonly [string, unknown])[] = [
    ...credentials.map(
      ([field, spec]) =>
        [`credentials.${field}.variable`, isJsonObject(spec) ? spec['variable'] : undefined] as const,
    ),
    ['environmentVariable', definition['environmentVariable']],
    ['scopesVariable', definition['scopesVariable']],
    ...(isJsonObject(base)
      ? Object.entries(base).map(([host, variable]) => [`baseUrlVariable.${host}`, variable] as const)
      : [['baseUrlVariable', base] as const]),
  ];
  const given = named.filter(([, variable]) => variable !== undefined);
  const unknownHosts = isJsonObject(base) ? Object.keys(base).filter((host) => !hosts.includes(host)) : [];
  return [
    ...unknownHosts.map((host) => `baseUrlVariable.${host}: there is no such host`),
    ...given.flatMap(([path, variable], index) => {
      if (typeof variable !== 'string' || !/^[A-Z][A-Z0-9_]*$/.test(variable))
        return [`${path}: expected a name like ACME_API_KEY`];
      const first = given.findIndex(([, other]) => other === variable);
      return first === index ? [] : [`${path}: ${given[first]?.[0]} is read from the same variable`];
    }),
  ];
}
