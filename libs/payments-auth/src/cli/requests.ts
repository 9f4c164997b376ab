import { randomBytes } from 'node:crypto';
import { headersOf } from '../credentials/call-headers.js';
import { retryAfterMs } from '../credentials/issuing/retry-after.js';
import { loginSecrets, secretValues } from '../credentials/issuing/login-secrets.js';
import { told } from '../scrubbing.js';
import type { Clock } from '../payments-auth.clock.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { loginGiven, tokenBaseUrl } from '../providers/login-given.js';
import { type Attempt, type Signature, signatureOf, withQuery } from '../providers/signed-attempt.js';
import { watchedCredentials } from '../strategies/watched-credentials.js';
import { saySigner, signedBy, SignerFault } from '../strategies/signer-fault.js';
import { called, DefinitionFault, readBy, thrown } from '../strategies/definition-fault.js';
import { filled } from '../strategies/placeholders.js';
import type { HeaderValues } from '../strategies/strategy.js';
import type { ProbeDefinition, ProviderDefinition } from '../providers/provider-definition.js';
import { AxiosTokenTransport } from '../strategies/axios-token-transport.js';
import type { Credentials, TokenOutcome, TokenRequest, TokenStrategy } from '../strategies/strategy.js';
import { reasonOf, type TimedTokenAnswer, TokenTransportError } from '../strategies/token-transport.js';
import type { Symptom } from '../providers/advice.js';
import { wordsOf } from '../providers/call-words.js';
import { clockDifferenceMs } from '../strategies/clock-difference.js';
import { sayDuration } from '../duration.js';
import type { StepResult } from './provider-check.js';
import { transcriptOf } from './transcript.js';

/** A merchant may have many products, and the library sets no limit to what a call answers. */
const MOST_PROBE_BYTES = 64 * 1024 * 1024;

export interface CheckSettings {
  readonly clock: Clock;
  readonly timeoutMs: number;
}

type Issued = Extract<TokenOutcome, { outcome: 'issued' }>;

/** One login, as the library makes it. There is no second one, whatever the result is. */
export async function logIn(
  provider: ConfiguredProvider,
  strategy: TokenStrategy,
  credentials: Credentials,
  { clock, timeoutMs }: CheckSettings,
): Promise<StepResult<Issued>> {
  const transport = new AxiosTokenTransport({ clock, http: provider.http, deadlineMs: timeoutMs });
  const { scopes } = provider;
  const { audience } = provider;
  const given = loginGiven(provider, strategy, { credentials, scopes, audience, nowMs: clock.now() });
  return ask<Issued>({
    on: 'login',
    clock,
    definition: provider.definition,
    credentials,
    make: () => strategy.request(given, provider),
    send: ({ path, ...request }) =>
      transport.send(filled(tokenBaseUrl(provider, strategy), credentials), {
        ...request,
        ...certified(provider, credentials),
        path: filled(path, credentials),
      }),
    judge: (answer) => {
      const outcome = strategy.read(answer, answer.requestedAtMs);
      if (outcome.outcome === 'issued') return { value: outcome };
      return { what: outcome.reason, isOwn: outcome.outcome === 'rejected' };
    },
  });
}

/** The documented harmless call, with the token of the login. */
export async function probe(
  provider: ConfiguredProvider,
  probed: ProbeDefinition,
  { credentials, token }: { credentials: Credentials; token: string },
  { clock, timeoutMs }: CheckSettings,
): Promise<StepResult<true>> {
  const { definition, environment } = provider;
  const { host = provider.defaultHost, accepted } = { ...probed, accepted: probed.accepted?.bind(probed) };
  const base = filled(provider.hosts[host] as string, credentials);
  const transport = new AxiosTokenTransport({
    clock,
    http: provider.http,
    deadlineMs: timeoutMs,
    mostBytes: MOST_PROBE_BYTES,
  });
  return ask<true>({
    on: 'call',
    clock,
    definition: provider.definition,
    credentials: { ...credentials, token },
    make: async (): Promise<TokenRequest> => {
      const { method = 'GET', json } = probed;
      const path = filled(probed.path, credentials);
      const body = json === undefined ? undefined : JSON.stringify(json);
      const { view } = watchedCredentials(definition, credentials);
      const given = { credentials: view, ...(environment === undefined ? {} : { environment }) };
      const headers = {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...presentIn(called('defaultHeaders', () => definition.defaultHeaders?.(given), given) ?? {}),
        ...probed.headers,
        ...headersOf(definition, credentials, token, environment).headers,
      };
      const url = new URL(base + path);
      const signature = await signed(provider, {
        ...given,
        method,
        url,
        path: path.split('?')[0] as string,
        namedHost: host,
        headers: lowerCase(headers, body),
        body,
        token,
        nowMs: clock.now(),
        attempt: 1,
        random: (bytes) => new Uint8Array(randomBytes(bytes)),
        ...(provider.signer && {
          signWith: (bytes: Uint8Array) => signedBy(() => provider.signer?.(bytes, { credentials })),
        }),
      });
      const sent = signature.body ?? body;
      return {
        method,
        path: withQuery(path, signature.query),
        headers: { ...headers, ...signature.headers },
        ...(sent === undefined
          ? {}
          : { body: typeof sent === 'string' ? sent : Buffer.from(sent).toString() }),
      };
    },
    send: (request) => transport.send(base, { ...request, ...certified(provider, credentials) }),
    judge: (answer) => {
      const isSuccess = answer.status >= 200 && answer.status < 300;
      const succeeded = called('probe.accepted', () => accepted?.(answer));
      if (succeeded === true) return { value: true };
      const isOwn = called('refusal.refused', () => definition.refusal?.refused(answer)) === true;
      if (succeeded === undefined && isSuccess && !isOwn) return { value: true };
      return { what: wordsOf(answer.body) ?? `HTTP ${answer.status}`, isOwn };
    },
  });
}

