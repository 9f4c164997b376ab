import type { HttpService } from '@nestjs/axios';

/**
 * Answers the requests of a test, in place of the network.
 *
 * @param request the request as it would be sent, with its credential
 * @param provider the name that the provider is registered under
 */
export type Answer = (request: Request, provider: string) => Response | Promise<Response>;

/** The answer where a test gives none. */
export function unanswered(request: Request, provider: string): never {
  const { pathname } = new URL(request.url);
  throw new Error(
    `The test has no network, and no answer to ${request.method} ${pathname} of "${provider}". Give one to PaymentsAuthTestingModule.forRoot({ answer }).`,
  );
}

/** Accepts a `Response` of this realm, of another one, or of a polyfill. */
function isResponse(value: unknown): value is Response {
  const { status, headers, arrayBuffer } = (value ?? {}) as Partial<Response>;
  return (
    typeof status === 'number' && typeof headers?.get === 'function' && typeof arrayBuffer === 'function'
  );
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'object' && value !== null ? 'a plain object' : JSON.stringify(value);
}

/**
 * Lets `answer` replace the network. axios's own fetch adapter makes the request and reads the response, so that
 * headers, bodies and statuses are what they are in production.
 */
export function answerWith(answer: Answer, http: HttpService, provider: string): void {
  const { defaults } = http.axiosRef;
  defaults.adapter = 'fetch';
  defaults.env = {
    ...defaults.env,
    fetch: async (input: URL | Request | string, init?: RequestInit) => {
      const request = new Request(input, init);
      const response: unknown = await answer(request, provider);
      request.signal.throwIfAborted();
      if (isResponse(response)) return response;
      throw new TypeError(
        `answer gave ${nameOf(response)} for ${request.method} ${new URL(request.url).pathname} of "${provider}". It has to return a Response: Response.json({ … }).`,
      );
    },
  };
}
