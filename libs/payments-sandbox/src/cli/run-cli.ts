import { type AnyProviderName, behaviourOf } from '../providers/index.js';
import { type Sandbox, startSandbox } from '../sandbox.js';
import { type CliArguments, HELP, parseArguments, UsageError } from './arguments.js';
import { printSandbox } from './print-sandbox.js';

/** The parts of the process that the command uses. */
export interface CliProcess {
  readonly argv: readonly string[];
  out(text: string): void;
  error(text: string): void;
  /** Resolves when the process is asked to stop. */
  readonly stopped: Promise<void>;
}

/** Runs the command, and returns its exit code: 0 when it is stopped, 1 when it cannot start, 2 for a wrong command line. */
export async function runCli(cli: CliProcess): Promise<number> {
  let sandbox: Sandbox;
  try {
    const given = parseArguments(cli.argv);
    if (given.help) {
      cli.out(HELP);
      return 0;
    }
    sandbox = await start(given);
    cli.out(printSandbox(sandbox, given.format));
    // The output usually goes into a file here, so this line is the only one on the terminal.
    if (given.format === 'env')
      cli.error(`The sandbox runs. Its control API is at ${sandbox.controlUrl}. Ctrl+C ends it.\n`);
  } catch (error) {
    cli.error(`payments-sandbox: ${explain(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
  await cli.stopped;
  await sandbox.close();
  return 0;
}

async function start(given: CliArguments): Promise<Sandbox> {
  const { providers, port, tokenLifetimeMs, seed, settings } = given;
  const sandbox = await startSandbox({
    providers,
    settings: Object.fromEntries(providers.map((name) => [name, settings])),
    control: port === undefined ? true : { port },
    ...(port === undefined ? {} : { ports: portsAfter(port, providers) }),
    ...(tokenLifetimeMs === undefined ? {} : { tokenLifetimeMs }),
    ...(seed === undefined ? {} : { seed }),
  });
  for (const provider of sandbox.running) {
    for (const account of given.accounts) provider.addAccount(account);
    for (const fault of given.faults) provider.misbehave(fault);
  }
  return sandbox;
}

/**
 * Each of the six has always the same port, whichever others are started. Providers of the catalogue follow in the order
 * in which they are named, a port per host.
 */
function portsAfter(port: number, names: readonly AnyProviderName[]): Record<string, number> {
  const ports: Record<string, number> = {
    cashfin: port + 1,
    kashier: port + 2,
    'kashier.fep': port + 3,
    pesapal: port + 4,
    clickpesa: port + 5,
    wakapay: port + 6,
    cryptofuse: port + 7,
  };
  let next = port + 8;
  for (const name of names.filter((each) => ports[each] === undefined))
    for (const [index, host] of behaviourOf(name).hosts.entries())
      ports[index === 0 ? name : `${name}.${host}`] = next++;
  return ports;
}

function explain(error: unknown): string {
  if (error instanceof UsageError) return `${error.message} Try --help.`;
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return `port ${port} is in use. Choose another --port.`;
  if (code === 'EACCES') return `port ${port} is not allowed. Choose a --port above 1023.`;
  return error instanceof Error ? error.message : String(error);
}