/**
 * A request without credentials, only for the `Date` of its answer: a signature with the time in it is refused when the
 * clocks differ. The status does not matter.
 */
export async function lookAtClock(
  provider: ConfiguredProvider,
  credentials: Credentials,
  { clock, timeoutMs }: CheckSettings,
): Promise<StepResult<true>> {
  const transport = new AxiosTokenTransport({ clock, http: provider.http, deadlineMs: timeoutMs });
  const base = filled(provider.hosts[provider.defaultHost] as string, credentials);
  return ask<true>({
    on: 'call',
    clock,
    definition: provider.definition,
    credentials,
    make: () => ({ method: 'GET', path: '/', headers: { Accept: 'application/json' } }),
    send: (request) => transport.send(base, { ...request, ...certified(provider, credentials) }),
    judge: () => ({ value: true }),
  });
}

/** Whether a signature of this provider contains the time: whether its `sign` reads the time. */
export async function signsTheTime(
  { definition, environment, hosts, defaultHost }: ConfiguredProvider,
  credentials: Credentials,
  clock: Clock,
): Promise<boolean> {
  let isAsked = false;
  try {
    await definition.sign?.({
      credentials,
      ...(environment === undefined ? {} : { environment }),
      method: 'GET',
      url: new URL(filled(hosts[defaultHost] as string, credentials)),
      path: '/',
      namedHost: defaultHost,
      headers: {},
      body: undefined,
      token: '',
      get nowMs() {
        isAsked = true;
        return clock.now();
      },
      attempt: 1,
      random: (bytes) => new Uint8Array(bytes),
    });
  } catch {
    // The call itself reports what is wrong.
  }
  return isAsked;
}

/** The request with the client's certificate, where there is one. */
function certified(
  { certificates }: ConfiguredProvider,
  credentials: Credentials,
): Pick<TokenRequest, 'agent'> {
  const agent = certificates?.agentOf(credentials);
  return agent === undefined ? {} : { agent };
}

function presentIn(values: HeaderValues): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** The headers as a signer gets them. */
function lowerCase(
  headers: Readonly<Record<string, string>>,
  body: string | undefined,
): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  if (body !== undefined) entries.push(['content-length', String(Buffer.byteLength(body))]);
  return Object.fromEntries(entries);
}

/** The result of a request. `isOwn`: the provider itself says that the credential is not valid. */
type Judged<T> = { value: T } | { what: string; isOwn?: boolean };

async function ask<T>({
  on,
  clock,
  definition,
  credentials,
  make,
  send,
  judge,
}: {
  on: Symptom['on'];
  clock: Clock;
  definition: ProviderDefinition;
  /** The secrets that must not appear in any output. */
  credentials: Credentials;
  make: () => TokenRequest | Promise<TokenRequest>;
  send: (request: TokenRequest) => Promise<TimedTokenAnswer>;
  judge: (answer: TimedTokenAnswer) => Judged<T>;
}): Promise<StepResult<T>> {
  const startedAtMs = clock.monotonic();
  let answer: TimedTokenAnswer;
  let request: TokenRequest;
  try {
    request = await make();
    answer = await send(request);
  } catch (error) {
    const latencyMs = Math.round(clock.monotonic() - startedAtMs);
    const what = told(failureOf(error, definition.name), secretValues(definition, credentials));
    return { step: { passed: false, latencyMs }, symptom: { on, what } };
  }
  const latencyMs = Math.round(clock.monotonic() - startedAtMs);
  const { status } = answer;
  const secrets = loginSecrets(definition, credentials, request, answer);
  const judged = judgedBy(judge, answer, definition.name);
  const difference = clockDifferenceMs(answer, latencyMs);
  return {
    step: { passed: 'value' in judged, latencyMs, status },
    transcript: transcriptOf(request, answer, secrets),
    ...(difference === undefined ? {} : { clockDifferenceMs: difference }),
    ...('value' in judged
      ? judged
      : {
          symptom: {
            on,
            what: told(judged.what, secrets) + waitOf(answer, clock),
            status,
            ...(judged.isOwn === true ? { isOwn: true } : {}),
          },
        }),
  };
}

/** A function of a definition may throw for an answer that its author did not know. */
function judgedBy<T>(
  judge: (answer: TimedTokenAnswer) => Judged<T>,
  answer: TimedTokenAnswer,
  provider: string,
): Judged<T> {
  try {
    return judge(answer);
  } catch (error) {
    return { what: failureOf(error, provider) };
  }
}

/** @throws DefinitionFault */
async function signed({ definition }: ConfiguredProvider, attempt: Attempt<Credentials>): Promise<Signature> {
  try {
    return await signatureOf((each) => definition.sign?.(each) ?? {}, attempt);
  } catch (error) {
    if (error instanceof DefinitionFault || error instanceof SignerFault) throw error;
    throw new DefinitionFault('sign', thrown(error, readBy(attempt)), error);
  }
}

function waitOf({ status, headers }: TimedTokenAnswer, clock: Clock): string {
  const waitMs = status === 429 || status === 503 ? retryAfterMs(headers, clock.now()) : undefined;
  return waitMs === undefined ? '' : `, to be asked again in ${sayDuration(waitMs)}`;
}

function failureOf(error: unknown, provider: string): string {
  if (error instanceof TokenTransportError) return reasonOf(error);
  if (error instanceof SignerFault) return saySigner(provider, error);
  return error instanceof Error ? error.message : 'the request could not be made';
}
