import { fieldsOf } from '../options/credential-fields.js';
import { resolveOptions } from '../options/options.resolver.js';
import { requiredVariables } from '../options/own-credentials.js';
import type { Variables } from '../options/variables.js';
import { isPaymentsAuthError } from '../payments-auth.errors.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import type { ProbeDefinition, ProviderDefinition } from '../providers/provider-definition.js';
import { placeholdersIn } from '../strategies/placeholders.js';
import { type Credentials, strategyOf } from '../strategies/strategy.js';
import { adviceFor, type Symptom } from '../providers/advice.js';
import { sayDuration } from '../duration.js';
import type { CheckFinding, ProviderCheck, StepResult } from './provider-check.js';
import { type CheckSettings, logIn, lookAtClock, probe, signsTheTime } from './requests.js';
import type { Transcript } from './transcript.js';

/**
 * Some providers accept a signature for a minute. So a clock that is half a minute off is reported, before calls fail.
 */
const CLOCK_OFF_MS = 30_000;

export interface CheckContext extends CheckSettings {
  readonly variables: Variables;
  /** Variables of an .env file whose values a reader other than Node would cut at a `$`. */
  readonly expandable: readonly string[];
  /** Whether the providers were named. Then a provider that is not configured is a failure. */
  readonly isWanted: boolean;
}

/** A refresh token can perhaps be used only once, and the application needs that use. */
const NOT_SPENT: CheckFinding = {
  severity: 'warning',
  step: 'login',
  what: 'the refresh token was not used',
  cause: 'it may be usable only once, and then the application could not use it any more',
  fix: 'make a call with the application itself',
};

/** Reads the settings of one provider as `forRoot()` does, and finds out whether they are good. */
export async function checkProvider(
  definition: ProviderDefinition,
  context: CheckContext,
): Promise<ProviderCheck> {
  const { name, title } = definition;
  const settings = await readSettings(definition, context);
  if (settings.provider === undefined) {
    const { configured, findings } = settings;
    return { provider: name, title, ok: findings.length === 0, configured, findings };
  }
  const requests = await makeRequests(settings.provider, context);
  const findings = [...settings.findings, ...requests.findings];
  const { environment, hosts } = settings.provider;
  // A key that was accepted is right, even if it looks wrong. A key that could not be tried may be wrong.
  const isProven = requests.result.login?.passed === true || requests.result.probe?.passed === true;
  return {
    provider: name,
    title,
    ok:
      !findings.some(({ severity }) => severity === 'failure') &&
      (isProven || settings.findings.length === 0),
    configured: 'yes',
    ...(environment === undefined ? {} : { environment }),
    baseUrls: hosts,
    ...requests.result,
    findings,
    transcripts: requests.transcripts,
  };
}

async function readSettings(
  definition: ProviderDefinition,
  { variables, expandable, isWanted }: CheckContext,
): Promise<{
  provider?: ConfiguredProvider;
  configured: ProviderCheck['configured'];
  findings: CheckFinding[];
}> {
  const finding = (severity: CheckFinding['severity'], what: string) =>
    findingOf(definition, severity, 'settings', { on: 'settings', what });
  try {
    const { providers, warnings } = await resolveOptions({}, { builtIns: [definition], variables });
    const [provider] = providers;
    if (provider === undefined) {
      const { missing } = requiredVariables({ definition, variables });
      const absent = finding('failure', `not configured: ${missing.join(' and ')} not set`);
      return { configured: 'no', findings: isWanted ? [absent] : [] };
    }
    const cut = variableNames(definition).filter((variable) => expandable.includes(variable));
    const findings = [...warnings.map((warning) => finding('warning', warning)), ...cut.map(unquoted)];
    return { provider, configured: 'yes', findings };
  } catch (error) {
    if (!isPaymentsAuthError(error)) throw error;
    const problems = error.problems ?? [error.message];
    return { configured: 'wrong', findings: problems.map((problem) => finding('failure', problem)) };
  }
}

