import type { CredentialExplanation } from '../credentials/credential.service.js';
import { told } from '../scrubbing.js';
import { sayDuration, withRoundedTimes } from '../duration.js';
import { hostOf, type ProviderCheck } from './provider-check.js';

/** An explanation, and the provider and account that it is about. */
export interface Explained {
  readonly provider: string;
  readonly account?: string;
  readonly explanation: CredentialExplanation;
}

/** The address of the status page of a running application. */
export interface StatusPageAddress {
  readonly url: URL;
  /** The header for the guards of the page. It is usually a secret. */
  readonly header: readonly [name: string, value: string] | undefined;
  readonly timeoutMs: number;
}

/** Since when the store that a fleet shares does not answer to the application. */
export interface StoreLost {
  readonly sinceMs: number;
  readonly reason: string;
}

/** The text about a lost store: one line, as for a credential. */
export function storeText({ sinceMs, reason }: StoreLost, nowMs: number): string {
  const forMs = sayDuration(Math.max(0, nowMs - sinceMs));
  return `The shared store has not answered for ${forMs} (${told(reason)}): each process logs in for itself.\n`;
}

/** Why webhooks of a provider could not be verified, or why their keys could not be fetched again, a moment ago. */
export interface WebhookTrouble {
  readonly provider: string;
  readonly kind: 'unavailable' | 'outdated';
  readonly reason: string;
}

/** The text about the webhooks of a provider: one line, as for the store. */
export function webhookText({ provider, kind, reason }: WebhookTrouble): string {
  return kind === 'unavailable'
    ? `Webhooks of ${told(provider)} cannot be verified, and are answered 503: ${told(reason)}.\n`
    : `The keys for webhooks of ${told(provider)} cannot be fetched again, and the earlier ones are used: ${told(reason)}.\n`;
}

/** What was found out about the named credentials, or about all of them. */
export interface Findings {
  readonly explained: readonly Explained[];
  /** How many credentials that no call has used the answer leaves out. */
  readonly unused: number;
  /** How many more credentials there are than the answer tells of. */
  readonly leftOut: number;
  readonly storeLost?: StoreLost;
  readonly webhookTroubles?: readonly WebhookTrouble[];
}

/** The status page could not be read. The message says why. */
export class StatusPageError extends Error {
  override readonly name = 'StatusPageError';
}

const WELL: readonly string[] = ['fresh', 'due', 'idle', 'acquiring'];

/** Whether the credential is well, so that no person has to act. */
export function isWell({ explanation: { state, cause } }: Explained): boolean {
  return WELL.includes(state) && cause === undefined;
}

/**
 * @param named the wanted credentials. An empty list means every credential that the application shows, the worst first
 *   @throws {StatusPageError}
 */
export async function askApplication(
  named: readonly { readonly provider: string; readonly account: string | undefined }[],
  address: StatusPageAddress,
): Promise<Findings> {
  if (named.length === 0) {
    const { rows, leftOut, ...answer } = (await ask('status.json', {}, address)) as TroublesBeside & {
      rows: readonly { status: Explained; explanation?: CredentialExplanation }[];
      leftOut: number;
    };
    const explained = rows.flatMap(({ status: { provider, account }, explanation }) =>
      explanation === undefined ? [] : [withAccount(provider, account, explanation)],
    );
    return { explained, unused: rows.length - explained.length, leftOut, ...besideOf([answer]) };
  }
  const answers = await Promise.all(
    named.map(async ({ provider, account }) => {
      const query: Record<string, string> = { provider, ...(account !== undefined && { account }) };
      const answer = (await ask('explain.json', query, address)) as Explained & TroublesBeside;
      return { ...answer, explained: withAccount(provider, account, answer.explanation) };
    }),
  );
  return {
    explained: answers.map(({ explained }) => explained),
    unused: 0,
    leftOut: 0,
    ...besideOf(answers),
  };
}

type TroublesBeside = Pick<Findings, 'storeLost' | 'webhookTroubles'>;

