import { parseArgs } from 'node:util';
import { suggestion } from '../nearest.js';
import { BUILT_IN_PROVIDERS, FOUND_BY_VARIABLES } from '../providers/index.js';
import type { ProviderDefinition } from '../providers/provider-definition.js';
import { parseDuration } from '../duration.js';
import { UsageError } from './usage.error.js';

/** A parsed command line. */
export type Command =
  | { readonly command: 'help' | 'version' }
  | {
      readonly command: 'check';
      /** Those that were named; none for every one. */
      readonly named: readonly ProviderDefinition[];
      readonly json: boolean;
      /** Whether to print the form of the answers instead of their meaning. */
      readonly report: boolean;
      readonly timeoutMs: number;
      readonly envFile?: string;
    }
  | {
      readonly command: 'explain';
      /** Those that were named; none for every one. */
      readonly named: readonly { readonly provider: string; readonly account: string | undefined }[];
      readonly json: boolean;
      readonly timeoutMs: number;
      /** The status page of a running application. Absent where this process asks the providers itself. */
      readonly url?: URL;
      readonly header?: readonly [name: string, value: string];
      readonly envFile?: string;
    }
  | { readonly command: 'providers'; readonly json: boolean }
  | { readonly command: 'env'; readonly provider: ProviderDefinition };

const FOUND = FOUND_BY_VARIABLES.map(({ name }) => name);
const COMMANDS = ['check', 'explain', 'providers', 'env'];
/** The time that the library itself gives a token request. */
const TIMEOUT_MS = 10_000;
const LONGEST_TIMEOUT_MS = 10 * 60_000;

export const HELP = `Usage: nestjs-payments-auth <command> [options]

  check [PROVIDER…]   reads the environment and .env as an application with ConfigModule does, logs in to each
                      configured provider (one login each), makes one call that moves nothing, and says what is
                      wrong and what helps
      --env-file FILE   reads the variables from FILE, and from nowhere else
      --timeout TIME    how long to wait for each answer: 5 (seconds), 500ms, 1m (default: 10)
      --json            prints one JSON object
      --report          prints the form of the answers, without any value, to be pasted into an issue
  explain [PROVIDER[/ACCOUNT]…]
                      why a credential is as it is: its state, the last success, the last failure, the pause, the
                      cause, and what to do, one line each; with --url, also a lost store and webhooks that cannot
                      be verified
      --url URL         asks a running application at its status page (or: PAYMENTS_AUTH_STATUS_URL); without it,
                      explain logs in as check does, and knows nothing of the past
      --header NAME:VALUE
                      a header for the guards of that page; better in PAYMENTS_AUTH_STATUS_HEADER, because
                      other users of this machine can see a command line
      --env-file FILE, --timeout TIME, --json
                      as above
  providers           lists the providers by region, and their variables
      --json            prints one JSON array
  env PROVIDER        prints a commented .env template

  --definitions FILE  a module that exports definitions of your own: they are checked and listed like the built-in ones

  --help              prints this
  --version           prints the version

Without a PROVIDER, check takes those that an application finds by their variables: ${FOUND.join(', ')}.
Every other provider has to be named, there as here: "providers" lists them.
Exit codes: 0 all is well, 1 something is not, 2 the command line cannot be understood. No secret is ever printed.
`;

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
  json: { type: 'boolean' },
  report: { type: 'boolean' },
  'env-file': { type: 'string' },
  timeout: { type: 'string' },
  url: { type: 'string' },
  header: { type: 'string' },
  definitions: { type: 'string' },
} as const;

/** The options of each command. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  check: ['json', 'report', 'env-file', 'timeout', 'definitions'],
  explain: ['json', 'env-file', 'timeout', 'definitions', 'url', 'header'],
  providers: ['json', 'definitions'],
  env: ['definitions'],
};

/** The module that holds the application's own definitions, where one is named. @throws {UsageError} */
export function definitionsFile(argv: readonly string[]): string | undefined {
  return read(argv).values.definitions;
}

/**
 * @param own the application's own definitions, which may be named too
 * @throws {UsageError}
 */
