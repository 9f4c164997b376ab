import { systemClock } from '../payments-auth.clock.js';
import { FOUND_BY_VARIABLES } from '../providers/index.js';
import type { ProviderDefinition } from '../providers/provider-definition.js';
import { type Command, definitionsFile, HELP, parseArguments } from './arguments.js';
import { checkProvider } from './check.js';
import { readEnvFile, readEnvironment } from './env-file.js';
import { envTemplate } from './env-template.js';
import { listProviders } from './list-providers.js';
import { loadDefinitions } from './own-definitions.js';
import { reportJson, reportText, reportTranscripts } from './report.js';
import { UsageError } from './usage.error.js';

/** What the command needs of the process it runs in. */
export interface CliProcess {
  readonly argv: readonly string[];
  readonly version: string;
  out(text: string): void;
  error(text: string): void;
}

/** Runs the command. @returns its exit code: 0 when all is well, 1 when a check failed, 2 for a wrong command line */
export async function runCli(cli: CliProcess): Promise<number> {
  try {
    const file = definitionsFile(cli.argv);
    const own = file === undefined ? [] : await loadDefinitions(file);
    return await run(parseArguments(cli.argv, own), own, cli);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    cli.error(`nestjs-payments-auth: ${error.message} Try --help.\n`);
    return 2;
  }
}

async function run(command: Command, own: readonly ProviderDefinition[], cli: CliProcess): Promise<number> {
  switch (command.command) {
    case 'help':
      cli.out(HELP);
      return 0;
    case 'version':
      cli.out(`${cli.version}\n`);
      return 0;
    case 'providers':
      cli.out(listProviders(command.json, own));
      return 0;
    case 'env':
      cli.out(envTemplate(command.provider));
      return 0;
    default:
      return check(command, own, cli);
  }
}

async function check(
  { named, json, report, timeoutMs, envFile }: Extract<Command, { command: 'check' }>,
  own: readonly ProviderDefinition[],
  cli: CliProcess,
): Promise<number> {
  const { variables, expandable, usesFile } =
    envFile === undefined ? readEnvironment() : { ...readEnvFile(envFile), usesFile: false };
  const definitions = named.length === 0 ? [...FOUND_BY_VARIABLES, ...own] : named;
  const context = { variables, expandable, isWanted: named.length > 0, clock: systemClock, timeoutMs };
  const checks = await Promise.all(definitions.map((definition) => checkProvider(definition, context)));
  const ok = checks.every((each) => each.ok) && checks.some(({ configured }) => configured === 'yes');
  if (usesFile && !json) cli.out('Variables come from the environment, then from .env in this folder.\n\n');
  if (report) cli.out(reportTranscripts(checks));
  else cli.out(json ? reportJson(checks, ok) : reportText(checks));
  return ok ? 0 : 1;
}