async function makeRequests(
  provider: ConfiguredProvider,
  context: CheckSettings,
): Promise<{
  result: Pick<ProviderCheck, 'login' | 'probe' | 'tokenLifetimeMs' | 'clockDifferenceMs'>;
  findings: CheckFinding[];
  transcripts: Transcript[];
}> {
  const { definition } = provider;
  const strategy = strategyOf(definition);
  const [credentials = {}] = (await provider.own?.resolve()) ?? [];
  const isSpared = strategy?.kind === 'refresh-token';
  const login =
    strategy === undefined || isSpared ? undefined : await logIn(provider, strategy, credentials, context);
  const token = strategy === undefined ? '' : login?.value?.token;
  const probed =
    definition.probe === undefined || token === undefined || !hasWhatItNeeds(definition.probe, credentials)
      ? undefined
      : await probe(provider, definition.probe, { credentials, token }, context);
  const isTimed = await signsTheTime(provider, credentials, context.clock);
  const looked =
    // An assertion for a refresh token contains the time too.
    (isTimed || isSpared) && login === undefined && probed === undefined
      ? await lookAtClock(provider, credentials, context)
      : undefined;
  const clockDifferenceMs = [login, probed, looked].find(
    (each) => each?.clockDifferenceMs !== undefined,
  )?.clockDifferenceMs;
  return {
    result: {
      ...(login === undefined ? {} : { login: login.step }),
      ...(probed === undefined ? {} : { probe: probed.step }),
      ...(login?.value === undefined ? {} : { tokenLifetimeMs: Math.round(login.value.lifetime.lifetimeMs) }),
      ...(clockDifferenceMs === undefined ? {} : { clockDifferenceMs }),
    },
    transcripts: [login?.transcript, probed?.transcript].filter((each) => each !== undefined),
    findings: [
      ...failures(definition, 'login', login),
      ...failures(definition, 'probe', probed),
      ...clockFindings(isTimed ? definition.title : undefined, clockDifferenceMs ?? 0),
      ...(isSpared ? [NOT_SPENT] : []),
    ],
  };
}

function failures(
  definition: ProviderDefinition,
  step: 'login' | 'probe',
  result: StepResult<unknown> | undefined,
): CheckFinding[] {
  return result?.symptom === undefined ? [] : [findingOf(definition, 'failure', step, result.symptom)];
}

function findingOf(
  definition: ProviderDefinition,
  severity: CheckFinding['severity'],
  step: CheckFinding['step'],
  symptom: Symptom,
): CheckFinding {
  const { what, status, isOwn } = symptom;
  return {
    severity,
    step,
    what,
    ...(status === undefined ? {} : { status }),
    ...(isOwn === true ? { isOwn } : {}),
    ...adviceFor(definition, symptom),
  };
}

function variableNames(definition: ProviderDefinition): string[] {
  return fieldsOf(definition)
    .map(([, { variable }]) => variable)
    .filter((variable) => variable !== undefined);
}

function unquoted(variable: string): CheckFinding {
  return {
    severity: 'warning',
    step: 'settings',
    what: `${variable}: has a "$" and is not in single quotes`,
    cause:
      'this command reads the whole value; a shell, or a reader that expands variables, cuts it at the "$"',
    fix: 'write the value in single quotes',
  };
}

/** @param signed the title of the provider, where its signatures contain the time */
function clockFindings(signed: string | undefined, differenceMs: number): CheckFinding[] {
  if (Math.abs(differenceMs) < CLOCK_OFF_MS) return [];
  const where = differenceMs > 0 ? 'ahead of' : 'behind';
  const cause = 'one of the two clocks is wrong, most likely the one of this machine';
  const ofSignatures = `; signatures contain the time, and ${signed} refuses a time that differs too much from its own`;
  return [
    {
      severity: 'failure',
      step: 'clock',
      what: `the provider's clock is ${sayDuration(Math.abs(differenceMs))} ${where} this machine's`,
      cause: signed === undefined ? cause : cause + ofSignatures,
      fix: 'let this machine set its clock by NTP',
    },
  ];
}

/** The path of some probes contains optional fields. */
function hasWhatItNeeds({ path, needs = [] }: ProbeDefinition, credentials: Credentials): boolean {
  return [...placeholdersIn(path), ...needs].every((name) => credentials[name] !== undefined);
}
