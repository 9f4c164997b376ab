import type { TokenAnswer, TokenRequest } from './strategy.js';

/** A token answer and the two instants its lifetime is measured from. */
export interface TimedTokenAnswer extends TokenAnswer {
  /** The wall clock when the request was sent, in milliseconds since the epoch. */
  readonly requestedAtMs: number;
  /** A monotonic clock when the request was sent, in milliseconds. */
  readonly requestedAtMonotonicMs: number;
}

/** Why no answer came: said without any part of the request. `astray`: its path leads away from the base URL, and nothing was sent. */
export type TokenTransportFailure = 'timeout' | 'network' | 'too-large' | 'cancelled' | 'astray';

/** No usable answer came from a token endpoint. Holds no request, no response and no header. */
export class TokenTransportError extends Error {
  override readonly name = 'TokenTransportError';

  constructor(
    readonly failure: TokenTransportFailure,
    /** The system's word for it (`ECONNREFUSED`), where there is one. */
    readonly systemCode?: string,
  ) {
    super(
      systemCode === undefined ? `token request failed: ${failure}` : `token request failed: ${systemCode}`,
    );
  }
}

/** In a word that goes into errors and logs. */
export function reasonOf({ failure, systemCode }: TokenTransportError): string {
  return systemCode ?? (failure === 'astray' ? 'its path leads away from the base URL' : failure);
}

/** Sends one token request to one origin, bounded in time and size (R2). */
export interface TokenTransport {
  /**
   * @param baseUrl where the endpoint stands; the request's path is appended as it is
   * @param signal ends the request, for shutdown only: no caller's signal reaches it (R3)
   * @throws {TokenTransportError} when no whole answer came within the deadline and the size limit
   */
  send(baseUrl: string, request: TokenRequest, signal?: AbortSignal): Promise<TimedTokenAnswer>;
}
