import { parseArgs } from 'node:util';

export const HELP = `Usage: npm start -- [options]

Runs payment providers' authentication on this machine, against a sandbox: no account, no network.

  --providers N,N
               the providers to run, instead of the first six: any built-in providers
  --once       end after the run: exit code 0 when every call succeeded
  --seconds N  the length of the run (default 12)
  --port N     the port on which the demo serves after the run (default 3000; 0: any free port)
  --live       no sandbox: log in once to each REAL provider whose variables are set, make one harmless
               reading call where there is one, and end
  --help       this text`;

export interface DemoArguments {
  readonly help: boolean;
  readonly once: boolean;
  readonly live: boolean;
  /** The providers that the user names. Absent for the first six. */
  readonly providers?: readonly string[];
  readonly seconds: number;
  readonly port: number;
}

/** @throws Error that says what is wrong with the arguments, and what is expected */
export function readArguments(argv: readonly string[]): DemoArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      once: { type: 'boolean', default: false },
      live: { type: 'boolean', default: false },
      providers: { type: 'string' },
      seconds: { type: 'string', default: '12' },
      port: { type: 'string', default: process.env['PORT'] ?? '3000' },
    },
  });
  return {
    help: values.help,
    once: values.once,
    live: values.live,
    ...(values.providers === undefined ? {} : { providers: namesIn(values.providers) }),
    seconds: numberIn(values.seconds, '--seconds', 1, 3_600),
    port: numberIn(values.port, '--port', 0, 65_535),
  };
}

function namesIn(text: string): string[] {
  const names = [...new Set(text.split(',').map((name) => name.trim()))].filter((name) => name !== '');
  if (names.length > 0) return names;
  throw new Error('--providers must name at least one provider: --providers daraja,paystack');
}

function numberIn(text: string, name: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`${name} must be a whole number from ${least} to ${most}, and is "${text}".`);
}
