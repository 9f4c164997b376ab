import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidInputError } from '../core/checks.js';
import { isLoopback } from '../core/loopback.js';
import { LoopbackServer } from '../core/loopback-server.js';
import { CONTROL_ROUTES, routeOf } from './control-routes.js';
import type { ControlledSandbox } from './state.js';

const LARGEST_BODY_BYTES = 1024 * 1024;

/** An answer that ends a request early. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The control API over HTTP, for programs outside the sandbox's own process. Requests and answers are JSON. `GET /` lists what
 * it can do. It listens on loopback only. Requests with another host name or from a web page of another origin are not answered.
 */
export class ControlServer {
  readonly #loopback: LoopbackServer;

  constructor(private readonly sandbox: ControlledSandbox) {
    this.#loopback = new LoopbackServer((incoming, response) => {
      this.#answer(incoming, response).catch(() => response.destroy());
    });
  }

  listen(port: number): Promise<void> {
    return this.#loopback.listen(port);
  }

  /** Without a slash at the end. */
  get url(): string {
    return this.#loopback.origin;
  }

  close(): Promise<void> {
    return this.#loopback.close();
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      refuseForeigners(incoming);
      send(response, 200, await this.#run(incoming));
    } catch (error) {
      send(response, statusOf(error), { error: error instanceof Error ? error.message : 'unknown' });
    }
  }

  async #run(incoming: IncomingMessage): Promise<unknown> {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://localhost');
    const method = incoming.method ?? 'GET';
    if (method === 'GET' && pathname === '/')
      return CONTROL_ROUTES.map((route) => ({ method: route.method, path: route.path, does: route.does }));
    const found = routeOf(this.sandbox, method, pathname);
    if (found === undefined)
      throw new Refusal(404, `There is no ${method} ${pathname}. GET / lists all routes.`);
    const body = method === 'GET' ? {} : await readJson(incoming);
    return found.route.run({
      sandbox: this.sandbox,
      providers: found.providers,
      query: searchParams,
      body,
    });
  }
}

function statusOf(error: unknown): number {
  if (error instanceof Refusal) return error.status;
  return error instanceof InvalidInputError ? 400 : 500;
}

/** Protects against DNS rebinding, and against web pages that post to loopback ports. */
function refuseForeigners(incoming: IncomingMessage): void {
  const { host, origin, 'sec-fetch-site': site } = incoming.headers;
  if (!isLoopback(hostnameOf(`http://${host ?? ''}`)))
    throw new Refusal(403, 'The Host header must name this machine: 127.0.0.1 or localhost.');
  if (origin !== undefined && !isLoopback(hostnameOf(origin)))
    throw new Refusal(403, 'Web pages of other origins may not use the control API.');
  if (site === 'cross-site') throw new Refusal(403, 'Web pages of other sites may not use the control API.');
}

function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

async function readJson(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_BODY_BYTES) throw new Refusal(413, 'The body is larger than 1 MiB.');
    chunks.push(chunk);
  }
  if (bytes === 0) return {};
  if (!/^application\/json\b/i.test(incoming.headers['content-type'] ?? ''))
    throw new Refusal(415, 'The body must be JSON, and say so: Content-Type: application/json.');
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    throw new InvalidInputError(['The body is not JSON.']);
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(`${JSON.stringify(body, null, 2)}\n`);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(bytes.length),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(bytes);
}