/** The troubles that no credential has, once each: several accounts of one provider may have been asked about. */
function besideOf(answers: readonly TroublesBeside[]): TroublesBeside {
  const storeLost = answers.find((answer) => answer.storeLost !== undefined)?.storeLost;
  const ofProviders = new Map(
    answers.flatMap(({ webhookTroubles = [] }) => webhookTroubles.map((each) => [each.provider, each])),
  );
  return {
    ...(storeLost && { storeLost }),
    ...(ofProviders.size > 0 && { webhookTroubles: [...ofProviders.values()] }),
  };
}

function withAccount(
  provider: string,
  account: string | undefined,
  explanation: CredentialExplanation,
): Explained {
  return { provider, ...(account === undefined ? {} : { account }), explanation };
}

async function ask(
  file: string,
  query: Readonly<Record<string, string>>,
  { url, header, timeoutMs }: StatusPageAddress,
): Promise<unknown> {
  const place = new URL(url);
  place.pathname = `${place.pathname.replace(/(?:\/(?:status|explain)\.json)?\/*$/, '')}/${file}`;
  place.search = new URLSearchParams(query).toString();
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(place, {
      headers: { Accept: 'application/json', ...(header && { [header[0]]: header[1] }) },
      // A redirect would send the secret header to another address.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    text = await answer.text();
  } catch (error) {
    throw new StatusPageError(`${place.host} does not answer: ${told(wordsOf(error), [header?.[1]])}`);
  }
  const { status } = answer;
  if (status === 401 || status === 403)
    throw new StatusPageError(
      `the guards of the status page refuse the request (HTTP ${status}). Give what they ask for with --header, or in PAYMENTS_AUTH_STATUS_HEADER.`,
    );
  if (status >= 300 && status < 400)
    throw new StatusPageError(`${place.host} redirects (HTTP ${status}). Give the address that it leads to.`);
  const said = parsed(text);
  const message = said?.['message'];
  // A 404 that names the path comes from the router of an application that has no status page there.
  if (status === 404 && typeof message === 'string' && !message.includes(place.pathname))
    throw new StatusPageError(told(message, [header?.[1]]));
  if (status !== 200 || said === undefined || !('rows' in said || 'explanation' in said))
    throw new StatusPageError(
      `there is no status page at ${place.origin}${place.pathname} (HTTP ${status}). Give the address of PaymentsAuthStatusPageModule.`,
    );
  return said;
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : error.message;
}

/** The explanation of one provider, from a check that was made just now. */
export function explanationOfCheck(check: ProviderCheck, nowMs: number): Explained {
  const { provider, environment, login, probe, findings } = check;
  const finding =
    findings.find(({ severity }) => severity === 'failure') ?? (check.ok ? undefined : findings[0]);
  const host = hostOf(check);
  const isTried = login?.passed === true || probe?.passed === true;
  const on = finding?.step === 'login' ? 'login' : finding?.step === 'probe' ? 'call' : 'load';
  return {
    provider,
    explanation: {
      state:
        finding === undefined
          ? isTried
            ? 'fresh'
            : 'idle'
          : finding.isOwn === true
            ? 'rejected'
            : 'unavailable',
      sinceMs: nowMs,
      ...(environment === undefined ? {} : { environment }),
      host,
      ...(isTried ? { lastSuccessAtMs: nowMs } : {}),
      ...(finding === undefined
        ? {}
        : {
            lastFailure: {
              on,
              atMs: nowMs,
              ...(on === 'load' ? {} : { host }),
              ...(finding.status === undefined ? {} : { status: finding.status }),
              reason: finding.what,
            },
            cause: finding.cause,
            fix: finding.fix,
          }),
    },
  };
}

/** One line each: the state and since when, the last success, the last failure, the pause, the cause, what to do. */
export function explanationText({ provider, account, explanation }: Explained, nowMs: number): string {
  const { environment, host, lastSuccessAtMs, lastFailure, pausedUntilMs } = explanation;
  const { certificateEndsAtMs, cause, fix } = explanation;
  const place = [environment, host].filter((each) => each !== undefined && each !== '').join(', ');
  const lines: [string, string | undefined][] = [
    ['state', `${stateText(explanation, nowMs)}${place === '' ? '' : ` (${place})`}`],
    ['last success', lastSuccessAtMs === undefined ? 'none known' : at(lastSuccessAtMs, nowMs)],
    ['last failure', lastFailure === undefined ? 'none known' : failureText(lastFailure, nowMs)],
    [
      'paused until',
      pausedUntilMs !== undefined && pausedUntilMs > nowMs ? at(pausedUntilMs, nowMs) : undefined,
    ],
    ['certificate', certificateEndsAtMs === undefined ? undefined : `ends ${at(certificateEndsAtMs, nowMs)}`],
    ['cause', cause],
    ['what to do', fix],
  ];
  const name = account === undefined ? provider : `${provider}/${account}`;
  const texts = lines.flatMap(([label, words]) =>
    words === undefined ? [] : [`  ${`${label}:`.padEnd(14)}${told(withRoundedTimes(words))}\n`],
  );
  return `${told(name)}\n${texts.join('')}`;
}

/** `rejected for 4 min, since 2026-01-02 03:04:05 UTC`. */
function stateText(explanation: CredentialExplanation, nowMs: number): string {
  const { state, sinceMs } = explanation;
  const forMs = nowMs - sinceMs;
  const span = forMs < 1_000 ? '' : ` for ${sayDuration(forMs)}`;
  return `${state}${span}, since ${stampOf(sinceMs)}${isUntried(explanation) ? '; no call has tried it yet' : ''}`;
}

/**
 * Whether no call has tried it yet. A key is fresh from the start, and only a call shows whether it is right. For a
 * token, the login was already a success.
 */
function isUntried({ state, lastSuccessAtMs, lastFailure }: CredentialExplanation): boolean {
  return (
    (state === 'fresh' || state === 'idle') && lastSuccessAtMs === undefined && lastFailure === undefined
  );
}

function failureText(
  { on, atMs, host, status, reason }: NonNullable<CredentialExplanation['lastFailure']>,
  nowMs: number,
): string {
  const where = host === undefined ? '' : ` at ${host}`;
  const said = status === undefined || reason.includes(`HTTP ${status}`) ? '' : ` (HTTP ${status})`;
  return `on ${on}, ${at(atMs, nowMs)}${where}: ${reason}${said}`;
}

/** `2026-01-02 03:04:05 UTC, 4 min ago`. */
function at(atMs: number, nowMs: number): string {
  const stamp = stampOf(atMs);
  const differenceMs = nowMs - atMs;
  if (Math.abs(differenceMs) < 1_000) return `${stamp}, now`;
  const span = sayDuration(Math.abs(differenceMs));
  return `${stamp}, ${differenceMs > 0 ? `${span} ago` : `in ${span}`}`;
}

function stampOf(atMs: number): string {
  return `${new Date(atMs).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
}

/** The text about the credentials of an application that are not explained. Empty where there are none. */
export function notShownText({ explained, unused, leftOut }: Findings): string {
  const none = explained.length === 0;
  const lines = [
    ...(none ? ['The application has used no credential yet.\n'] : []),
    ...(unused > 0 ? [`${countOf(unused)} not used yet, and not shown. ${NAME_ONE}`] : []),
    ...(leftOut > 0 ? [`${leftOut} more are not shown; the worst are shown. ${NAME_ONE}`] : []),
  ];
  return `${none || lines.length === 0 ? '' : '\n'}${lines.join('')}`;
}

const NAME_ONE = 'To see one, name it as PROVIDER or PROVIDER/ACCOUNT.\n';

function countOf(credentials: number): string {
  return credentials === 1 ? '1 credential was' : `${credentials} credentials were`;
}
