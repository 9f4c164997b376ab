import type { Clock } from '../../payments-auth.clock.js';
import type { ConfiguredProvider } from '../../providers/configured-provider.js';
import { loginGiven, tokenBaseUrl } from '../../providers/login-given.js';
import { DefinitionFault } from '../../strategies/definition-fault.js';
import type { Rejected, TokenOutcome, TokenRequest, TokenStrategy } from '../../strategies/strategy.js';
import {
  reasonOf,
  type TimedTokenAnswer,
  type TokenTransport,
  TokenTransportError,
} from '../../strategies/token-transport.js';
import { plainCause, told } from '../../scrubbing.js';
import { LoginDurations } from './login-durations.js';
import { loginSecrets, secretValues } from './login-secrets.js';
import { retryAfterMs } from './retry-after.js';
import type { TokenEndpoint, TokenEndpoints } from './token-endpoints.js';
import type { IssueOutcome, IssueRequest, ReturnRequest, TokenIssuer } from './token-issuer.js';

/** No connection stood. */
const NOT_REACHED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

/** Asks the provider's own token endpoint, within what the provider allows. */
export class ProviderTokenIssuer implements TokenIssuer {
  readonly isShared = false;
  readonly durations = new LoginDurations();
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
    this.host = new URL(this.#baseUrl).host;
  }

  async issue(request: IssueRequest): Promise<IssueOutcome> {
    const leave = await this.#endpoint.enter(request.lane);
    try {
      if (request.patience.aborted)
        return { outcome: 'unavailable', reason: 'cancelled', notActedUpon: true };
      const waitMs = this.#endpoint.reserve(this.#strategy.limits, request.fingerprint);
      if (waitMs > 0)
        return {
          outcome: 'unavailable',
          reason: 'rate limited',
          retryAfterMs: waitMs,
          limited: true,
          notActedUpon: true,
        };
      return await this.#ask(request);
    } finally {
      leave();
    }
  }

  async revoke(request: ReturnRequest, token: string | undefined): Promise<void> {
    if (this.#strategy.revoke === undefined || token === undefined) return;
    const giveBack = await this.#strategy.revoke({ ...this.#given(request), token }, this.#provider);
    const answer = await this.#transport.send(
      this.#baseUrl,
      this.#connected(giveBack, request),
      request.signal,
    );
    if (answer.status >= 300) throw new Error(`HTTP ${answer.status}`);
  }

  async forget(): Promise<void> {
    // Nobody shares what this process got from the provider itself.
  }

  async #ask(request: IssueRequest): Promise<IssueOutcome> {
    const startedAtMs = this.#clock.monotonic();
    let answer: TimedTokenAnswer;
    let tokenRequest: TokenRequest;
    try {
      tokenRequest = this.#connected(
        await this.#strategy.request(this.#given(request), this.#provider),
        request,
      );
      answer = await this.#transport.send(this.#baseUrl, tokenRequest, request.signal);
    } catch (error) {
      // Nothing was sent.
      if (error instanceof DefinitionFault) return this.#faulty(error, request);
      const reason = failureOf(error);
      const durationMs = this.#clock.monotonic() - startedAtMs;
      // A failure tells how slow the endpoint is as well as a success does.
      if (reason === 'timeout') this.durations.add(durationMs);
      request.onTokenRequest({ outcome: 'unavailable', durationMs, reason });
      return { outcome: 'unavailable', reason, notActedUpon: NOT_REACHED.includes(reason) };
    }
    const durationMs = this.#clock.monotonic() - startedAtMs;
    const outcome = withoutSecrets(this.#read(answer), () =>
      loginSecrets(this.#provider.definition, request.credentials, tokenRequest, answer),
    );
    request.onTokenRequest({
      outcome: outcome.outcome,
      durationMs,
      status: answer.status,
      ...(outcome.outcome === 'issued' ? {} : { reason: outcome.reason }),
      ...(answer.status === 429 ? { limitHeaders: answer.headers } : {}),
    });
    if (outcome.outcome === 'issued') {
      this.durations.add(durationMs);
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
    // A server error may come of somebody in between, after the provider has done what it was asked.
    const notActedUpon = answer.status >= 400 && answer.status < 500;
    if (outcome.outcome === 'rejected') return { ...outcome, notActedUpon };
    const waitMs = retryAfterMs(answer.headers, this.#clock.now());
    if (answer.status === 429) this.#endpoint.pause(waitMs ?? 1_000);
    return { ...outcome, notActedUpon, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) };
  }

  /** What a definition says of answers was written for those its author knew; one that trips it is no token. */
  #read(answer: TimedTokenAnswer): TokenOutcome {
    try {
      return this.#strategy.read(answer, answer.requestedAtMs);
    } catch {
      return { outcome: 'unavailable', reason: 'an answer that could not be read' };
    }
  }

  /** With the client's certificate, where it has one. */
  #connected(tokenRequest: TokenRequest, { credentials }: ReturnRequest): TokenRequest {
    const agent = this.#provider.certificates?.agentOf(credentials);
    return agent === undefined ? tokenRequest : { ...tokenRequest, agent };
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

  #given({ credentials, scopes }: ReturnRequest) {
    return loginGiven(this.#provider, this.#strategy, { credentials, scopes, nowMs: this.#clock.now() });
  }
}

/** A provider's words go into errors, logs, events, the status and the public health answer: they are cleaned here, once. */
function withoutSecrets(outcome: TokenOutcome, secrets: () => string[]): TokenOutcome {
  if (outcome.outcome === 'issued') return outcome;
  const reason = told(outcome.reason, secrets());
  if (outcome.outcome === 'unavailable' || outcome.cause === undefined) return { ...outcome, reason };
  return { ...outcome, reason, cause: plainCause(outcome.cause, secrets()) };
}

function failureOf(error: unknown): string {
  if (!(error instanceof TokenTransportError)) return 'the token request could not be made';
  return reasonOf(error);
}
