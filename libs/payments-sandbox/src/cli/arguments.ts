import { parseArgs } from 'node:util';
import { InvalidInputError } from '../core/checks.js';
import { checkSettings, type ProviderSettings } from '../core/provider-settings.js';
import { checkMisbehaviour } from '../faults/check-misbehaviour.js';
import type { Misbehaviour } from '../faults/fault.js';
import {
  type AnyProviderName,
  behaviourOf,
  CATALOGUE_NAMES,
  isProviderName,
  PROVIDER_NAMES,
} from '../providers/index.js';
import { similarProvider } from '../providers/unknown-provider.js';
import { parseDuration } from './duration.js';

/** The options of the command line. */
export interface CliArguments {
  readonly help: boolean;
  readonly format: 'text' | 'json' | 'env';
  readonly providers: readonly AnyProviderName[];
  /** The control API's port; the providers take the ones after it. */
  readonly port?: number;
  readonly tokenLifetimeMs?: number;
  readonly seed?: string;
  readonly settings: Partial<ProviderSettings>;
  readonly faults: readonly Misbehaviour[];
  /** Merchants besides the own one. */
  readonly accounts: readonly string[];
}

/** A mistake in the command line. The message says what was expected. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The control API takes the first port, and the six providers the seven ports after it. Providers of the catalogue follow. */
function portsNeeded(names: readonly AnyProviderName[]): number {
  const others = names.filter((name) => !PROVIDER_NAMES.some((one) => one === name));
  return 8 + others.flatMap((name) => behaviourOf(name).hosts).length;
}

/** Names, in lines that fit into the help. */
function wrapped(names: readonly string[]): string {
  const indent = ' '.repeat(27);
  const lines = [indent];
  for (const name of names) {
    if ((lines.at(-1) ?? '').length + name.length > 110) lines.push(indent);
    lines[lines.length - 1] += `${name} `;
  }
  return lines.map((line) => line.trimEnd()).join('\n');
}

export const HELP = `Usage: payments-sandbox [options]

Starts the authentication of payment providers on loopback ports, with invented credentials, and runs until it is
stopped (Ctrl-C).

  --providers A,B        the providers to start (default: ${PROVIDER_NAMES.join(', ')});
                         also --providers all, or any of:
${wrapped(CATALOGUE_NAMES)}
  --port PORT            the control API's port; the providers take the ports after it (default: free ports)
  --token-lifetime TIME  how long tokens live: 500ms, 5s, 2m, 1h (default: what each provider documents)
  --rate-limits          enforces the providers' rate limits
  --set NAME=VALUE       a setting, for every provider: tokensRefusedForMs=300; may be repeated
  --fault JSON           a fault, for every provider: '{"fault":"slow","delayMs":500}'; may be repeated
  --account ID           another merchant, at every provider; may be repeated
  --seed TEXT            invents the same credentials again
  --env                  prints the environment variables only, as an .env file
  --json                 prints one JSON object
  --help                 prints this
`;

/** @throws {UsageError} */
export function parseArguments(argv: readonly string[]): CliArguments {
  const values = readOptions(argv);
  const { help = false, json = false, env = false, seed, account = [], fault = [] } = values;
  if (json && env) throw new UsageError('--json and --env exclude each other.');
  if (seed === '') throw new UsageError('--seed must not be empty.');
  const providers = providersOf([...(values.providers ?? []), ...(values.provider ?? [])]);
  return {
    help,
    format: json ? 'json' : env ? 'env' : 'text',
    providers,
    settings: { rateLimits: values['rate-limits'] ?? false, ...settingsOf(values.set ?? []) },
    faults: fault.map((text) => checked('--fault', () => checkMisbehaviour(valueOf(text)))),
    accounts: account,
    ...(values.port === undefined ? {} : { port: portOf(values.port, portsNeeded(providers)) }),
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
        providers: { type: 'string', multiple: true },
        provider: { type: 'string', multiple: true },
        set: { type: 'string', multiple: true },
        fault: { type: 'string', multiple: true },
        account: { type: 'string', multiple: true },
      },
    }).values;
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split('\n');
    throw new UsageError(sentence.endsWith('.') ? sentence : `${sentence}.`, { cause: error });
  }
}

function providersOf(lists: readonly string[]): readonly AnyProviderName[] {
  if (lists.length === 0) return PROVIDER_NAMES;
  const names = lists
    .flatMap((list) => list.split(',').map((name) => name.trim()))
    .filter((name) => name !== '')
    .flatMap((name) => (name === 'all' ? [...PROVIDER_NAMES, ...CATALOGUE_NAMES] : [name]));
  if (names.length === 0)
    throw new UsageError('--providers must name at least one provider: --providers daraja,paystack.');
  const unknown = names.find((name) => !isProviderName(name));
  if (unknown !== undefined)
    throw new UsageError(`--providers: there is no provider "${unknown}".${similarProvider(unknown)}`);
  return [...new Set(names.filter(isProviderName))];
}

function settingsOf(pairs: readonly string[]): Partial<ProviderSettings> {
  const entries = pairs.map((pair) => {
    const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(pair) ?? [];
    if (name === '') throw new UsageError(`--set takes NAME=VALUE, and got "${pair}".`);
    return [name, valueOf(value)] as const;
  });
  return checked('--set', () => checkSettings(Object.fromEntries(entries)));
}

/** JSON, and otherwise the text itself. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function checked<T>(option: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof InvalidInputError)
      throw new UsageError(`${option}: ${error.message}.`, { cause: error });
    throw error;
  }
}

function portOf(text: string, needed: number): number {
  const port = Number(text);
  const highest = 65_535 - needed + 1;
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