export function parseArguments(argv: readonly string[], own: readonly ProviderDefinition[] = []): Command {
  const known = [...(BUILT_IN_PROVIDERS as readonly ProviderDefinition[]), ...own];
  const { values, positionals } = read(argv);
  if (values.help === true) return { command: 'help' };
  if (values.version === true) return { command: 'version' };
  const [command, ...names] = positionals;
  if (command === undefined) throw new UsageError('which command?');
  if (!COMMANDS.includes(command))
    throw new UsageError(`"${command}" is not a command. ${suggestion(command, COMMANDS)}`);
  const stranger = Object.keys(values).find((option) => !TAKES[command]?.includes(option));
  if (stranger !== undefined) throw new UsageError(`${command} takes no --${stranger}.`);
  if (command === 'check')
    return {
      command: 'check',
      named: [...new Set(names)].map((name) => definitionOf(name, known)),
      json: values.json ?? false,
      report: values.report ?? false,
      timeoutMs: timeoutOf(values.timeout),
      ...(values['env-file'] === undefined ? {} : { envFile: values['env-file'] }),
    };
  if (command === 'explain') {
    const url = urlOf(values.url ?? process.env['PAYMENTS_AUTH_STATUS_URL']);
    const header = headerOf(values.header ?? process.env['PAYMENTS_AUTH_STATUS_HEADER']);
    const named = [...new Set(names)].map(ownerOf);
    if (url === undefined) {
      for (const { provider, account } of named) {
        definitionOf(provider, known);
        if (account !== undefined)
          throw new UsageError(
            `explain ${provider}/${account} needs --url: only the application knows its accounts.`,
          );
      }
    }
    return {
      command: 'explain',
      named,
      json: values.json ?? false,
      timeoutMs: timeoutOf(values.timeout),
      ...(url === undefined ? {} : { url }),
      ...(header === undefined ? {} : { header }),
      ...(values['env-file'] === undefined ? {} : { envFile: values['env-file'] }),
    };
  }
  if (command === 'env') {
    const [name, another] = names;
    if (name === undefined || another !== undefined)
      throw new UsageError(`env takes one provider: ${namesOf(known)}.`);
    return { command: 'env', provider: definitionOf(name, known) };
  }
  if (names.length > 0) throw new UsageError('providers takes no further words.');
  return { command: 'providers', json: values.json ?? false };
}

function read(argv: readonly string[]) {
  try {
    return parseArgs({ args: joined(argv), options: OPTIONS, allowPositionals: true });
  } catch (error) {
    const [, option] = /^Unknown option '(--?[^']+)'/.exec((error as Error).message) ?? [];
    if (option !== undefined)
      throw new UsageError(`Unknown option '${option}'. ${insteadOf(option)}`, { cause: error });
    const [sentence = ''] = (error as Error).message.split('\n');
    throw new UsageError(sentence.endsWith('.') ? sentence : `${sentence}.`, { cause: error });
  }
}

/** The advice for an option that does not exist. */
function insteadOf(option: string): string {
  if (/^--(provider|name)s?$/.test(option))
    return 'Providers are named without an option, as in "check paystack daraja".';
  return suggestion(
    option,
    Object.keys(OPTIONS).map((name) => `--${name}`),
  );
}

/** Joins an option and its value: in `--timeout -1`, the second word is a wrong time, and not another option. */
function joined(argv: readonly string[]): string[] {
  return argv.flatMap((word, at) => {
    if (argv[at - 1] === '--timeout' && /^-\d/.test(word)) return [];
    const next = argv[at + 1] ?? '';
    return word === '--timeout' && /^-\d/.test(next) ? [`--timeout=${next}`] : [word];
  });
}

function definitionOf(name: string, known: readonly ProviderDefinition[]): ProviderDefinition {
  const definition = known.find((each) => each.name === name);
  if (name.includes(','))
    throw new UsageError(
      `"${name}" is more than one name. Separate names by spaces: ${name.replaceAll(/,+/g, ' ').trim()}.`,
    );
  if (definition === undefined)
    throw new UsageError(
      `"${name}" is not a built-in provider. ${suggestion(
        name,
        known.map((each) => each.name),
      )}`,
    );
  return definition;
}

function ownerOf(text: string): { provider: string; account: string | undefined } {
  const slash = text.indexOf('/');
  return slash < 0
    ? { provider: text, account: undefined }
    : { provider: text.slice(0, slash), account: text.slice(slash + 1) };
}

function urlOf(text: string | undefined): URL | undefined {
  if (text === undefined || text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError(
      '--url must be the address of a status page, such as https://shop.example/payments-auth.',
    );
  if (url.username !== '' || url.password !== '')
    throw new UsageError('--url takes no user name: give --header "Authorization: Basic …".');
  return url;
}

function headerOf(text: string | undefined): readonly [string, string] | undefined {
  if (text === undefined || text === '') return undefined;
  const [, name, value] =
    /^([!#$%&'*+.^_`|~\w-]+): *([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)$/.exec(text.trim()) ?? [];
  // The header may be a secret, so the message does not repeat it.
  if (name === undefined || value === undefined)
    throw new UsageError('--header must be a name, a colon and a value, such as "Authorization: Bearer …".');
  return [name, value];
}

function namesOf(definitions: readonly ProviderDefinition[]): string {
  return definitions.map(({ name }) => name).join(', ');
}

function timeoutOf(text: string | undefined): number {
  const ms = text === undefined ? TIMEOUT_MS : parseDuration(text);
  if (ms === undefined || ms > LONGEST_TIMEOUT_MS)
    throw new UsageError(
      `--timeout must be a time up to 10m, such as 5 (seconds), 500ms or 1m, and is "${text}".`,
    );
  return ms;
}
