import { sayDuration, withRoundedTimes } from '../duration.js';
import { type CheckFinding, type CheckStep, hostOf, type ProviderCheck } from './provider-check.js';
import { table } from './table.js';

const HEADS = ['provider', 'configured', 'login', 'probe', 'token lives', 'clock', 'verdict'];

/** A short table, and after it the problems and what to do. */
export function reportText(checks: readonly ProviderCheck[]): string {
  // A provider that is neither configured nor named gets no row.
  const shown = checks.filter(({ configured, findings }) => configured !== 'no' || findings.length > 0);
  const absent = checks.filter((check) => !shown.includes(check)).map(({ provider }) => provider);
  const parts = [
    ...(shown.length === 0 ? [] : [table(HEADS, shown.map(rowOf))]),
    ...(absent.length === 0 ? [] : [`Not configured: ${absent.join(', ')}.\n`]),
    ...shown.flatMap(({ provider, findings }) => findings.map((each) => findingText(provider, each))),
    summary(shown),
  ];
  return parts.join('\n');
}

/**
 * One line about providers whose variables are set, but which were not asked: the variables may have another purpose.
 *
 * @param names none for no line
 */
export function notAskedFor(names: readonly string[]): string {
  if (names.length === 0) return '';
  const each = names.join(' ');
  return `\nNot checked, because these are checked only by name: ${names.join(', ')}. Their variables are set; if this library is to use them: npx --no nestjs-payments-auth check ${each}\n`;
}

export function reportJson(checks: readonly ProviderCheck[], ok: boolean): string {
  const providers = checks.map(({ transcripts: _left, ...check }) => check);
  return `${JSON.stringify({ ok, providers })}\n`;
}

/** The form of the answers, for an issue: status, header names and the structure of the body, without any value. */
export function reportTranscripts(checks: readonly ProviderCheck[]): string {
  const parts = checks.flatMap(({ provider, transcripts = [] }) =>
    transcripts.map(
      ({ method, path, status, headerNames, shape }) =>
        `${provider}: ${method} ${path} -> ${status}\nheaders: ${headerNames.join(', ')}\nbody:    ${JSON.stringify(shape, null, 2)}\n`,
    ),
  );
  return parts.length === 0
    ? 'No answer came, so there is nothing to report.\n'
    : `Paste this into an issue. It contains no value of an answer.\n\n${parts.join('\n')}`;
}

function rowOf(check: ProviderCheck): string[] {
  const { provider, configured, environment, login, probe, tokenLifetimeMs, clockDifferenceMs } = check;
  return [
    provider,
    configured === 'yes' ? `yes, ${environment ?? 'own base URL'} at ${hostOf(check)}` : configured,
    configured === 'yes' ? cell(login, 'no login') : '-',
    configured === 'yes' ? cell(probe, login?.passed === false ? '-' : 'none') : '-',
    tokenLifetimeMs === undefined ? '-' : sayDuration(tokenLifetimeMs),
    clockText(clockDifferenceMs),
    verdict(check),
  ];
}

function verdict(check: ProviderCheck): string {
  if (!check.ok) return 'FAILED';
  if (check.findings.length > 0) return 'ok, but see below';
  return isUntried(check) ? 'set, but untried' : 'ok';
}

/** Whether it is configured, but no request could show whether it is right. */
function isUntried({ login, probe }: ProviderCheck): boolean {
  return login === undefined && probe === undefined;
}

function cell(step: CheckStep | undefined, none: string): string {
  if (step === undefined) return none;
  return `${step.passed ? 'ok' : 'FAILED'}, ${sayDuration(step.latencyMs)}`;
}

function clockText(differenceMs: number | undefined): string {
  if (differenceMs === undefined) return '-';
  if (differenceMs === 0) return 'in step';
  return `${differenceMs > 0 ? '+' : '-'}${sayDuration(Math.abs(differenceMs))}`;
}

function findingText(provider: string, { severity, step, what, status, cause, fix }: CheckFinding): string {
  const said = status === undefined || what.startsWith(`HTTP ${status}`) ? what : `${what} (HTTP ${status})`;
  const head = severity === 'failure' ? `${provider}: ${step} FAILED` : `${provider}: ${step}, a warning`;
  return `${head}\n  said:  ${withRoundedTimes(said)}\n  cause: ${cause}\n  fix:   ${fix}\n`;
}

function summary(shown: readonly ProviderCheck[]): string {
  if (shown.length === 0)
    return 'Nothing is configured, so nothing was checked. Set the variables of a provider (npx --no nestjs-payments-auth env wakapay prints those of WakaPay, for example), put them into .env, or name a file with --env-file.\n';
  const failed = shown.filter(({ ok }) => !ok).map(({ provider }) => provider);
  const count = shown.length === 1 ? 'One provider' : `${shown.length} providers`;
  const warned = shown.filter((check) => check.ok && (check.findings.length > 0 || isUntried(check)));
  if (failed.length === 0 && warned.length === 0) return `${count} checked, all is well.\n`;
  const parts = [
    ...(failed.length === 0 ? [] : [`Failed: ${failed.join(', ')}.`]),
    ...(warned.length === 0 ? [] : [`${warningsOf(warned)}.`]),
  ];
  return `${count} checked. ${parts.join(' ')}\n`;
}

function warningsOf(warned: readonly ProviderCheck[]): string {
  const names = warned.map((check) =>
    isUntried(check) && check.findings.length === 0 ? `${check.provider} (set, but untried)` : check.provider,
  );
  return `${warned.length === 1 ? 'One warning' : `${warned.length} with warnings`}: ${names.join(', ')}`;
}
