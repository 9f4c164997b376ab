import { sayDuration } from '../../duration.js';
import { ownCopy } from '../../own-properties.js';
import type { Clock } from '../../payments-auth.clock.js';
import type { ConfiguredProvider } from '../../providers/configured-provider.js';
import { loginGiven, tokenBaseUrl } from '../../providers/login-given.js';
import { clockDifferenceMs } from '../../strategies/clock-difference.js';
import { DefinitionFault } from '../../strategies/definition-fault.js';
import { saySigner, SignerFault } from '../../strategies/signer-fault.js';
import { filled } from '../../strategies/placeholders.js';
import type { Rejected, TokenOutcome, TokenRequest, TokenStrategy } from '../../strategies/strategy.js';
import {
  reasonOf,
  type TimedTokenAnswer,
  type TokenTransport,
  TokenTransportError,
} from '../../strategies/token-transport.js';
import { plainCause, told } from '../../scrubbing.js';
import { within } from '../../within.js';
import { loginSecrets, secretValues } from './login-secrets.js';
import { tokenTimeoutMs } from './back-off.js';
import { retryAfterMs } from './retry-after.js';
import type { LoginDurations, TokenEndpoint, TokenEndpoints } from './token-endpoints.js';
import type { IssueOutcome, IssueRequest, ReturnRequest, TokenIssuer, Unsent } from './token-issuer.js';

/** Errors of the system that are caused by this machine, and not by the provider. */
const OWN_FAULTS: ReadonlyMap<string, string> = new Map([
  ['EMFILE', 'this process has too many files and sockets open'],
  ['ENFILE', 'this machine has too many files and sockets open'],
  ['ENOMEM', 'no memory is left'],
  ['ENOBUFS', 'no memory is left for sockets'],
  ['EADDRNOTAVAIL', 'no local port is free'],
  ['ENETDOWN', 'the network of this machine is down'],
  ['ENETUNREACH', 'this machine has no route to that network'],
]);

/** A fault of this machine may be over in a moment. */
const OWN_FAULT_WAIT_MS = 500;

/** There was no connection. */
const NOT_REACHED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

/** Asks the provider's own token endpoint, within what the provider allows. */
export class ProviderTokenIssuer implements TokenIssuer {
  readonly isShared = false;
  /** The host of the token endpoint, for operators. */
  readonly host: string;
  readonly #provider: ConfiguredProvider;
  readonly #strategy: TokenStrategy;
  readonly #transport: TokenTransport;
  readonly #clock: Clock;
  readonly #baseUrl: string;
  readonly #endpoint: TokenEndpoint;

