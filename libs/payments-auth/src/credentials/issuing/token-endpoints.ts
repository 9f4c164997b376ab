import type { Clock } from '../../payments-auth.clock.js';
import { EndpointLimits } from './endpoint-limits.js';
import { LoginDurations } from './login-durations.js';
import { LoginQueue, type LoginQueueLimits } from './login-queue.js';

/** What an application keeps of one token endpoint, so that it never asks for more than is allowed there. */
export interface TokenEndpoint {
  readonly queue: LoginQueue;
  readonly limits: EndpointLimits;
  readonly durations: LoginDurations;
}

/** The token endpoints of one application, by URL: two names for one provider share what is allowed there. */
export class TokenEndpoints {
  readonly #clock: Clock;
  readonly #limits: LoginQueueLimits & { readonly credentials: number };
  readonly #endpoints = new Map<string, TokenEndpoint>();

  /** @param limits `credentials`: of so many is kept what the endpoint has told them */
  constructor(clock: Clock, limits: LoginQueueLimits & { readonly credentials: number }) {
    this.#clock = clock;
    this.#limits = limits;
  }

  endpoint(url: string): TokenEndpoint {
    let endpoint = this.#endpoints.get(url);
    if (endpoint === undefined) {
      const durations = new LoginDurations();
      endpoint = {
        queue: new LoginQueue(this.#clock, durations, this.#limits),
        limits: new EndpointLimits(this.#clock, this.#limits.credentials),
        durations,
      };
      this.#endpoints.set(url, endpoint);
    }
    return endpoint;
  }
}
