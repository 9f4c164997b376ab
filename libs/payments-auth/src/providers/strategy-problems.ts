import { isJsonObject } from '../strategies/json-value.js';

const KINDS = ['static-key', 'token-login', 'client-credentials'];

/** Everything that is wrong with a definition's strategy, each named by its field. */
export function strategyProblems(strategy: unknown, hosts: readonly string[]): string[] {
  if (!isJsonObject(strategy) || !KINDS.includes(strategy['kind'] as string)) {
    return ['strategy: expected staticKey(), tokenLogin({ … }) or clientCredentials({ … })'];
  }
  if (strategy['kind'] === 'static-key') return [];
  const { host, documentedLifetimeMs, limits, clientAuthentication } = strategy;
  return [
    ...(host === undefined || hosts.includes(host as string) ? [] : ['strategy.host: there is no such host']),
    ...(isPositive(documentedLifetimeMs)
      ? []
      : ['strategy.documentedLifetimeMs: expected a number of milliseconds above 0']),
    ...(Array.isArray(limits) ? limits.flatMap(limitProblems) : ['strategy.limits: expected a list']),
    ...(clientAuthentication === undefined || isClientAuthentication(clientAuthentication)
      ? []
      : ["strategy.clientAuthentication: expected a list of 'basic' and 'body', the default first"]),
    ...['request', 'read']
      .filter((field) => typeof strategy[field] !== 'function')
      .map((field) => `strategy.${field}: expected a function`),
  ];
}

function limitProblems(limit: unknown, index: number): string[] {
  return isJsonObject(limit) &&
    isPositive(limit['limit']) &&
    isPositive(limit['perMs']) &&
    ['ip', 'credential'].includes(limit['scope'] as string)
    ? []
    : [`strategy.limits[${index}]: expected { limit, perMs, scope: 'ip' | 'credential' }`];
}

function isClientAuthentication(ways: unknown): boolean {
  return Array.isArray(ways) && ways.length > 0 && ways.every((way) => way === 'basic' || way === 'body');
}

function isPositive(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
