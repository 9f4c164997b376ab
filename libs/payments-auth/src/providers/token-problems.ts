import { isJsonObject } from '../building-blocks/json-value.js';

const KINDS = ['login', 'client-credentials', 'refresh-token'];
const WAYS = ['client_secret_basic', 'client_secret_post'];

/** Everything that is wrong with a definition's token, each named by its field. */
export function tokenProblems(token: unknown, hosts: readonly string[]): string[] {
  if (token === undefined) return [];
  if (!isJsonObject(token) || !KINDS.includes(token['kind'] as string)) {
    return ['token: expected login({ … }) or clientCredentials({ … }), or nothing for a static key'];
  }
  const { host, documentedLifetimeMs, limits, authentication } = token;
  return [
    ...(host === undefined || hosts.includes(host as string) ? [] : ['token.host: there is no such host']),
    ...(isPositive(documentedLifetimeMs)
      ? []
      : ['token.documentedLifetimeMs: expected a number of milliseconds above 0']),
    ...(Array.isArray(limits) ? limits.flatMap(limitProblems) : ['token.limits: expected a list']),
    ...(authentication === undefined || isAuthentication(authentication)
      ? []
      : [
          "token.authentication: expected a list of 'client_secret_basic' and 'client_secret_post', the default first",
        ]),
    ...['request', 'read']
      .filter((field) => typeof token[field] !== 'function')
      .map((field) => `token.${field}: expected a function`),
  ];
}

function limitProblems(limit: unknown, index: number): string[] {
  return isJsonObject(limit) &&
    isPositive(limit['limit']) &&
    isPositive(limit['perMs']) &&
    ['ip', 'credential'].includes(limit['per'] as string)
    ? []
    : [`token.limits[${index}]: expected { limit, perMs, per: 'ip' | 'credential' }`];
}

function isAuthentication(ways: unknown): boolean {
  return Array.isArray(ways) && ways.length > 0 && ways.every((way) => WAYS.includes(way as string));
}

function isPositive(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
