import { HttpListener } from './http-listener.js';
import type { ReceivedRequest } from './received-request.js';
import { json } from './reply.js';

/** A request that arrived at the other server, where no credential may arrive. */
export interface StrayRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: ReceivedRequest['headers'];
  readonly bodySha256: string;
}

const KEPT = 1_000;

/** Another server, to which redirects lead. It records what requests carry there. */
export class Elsewhere {
  readonly #requests: StrayRequest[] = [];
  readonly #listener = new HttpListener('elsewhere', '', {
    traffic: { note: () => undefined },
    answer: (request) => {
      this.#requests.push({
        method: request.method,
        url: request.url,
        headers: request.headers,
        bodySha256: request.bodySha256,
      });
      if (this.#requests.length > KEPT) this.#requests.shift();
      return { reply: json(200, { elsewhere: true }), delivery: {}, done: () => undefined };
    },
  });

  async listen(port: number): Promise<void> {
    await this.#listener.listen(port);
  }

  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  get url(): string {
    return this.#listener.origin;
  }

  get requests(): readonly StrayRequest[] {
    return this.#requests;
  }

  reset(): void {
    this.#requests.length = 0;
  }

  close(): Promise<void> {
    return this.#listener.close();
  }
}
