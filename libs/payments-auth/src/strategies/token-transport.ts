import type { TokenAnswer, TokenRequest } from './strategy.js';

/** A token answer, and the two times from which its lifetime is measured. */
export interface TimedTokenAnswer extends TokenAnswer {
  /** The wall clock when the request was sent, in milliseconds since the epoch. */
  readonly requestedAtMs: number;
  /** A monotonic clock when the request was sent, in milliseconds. */
  readonly requestedAtMonotonicMs: number;
}

/**
 * The reason why no answer came, without any part of the request. For three of them nothing was sent. `astray`: the
 * path leads away from the base URL. `untrusted`: other code in this process decides which certificates are trusted.
 * `diverted`: an agent decides to which server plain http goes.
 */
export type TokenTransportFailure =
  'timeout' | 'network' | 'too-large' | 'cancelled' | 'astray' | 'untrusted' | 'diverted';

const WORDS: Readonly<Partial<Record<TokenTransportFailure, string>>> = {
  astray: 'its path leads away from the base URL',
  untrusted: '`Object.prototype.ca` is set, and Node would trust its certificates',
  diverted:
    'the agent in the option http could divert plain http to another address; use an agent of node:http',
};

/** No usable answer came from a token endpoint. Holds no request, no response and no header. */
export class TokenTransportError extends Error {
  override readonly name = 'TokenTransportError';

  constructor(
    readonly failure: TokenTransportFailure,
    /** The system's code for the failure (`ECONNREFUSED`), where there is one. */
    readonly systemCode?: string,
  ) {
    super(
      systemCode === undefined ? `token request failed: ${failure}` : `token request failed: ${systemCode}`,
    );
  }
}

/** The reason as one word, for errors and logs. */
export function reasonOf({ failure, systemCode }: TokenTransportError): string {
  return systemCode ?? (Object.hasOwn(WORDS, failure) ? WORDS[failure] : undefined) ?? failure;
}

/** Sends one token request to one origin, bounded in time and size (R2). */
export interface TokenTransport {
  /**
   * @param baseUrl the base URL of the endpoint; the request's path is appended unchanged
   * @param signal ends the request at the shutdown; the signal of a call does not end it (R3)
   * @throws {TokenTransportError} when no whole answer came within the deadline and the size limit
   */
  send(baseUrl: string, request: TokenRequest, signal?: AbortSignal): Promise<TimedTokenAnswer>;
}