  constructor(
    provider: ConfiguredProvider,
    strategy: TokenStrategy,
    environment: { clock: Clock; transport: TokenTransport; endpoints: TokenEndpoints },
  ) {
    this.#provider = provider;
    this.#strategy = strategy;
    this.#clock = environment.clock;
    this.#transport = environment.transport;
    this.#baseUrl = tokenBaseUrl(provider, strategy);
    this.#endpoint = environment.endpoints.endpoint(this.#baseUrl);
    this.host = /^[a-z]+:\/\/([^/]+)/i.exec(this.#baseUrl)?.[1] ?? '';
  }

  /**
   * @param reserve called directly before the request is sent. Returns how long the request has to wait, in
   *   milliseconds
   */
  async issue(request: IssueRequest, reserve?: () => Promise<number>): Promise<IssueOutcome> {
    const { queue, limits } = this.#endpoint;
    const { fingerprint: account, hasFailed, wait } = request;
    const admission = ownCopy(await queue.enter({ account, hasFailed, wait }));
    if ('retryAfterMs' in admission)
      return unsent(
        'queue',
        'more logins wait at the token endpoint than it serves in time',
        admission.retryAfterMs,
      );
    try {
      if (request.signal.aborted || wait.over.aborted)
        return unsent('queue', 'no caller waits for the login any more', 0);
      const waitMs = limits.reserve(this.#strategy.limits, account) || ((await reserve?.()) ?? 0);
      return ownCopy(waitMs > 0 ? unsent('limit', 'rate limited', waitMs) : await this.#ask(request));
    } finally {
      admission.leave();
    }
  }

  get durations(): LoginDurations {
    return this.#endpoint.durations;
  }

  /** A login that takes longer is slow, in milliseconds. */
  get slowAfterMs(): number {
    return this.#endpoint.queue.slowAfterMs ?? tokenTimeoutMs(this.#provider);
  }

  async revoke(request: ReturnRequest, token: string | undefined): Promise<void> {
    if (this.#strategy.revoke === undefined || token === undefined) return;
    const given = ownCopy({ ...this.#given(request), token });
    const giveBack = await this.#made(this.#strategy.revoke(given, this.#provider));
    const answer = await this.#transport.send(
      this.#place(request),
      this.#connected(giveBack, request),
      request.signal,
    );
    if (answer.status >= 300) throw new Error(`HTTP ${answer.status}`);
  }

  async forget(): Promise<void> {
    // Without a store, no other process shares the token.
  }

  unwatch(): void {
    // Without a store, no other process withdraws a token.
  }

  async #ask(request: IssueRequest): Promise<IssueOutcome> {
    const startedAtMs = this.#clock.monotonic();
    let answer: TimedTokenAnswer;
    let tokenRequest: TokenRequest;
    try {
      const made = await this.#made(this.#strategy.request(this.#given(request), this.#provider));
      tokenRequest = this.#connected(made, request);
      answer = await this.#transport.send(this.#place(request), tokenRequest, request.signal);
    } catch (error) {
      // Nothing was sent.
      if (error instanceof DefinitionFault) return this.#faulty(error, request);
      if (error instanceof SignerFault) return this.#unsigned(error, request);
      const isTimeout = error instanceof TokenTransportError && error.failure === 'timeout';
      const reason = this.#failureOf(error);
      const durationMs = this.#clock.monotonic() - startedAtMs;
      // A request without an answer shows how slow the endpoint is, as a success does.
      if (isTimeout) this.durations.timedOut(durationMs);
      request.onTokenRequest(ownCopy({ outcome: 'unavailable', durationMs, reason }));
      return isOwnFault(error)
        ? unsent('machine', reason, OWN_FAULT_WAIT_MS)
        : { outcome: 'unavailable', reason, notActedUpon: NOT_REACHED.includes(reason) };
    }
    const durationMs = this.#clock.monotonic() - startedAtMs;
    const outcome = withoutSecrets(ownCopy(this.#read(answer)), () =>
      loginSecrets(this.#provider.definition, request.credentials, tokenRequest, answer),
    );
    request.onTokenRequest(
      ownCopy({
        outcome: outcome.outcome,
        durationMs,
        status: answer.status,
        ...(outcome.outcome === 'issued' ? {} : { reason: outcome.reason, ...clockOf(answer, durationMs) }),
        ...(answer.status === 429 ? { limitHeaders: answer.headers } : {}),
      }),
    );
    if (outcome.outcome === 'issued') {
      this.durations.succeeded(durationMs);
      this.#endpoint.limits.answered();
      return {
        outcome: 'issued',
        token: outcome.token,
        lifetime: outcome.lifetime,
        askedAtMs: answer.requestedAtMs,
        askedAtMonotonicMs: answer.requestedAtMonotonicMs,
        from: 'provider',
        ...(outcome.scopes === undefined ? {} : { scopes: outcome.scopes }),
        ...(outcome.refreshToken === undefined ? {} : { refreshToken: outcome.refreshToken }),
      };
    }
    // A gateway may answer with a server error after the provider has carried out the request.
    const notActedUpon = answer.status >= 400 && answer.status < 500;
    const { status } = answer;
    if (outcome.outcome === 'rejected') return { ...outcome, notActedUpon, status };
    const waitMs = retryAfterMs(answer.headers, this.#clock.now());
    if (answer.status === 429) this.#endpoint.limits.told(request.fingerprint, waitMs ?? 1_000);
    return { ...outcome, notActedUpon, status, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) };
  }

  /** A definition may throw on an answer that its author did not expect. Such an answer counts as no token. */
  #read(answer: TimedTokenAnswer): TokenOutcome {
    try {
      return this.#strategy.read(answer, answer.requestedAtMs);
    } catch {
      return { outcome: 'unavailable', reason: 'an answer that could not be read' };
    }
  }

  /**
   * The token request. It has a time limit, because the application's signer may never answer. @throws SignerFault at
   * the limit
   */
  #made(making: TokenRequest | Promise<TokenRequest>): TokenRequest | Promise<TokenRequest> {
    if (!(making instanceof Promise)) return making;
    const mostMs = tokenTimeoutMs(this.#provider);
    return within(this.#clock, mostMs, making, () => {
      throw new SignerFault(`did not answer within ${sayDuration(mostMs)}`, true);
    });
  }

  /** The request with the client's certificate, where there is one. */
  #connected(tokenRequest: TokenRequest, { credentials }: ReturnRequest): TokenRequest {
    const agent = this.#provider.certificates?.agentOf(credentials);
    const path = filled(tokenRequest.path, credentials);
    return ownCopy({ ...tokenRequest, path, ...(agent === undefined ? {} : { agent }) });
  }

  #faulty({ message, cause }: DefinitionFault, { credentials }: IssueRequest): Rejected {
    const secrets = secretValues(this.#provider.definition, credentials);
    const [reason, plain] = [told(message, secrets), plainCause(cause, secrets)];
    return {
      outcome: 'rejected',
      code: 'DEFINITION_FAULT',
      reason,
      ...(plain === undefined ? {} : { cause: plain }),
    };
  }

  /**
   * The outcome where the request could not be signed, and nothing was sent. A signer that does not return bytes fails
   * again the next time.
   */
  #unsigned(fault: SignerFault, { credentials }: IssueRequest): IssueOutcome {
    const { definition, name } = this.#provider;
    const reason = told(saySigner(name, fault), secretValues(definition, credentials));
    return fault.mayPass
      ? { outcome: 'unavailable', reason, notActedUpon: true }
      : { outcome: 'rejected', code: 'DEFINITION_FAULT', reason };
  }

  #failureOf(error: unknown): string {
    if (!(error instanceof TokenTransportError)) return 'the token request could not be made';
    if (error.failure === 'timeout')
      return `no answer within ${sayDuration(tokenTimeoutMs(this.#provider))} (the option tokenRequest: { timeoutMs })`;
    const { systemCode = '' } = error;
    const ownFault = OWN_FAULTS.get(systemCode);
    if (ownFault !== undefined)
      return `this machine could not send the token request: ${ownFault} (${systemCode})`;
    return reasonOf(error);
  }

  /** The base URL of the endpoint. It can contain values of the account. */
  #place({ credentials }: ReturnRequest): string {
    return filled(this.#baseUrl, credentials);
  }

  #given({ credentials, scopes, audience }: ReturnRequest) {
    const parts = { credentials, scopes, audience, nowMs: this.#clock.now() };
    return loginGiven(this.#provider, this.#strategy, parts);
  }
}

/**
 * Removes secrets from the provider's words. The words appear in errors, logs, events, the status and the public health
 * answer.
 */
function withoutSecrets(outcome: TokenOutcome, secrets: () => string[]): TokenOutcome {
  if (outcome.outcome === 'issued') return outcome;
  const reason = told(outcome.reason, secrets());
  if (outcome.outcome === 'unavailable' || outcome.cause === undefined) return { ...outcome, reason };
  return { ...outcome, reason, cause: plainCause(outcome.cause, secrets()) };
}

function clockOf(answer: TimedTokenAnswer, durationMs: number): { clockDifferenceMs?: number } {
  const differenceMs = clockDifferenceMs(answer, durationMs);
  return differenceMs === undefined ? {} : { clockDifferenceMs: differenceMs };
}

function unsent(why: Unsent, reason: string, waitMs: number): IssueOutcome {
  return { outcome: 'unavailable', reason, retryAfterMs: waitMs, unsent: why, notActedUpon: true };
}

/** Whether this machine failed: it has no free descriptor, memory or port, or no network. */
function isOwnFault(error: unknown): boolean {
  return error instanceof TokenTransportError && OWN_FAULTS.has(error.systemCode ?? '');
}
