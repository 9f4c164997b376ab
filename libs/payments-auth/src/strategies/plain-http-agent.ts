import http, { Agent } from 'node:http';

/** Options of an agent that decide where its connections end. */
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

/** What about an agent decides where its connections end; `undefined` for an ordinary one, and where there is none. */
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
 * The agent for a request over plain http that brings none: `undefined` stands for the one that Node has for all requests. Code
 * of the process may have put another agent in that one's place, for a proxy perhaps. The proxy would read the secret.
 */
export function plainHttpAgent(): Agent | undefined {
  if (divertingAgent(http.globalAgent) === undefined) return undefined;
  return (ordinary ??= new Agent({ keepAlive: true }));
}
