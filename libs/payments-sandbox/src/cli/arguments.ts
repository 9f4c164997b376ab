import { parseArgs } from 'node:util';
import { isProviderName, PROVIDER_NAMES, type ProviderName } from '../providers/index.js';
import { parseDuration } from './duration.js';

/** What the command line asks for. */
export interface CliArguments {
  readonly help: boolean;
  readonly format: 'text' | 'json' | 'env';
  readonly providers: readonly ProviderName[];
  /** The control API's port; the providers take the ones after it. */
  readonly port?: number;
  readonly tokenLifetimeMs?: number;
  readonly seed?: string;
  readonly rateLimits: boolean;
}

/** The command line makes no sense; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Kashier has two hosts, and the control API takes the first port. */
const PORTS_NEEDED = 8;

export const HELP = `Usage: payments-sandbox [options]

Starts the authentication of six payment providers on loopback ports, with invented credentials, and runs until it is
stopped (Ctrl-C).

  --provider NAME        only this one; may be repeated (${PROVIDER_NAMES.join(', ')})
  --port PORT            the control API's port; the providers take the ports after it (default: free ports)
  --token-lifetime TIME  how long tokens live: 500ms, 5s, 2m, 1h (default: what each provider documents)
  --rate-limits          enforces the providers' rate limits
  --seed TEXT            invents the same credentials again
  --env                  prints the environment variables only, as an .env file
  --json                 prints one JSON object
  --help                 prints this
`;

/** @throws {UsageError} */
export function parseArguments(argv: readonly string[]): CliArguments {
  const values = readOptions(argv);
  const { help = false, json = false, env = false, seed, provider = [] } = values;
  if (json && env) throw new UsageError('--json and --env exclude each other.');
  const unknown = provider.find((name) => !isProviderName(name));
  if (unknown !== undefined)
    throw new UsageError(`--provider knows no "${unknown}". It is one of ${PROVIDER_NAMES.join(', ')}.`);
  if (seed === '') throw new UsageError('--seed must not be empty.');
  return {
    help,
    format: json ? 'json' : env ? 'env' : 'text',
    providers: provider.length === 0 ? PROVIDER_NAMES : provider.filter(isProviderName),
    rateLimits: values['rate-limits'] ?? false,
    ...(values.port === undefined ? {} : { port: portOf(values.port) }),
    ...(values['token-lifetime'] === undefined
      ? {}
      : { tokenLifetimeMs: lifetimeOf(values['token-lifetime']) }),
    ...(seed === undefined ? {} : { seed }),
  };
}

function readOptions(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: 'boolean', short: 'h' },
        json: { type: 'boolean' },
        env: { type: 'boolean' },
        port: { type: 'string' },
        'token-lifetime': { type: 'string' },
        'rate-limits': { type: 'boolean' },
        seed: { type: 'string' },
        provider: { type: 'string', multiple: true },
      },
    }).values;
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split('\n');
    throw new UsageError(sentence.endsWith('.') ? sentence : `${sentence}.`, { cause: error });
  }
}

function portOf(text: string): number {
  const port = Number(text);
  const highest = 65_535 - PORTS_NEEDED + 1;
  if (!/^\d+$/.test(text) || port < 1 || port > highest)
    throw new UsageError(`--port must be a number from 1 to ${highest}, and is "${text}".`);
  return port;
}

function lifetimeOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined)
    throw new UsageError(`--token-lifetime must be a time such as 500ms, 5s, 2m or 1h, and is "${text}".`);
  return ms;
}
