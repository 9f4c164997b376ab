import http, { Agent } from 'node:http';

/** Options of an agent that decide to which server it connects. */
const DIVERTING = [
  'lookup',
  'host',
  'hostname',
  'port',
  'path',
  'socketPath',
  'createConnection',
  'proxyEnv',
];

/**
 * The part of an agent that decides to which server it connects; `undefined` for an ordinary agent, and without an
 * agent.
 */
export function divertingAgent(agent: unknown): string | undefined {
  if (typeof agent !== 'object' || agent === null) return undefined;
  if (Object.getPrototypeOf(agent) !== Agent.prototype) return 'an agent of another class';
  if (Object.hasOwn(agent, 'createConnection')) return 'an agent with a `createConnection` of its own';
  const { options } = agent as { options: object };
  const option = DIVERTING.find((name) => isSet(options, name));
  return option === undefined ? undefined : `an agent with the option \`${option}\``;
}

function isSet(options: object, name: string): boolean {
  const value: unknown = Object.hasOwn(options, name) ? Reflect.get(options, name) : undefined;
  return value !== undefined && value !== null;
}

let ordinary: Agent | undefined;

/**
 * The agent for a request over plain http without an agent of its own. `undefined` means Node's global agent. Other
 * code in the process may have replaced the global agent, for example with one for a proxy. That proxy could read the
 * secret.
 */
export function plainHttpAgent(): Agent | undefined {
  if (divertingAgent(http.globalAgent) === undefined) return undefined;
  return (ordinary ??= new Agent({ keepAlive: true }));
}
