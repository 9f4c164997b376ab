import { isJsonObject } from '../strategies/json-value.js';
import { isLoopback } from '../strategies/loopback.js';
import { bodySignatureProblems, webhookProblems } from './signature-problems.js';
import { tokenProblems } from './token-problems.js';

/** Everything that is wrong with a provider definition, each named by its field; an empty list when nothing is. */
export function definitionProblems(definition: unknown): string[] {
  if (!isJsonObject(definition)) return ['a definition is an object'];
  const hosts = hostNames(definition['environments']);
  return [
    ...(matches(definition['name'], /^[a-z][a-z0-9-]*$/)
      ? []
      : ['name: expected lower case, as in "acme-pay"']),
    ...(matches(definition['title'], /\S/) ? [] : ['title: expected the name as the provider writes it']),
    ...(isUrl(definition['docs']) ? [] : ["docs: expected the URL of the provider's page on authentication"]),
    ...environmentProblems(definition['environments'], hosts),
    ...variableProblems(definition, hosts),
    ...credentialProblems(definition['credentials'], definition['environments']),
    ...tokenProblems(definition['token'], hosts),
    ...(typeof definition['headers'] === 'function'
      ? []
      : ['headers: expected a function from { credentials, token } to header values']),
    ...callHeaderProblems(definition['callHeaders'], hosts),
    ...refusalProblems(definition['refusal']),
    ...listProblems(
      'scopes',
      definition['scopes'],
      /^[\x21\x23-\x5b\x5d-\x7e]+$/,
      'scope names without spaces',
    ),
    ...listProblems('secretResponseFields', definition['secretResponseFields'], /\S/, 'field names'),
    ...probeProblems(definition['probe'], hosts),
    ...adviceProblems(definition['advice']),
    ...webhookProblems(definition['webhook'], definition['credentials']),
    ...bodySignatureProblems(definition['bodySignature'], definition['credentials']),
  ];
}

function environmentProblems(environments: unknown, hosts: readonly string[]): string[] {
  if (!isJsonObject(environments) || Object.keys(environments).length === 0) {
    return ['environments: expected a base URL for at least one, as in { live: "https://api.acme.test" }'];
  }
  return Object.entries(environments).flatMap(([environment, bases]) => {
    const path = `environments.${environment}`;
    if (!isJsonObject(bases)) return baseUrlProblems(path, bases);
    const names = Object.keys(bases);
    const same = names.length === hosts.length && names.every((name) => hosts.includes(name));
    return [
      ...(names.length > 0 && same ? [] : [`${path}: expected the same named hosts in every environment`]),
      ...names.flatMap((name) => baseUrlProblems(`${path}.${name}`, bases[name])),
    ];
  });
}

function baseUrlProblems(path: string, base: unknown): string[] {
  const url = isUrl(base) ? new URL(base) : undefined;
  if (url === undefined) return [`${path}: expected a URL`];
  return [
    ...(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
      ? []
      : [`${path}: expected https`]),
    ...(url.username || url.password || url.search || url.hash
      ? [`${path}: expected no user, query or fragment`]
      : []),
    ...(String(base).endsWith('/') ? [`${path}: expected no slash at the end`] : []),
  ];
}

function variableProblems(definition: Readonly<Record<string, unknown>>, hosts: readonly string[]): string[] {
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
      if (!matches(variable, /^[A-Z][A-Z0-9_]*$/)) return [`${path}: expected a name like ACME_API_KEY`];
      const first = given.findIndex(([, other]) => other === variable);
      return first === index ? [] : [`${path}: ${given[first]?.[0]} is read from the same variable`];
    }),
  ];
}

function credentialProblems(credentials: unknown, environments: unknown): string[] {
  const fields = isJsonObject(credentials) ? Object.entries(credentials) : [];
  const required = fields.some(([, spec]) => isJsonObject(spec) && spec['optional'] !== true);
  if (!required) return ['credentials: expected at least one that is not optional'];
  const known = isJsonObject(environments) ? Object.keys(environments) : [];
  return fields.flatMap(([field, spec]) => {
    const path = `credentials.${field}`;
    if (!isJsonObject(spec)) return [`${path}: expected an object, which may be empty`];
    const { belongsTo = {}, suspect } = spec;
    const patterns = isJsonObject(belongsTo) ? Object.entries(belongsTo) : [];
    return [
      ...(isJsonObject(belongsTo) ? [] : [`${path}.belongsTo: expected a pattern per environment`]),
      ...patterns.flatMap(([environment, pattern]) => [
        ...(known.includes(environment)
          ? []
          : [`${path}.belongsTo.${environment}: there is no such environment`]),
        ...patternProblems(`${path}.belongsTo.${environment}`, pattern),
      ]),
      ...(suspect === undefined || typeof suspect === 'function'
        ? []
        : [`${path}.suspect: expected a function`]),
    ];
  });
}

