import { setTimeout as sleep } from 'node:timers/promises';
import { json, type LoopbackServer, startLoopbackServer } from '../loopback-server.js';
import { ACME_SECRET } from './acme.js';

/** Plays the provider of a fleet, and counts what the fleet asks of it. */
export class AcmeServer {
  /** The lifetime of tokens that are issued from now on. */
  lifetimeMs = 3_600_000;
  secret = ACME_SECRET;
  tokenRequests = 0;
  mostInFlight = 0;
  /** How long a call takes, in milliseconds. Its token is judged when it arrives. */
  callsTakeMs = 0;
  readonly #alive = new Map<string, number>();
  #server: LoopbackServer | undefined;
  #inFlight = 0;
  #held: (() => void)[] | undefined;

  async start(): Promise<this> {
    this.#server = await startLoopbackServer(async ({ method, url, headers, body }, response) => {
      const said = method === 'POST' ? (JSON.parse(body.toString()) as Record<string, string>) : {};
      if (url === '/token') return json(response, ...(await this.#issue(said['secret'])));
      if (url === '/revoke') return json(response, 200, { revoked: this.#alive.delete(said['token'] ?? '') });
      const token = headers.authorization?.replace('Bearer ', '') ?? '';
      const isAlive = (this.#alive.get(token) ?? 0) > Date.now();
      if (this.callsTakeMs > 0) await sleep(this.callsTakeMs);
      return json(response, isAlive ? 200 : 401, isAlive ? { token } : { error: 'invalid_token' });
    });
    return this;
  }

  get url(): string {
    return this.#server?.url ?? '';
  }

  /** Token requests get no answer until {@link release}. */
  hold(): void {
    this.#held = [];
  }

  release(): void {
    for (const go of this.#held ?? []) go();
    this.#held = undefined;
  }

  /** Every token that was issued is refused from now on. */
  killTokens(): void {
    this.#alive.clear();
  }

  reset(): void {
    this.callsTakeMs = 0;
    this.tokenRequests = 0;
    this.mostInFlight = 0;
  }

  async close(): Promise<void> {
    this.release();
    await this.#server?.close();
  }

  async #issue(secret: string | undefined): Promise<[number, unknown]> {
    this.tokenRequests += 1;
    const number = this.tokenRequests;
    this.#inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight);
    // The answer takes so long that a second request at the same time would be seen.
    await new Promise<void>((resolve) => {
      if (this.#held === undefined) setTimeout(resolve, 30);
      else this.#held.push(resolve);
    });
    this.#inFlight -= 1;
    if (secret !== this.secret) return [401, { error: 'invalid_secret' }];
    const token = `token-${number}-${Math.random().toString(36).slice(2)}`;
    this.#alive.set(token, Date.now() + this.lifetimeMs);
    return [200, { token, expires_in: this.lifetimeMs / 1_000 }];
  }
}
