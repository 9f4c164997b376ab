import { requiredVariables } from '../options/own-credentials.js';
import type { Variables } from '../options/variables.js';
import { systemClock } from '../payments-auth.clock.js';
import { BUILT_IN_PROVIDERS, FOUND_BY_VARIABLES } from '../providers/index.js';
import type { ProviderDefinition } from '../providers/provider-definition.js';
import { type Command, definitionsFile, HELP, parseArguments } from './arguments.js';
import { checkProvider } from './check.js';
import { readEnvFile, readEnvironment } from './env-file.js';
import { envTemplate } from './env-template.js';
import {
  askApplication,
  explanationOfCheck,
  explanationText,
  type Findings,
  isWell,
  notShownText,
  StatusPageError,
  storeText,
  webhookText,
} from './explain.js';
import { listProviders } from './list-providers.js';
import { loadDefinitions } from './own-definitions.js';
import { notAskedFor, reportJson, reportText, reportTranscripts } from './report.js';
import { UsageError } from './usage.error.js';

/** The parts of the process that the command uses. */
export interface CliProcess {
  readonly argv: readonly string[];
  readonly version: string;
  out(text: string): void;
  error(text: string): void;
}

/** Runs the command. @returns its exit code: 0 when all is well, 1 when something is not, 2 for a wrong command line */
export async function runCli(cli: CliProcess): Promise<number> {
  try {
    const file = definitionsFile(cli.argv);
    const own = file === undefined ? [] : await loadDefinitions(file);
    return await run(parseArguments(cli.argv, own), own, cli);
  } catch (error) {
    if (error instanceof StatusPageError) {
      cli.error(`nestjs-payments-auth: ${error.message}\n`);
      return 1;
    }
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
    case 'explain':
      return explain(command, own, cli);
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
  if (named.length === 0 && !json && !report) cli.out(notAskedFor(unnamed(definitions, variables)));
  return ok ? 0 : 1;
}

/** Providers whose variables are set, but which are only checked when they are named. */
function unnamed(checked: readonly ProviderDefinition[], variables: Variables): string[] {
  const names = new Set(checked.map(({ name }) => name));
  return (BUILT_IN_PROVIDERS as readonly ProviderDefinition[])
    .filter((definition) => !names.has(definition.name))
    .filter((definition) => {
      const { set, missing } = requiredVariables({ definition, variables });
      return set.length > 0 && missing.length === 0;
    })
    .map(({ name }) => name);
}

async function explain(
  command: Extract<Command, { command: 'explain' }>,
  own: readonly ProviderDefinition[],
  cli: CliProcess,
): Promise<number> {
  const { named, json, url } = command;
  const findings: Findings =
    url === undefined
      ? { explained: await explainByCheck(command, own), unused: 0, leftOut: 0 }
      : await askApplication(named, { url, header: command.header, timeoutMs: command.timeoutMs });
  const { explained, unused, leftOut, storeLost, webhookTroubles } = findings;
  const nowMs = systemClock.now();
  // An application without a used credential is well. Without an application, no provider is configured.
  const isAllWell =
    (url !== undefined || explained.length > 0) &&
    explained.every(isWell) &&
    storeLost === undefined &&
    webhookTroubles === undefined;
  if (json) {
    const besides = { ...(storeLost && { storeLost }), ...(webhookTroubles && { webhookTroubles }) };
    cli.out(`${JSON.stringify({ ok: isAllWell, explanations: explained, unused, leftOut, ...besides })}\n`);
  } else {
    if (storeLost !== undefined) cli.out(`${storeText(storeLost, nowMs)}\n`);
    for (const trouble of webhookTroubles ?? []) cli.out(`${webhookText(trouble)}\n`);
    cli.out(explained.map((each) => explanationText(each, nowMs)).join('\n'));
    if (url === undefined && explained.length === 0) cli.out(NOTHING_CONFIGURED);
    if (url !== undefined) cli.out(notShownText(findings));
  }
  return isAllWell ? 0 : 1;
}

const NOTHING_CONFIGURED =
  'Nothing to explain: no provider is configured here. Name a provider, or ask a running application with --url.\n';

async function explainByCheck(
  { named, timeoutMs, envFile }: Extract<Command, { command: 'explain' }>,
  own: readonly ProviderDefinition[],
) {
  const { variables, expandable } = envFile === undefined ? readEnvironment() : readEnvFile(envFile);
  const known = [...(BUILT_IN_PROVIDERS as readonly ProviderDefinition[]), ...own];
  const wanted = known.filter(({ name }) => named.some(({ provider }) => provider === name));
  const definitions = named.length === 0 ? [...FOUND_BY_VARIABLES, ...own] : wanted;
  const context = { variables, expandable, isWanted: named.length > 0, clock: systemClock, timeoutMs };
  const checks = await Promise.all(definitions.map((definition) => checkProvider(definition, context)));
  return checks
    .filter(({ configured, findings }) => configured !== 'no' || findings.length > 0)
    .map((each) => explanationOfCheck(each, systemClock.now()));
}