function callHeaderProblems(callHeaders: unknown, hosts: readonly string[]): string[] {
  if (callHeaders === undefined) return [];
  if (!Array.isArray(callHeaders)) return ['callHeaders: expected a list'];
  return callHeaders.flatMap((entry: unknown, index) => {
    const at = `callHeaders[${index}]`;
    if (!isJsonObject(entry) || typeof entry['headers'] !== 'function') {
      return [`${at}.headers: expected a function from { credentials, token } to header values`];
    }
    const { path, host } = entry;
    return [
      ...listProblems(`${at}.methods`, entry['methods'], /^[A-Z]+$/, 'methods in upper case'),
      ...(typeof path === 'string' || path === undefined
        ? pathProblems(`${at}.path`, path)
        : patternProblems(`${at}.path`, path)),
      ...hostProblems(`${at}.host`, host, hosts),
    ];
  });
}

function refusalProblems(refusal: unknown): string[] {
  const given = isJsonObject(refusal) ? refusal : {};
  return [
    ...(typeof given['refused'] === 'function'
      ? []
      : ['refusal.refused: expected a function of { status, headers, body }']),
    ...['incurable', 'scope']
      .filter((field) => given[field] !== undefined && typeof given[field] !== 'function')
      .map((field) => `refusal.${field}: expected a function of { status, headers, body }`),
  ];
}

function probeProblems(probe: unknown, hosts: readonly string[]): string[] {
  if (probe === undefined) return [];
  if (!isJsonObject(probe) || probe['path'] === undefined) return ['probe.path: expected a path'];
  return [...pathProblems('probe.path', probe['path']), ...hostProblems('probe.host', probe['host'], hosts)];
}

function adviceProblems(advice: unknown): string[] {
  if (advice === undefined) return [];
  if (!Array.isArray(advice)) return ['advice: expected a list'];
  return advice.flatMap((entry: unknown, index) => {
    const { on, says, cause, fix } = isJsonObject(entry) ? entry : {};
    const at = `advice[${index}]`;
    return [
      ...(['settings', 'login', 'call'].includes(on as string)
        ? []
        : [`${at}.on: expected "settings", "login" or "call"`]),
      ...(says === undefined || (typeof says === 'string' && says === says.toLowerCase())
        ? []
        : [`${at}.says: expected words in lower case`]),
      ...(matches(cause, /\S/) ? [] : [`${at}.cause: expected what is behind it`]),
      ...(matches(fix, /\S/) ? [] : [`${at}.fix: expected what helps`]),
    ];
  });
}

/** The names of a provider's hosts; none where each environment has a single base URL. */
function hostNames(environments: unknown): string[] {
  const first = isJsonObject(environments) ? Object.values(environments)[0] : undefined;
  return isJsonObject(first) ? Object.keys(first) : [];
}

/** A host must be one of the named ones. */
function hostProblems(path: string, host: unknown, hosts: readonly string[]): string[] {
  return host === undefined || hosts.includes(host as string) ? [] : [`${path}: there is no such host`];
}

/** A path is appended to a base URL as it is. */
function pathProblems(path: string, value: unknown): string[] {
  return value === undefined || matches(value, /^\/[^/]/)
    ? []
    : [`${path}: expected a path that begins with one "/"`];
}

/** A pattern with a memory would match every other time. */
function patternProblems(path: string, pattern: unknown): string[] {
  if (!(pattern instanceof RegExp)) return [`${path}: expected a regular expression`];
  return pattern.global || pattern.sticky ? [`${path}: expected no "g" and no "y" flag`] : [];
}

function listProblems(path: string, list: unknown, pattern: RegExp, expected: string): string[] {
  if (list === undefined) return [];
  return Array.isArray(list) && list.length > 0 && list.every((each) => matches(each, pattern))
    ? []
    : [`${path}: expected a list of ${expected}`];
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

function isUrl(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(value);
}
