import { define } from '../own-properties.js';
import type { OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

type Adapter = HttpAdapterHost['httpAdapter'];

/**
 * The body parsers of Express, by the names of their functions. `express.raw()` leaves the bytes, and is not among
 * them.
 */
const EXPRESS_PARSERS: Readonly<Record<string, string>> = {
  jsonParser: 'express.json()',
  urlencodedParser: 'express.urlencoded()',
  textParser: 'express.text()',
};

/**
 * Whether this application keeps the raw bodies of its requests.
 *
 * Nest does not publish its `rawBody` option, but passes it to the HTTP adapter when the adapter registers the body
 * parsers. It does so on every platform, before any module is initialised. So this class listens to that one call,
 * and then restores the adapter. `unknown`: the application registers parsers of its own (`bodyParser: false`), or
 * has no HTTP server.
 */
export class RawBodyWatch implements OnApplicationBootstrap {
  #state: 'enabled' | 'disabled' | 'unknown' = 'unknown';
  #earlier?: string;
  #stop: () => void = () => undefined;

  constructor(host: HttpAdapterHost) {
    // In a test, Nest makes the adapter after the providers.
    if (host.httpAdapter) this.#listen(host.httpAdapter);
    else host.init$?.subscribe(() => this.#listen(host.httpAdapter));
  }

  get state(): 'enabled' | 'disabled' | 'unknown' {
    return this.#state;
  }

  /** A parser of the application that comes before Nest's own, which then sees no body: `express.json()`. */
  get earlierParser(): string | undefined {
    return this.#earlier;
  }

  /** Says what to do when the bytes of bodies are lost. */
  get remedy(): string {
    const parser = this.#earlier;
    if (parser !== undefined)
      return `${parser} took them before Nest's own parser. Remove app.use(${parser}), or let it keep them: verify: (request, _response, bytes) => { request.rawBody = bytes }`;
    return this.#state === 'enabled'
      ? 'Something that runs before the guard reads bodies and keeps no bytes: a parser, a proxy or a logging middleware. Let it keep them in request.rawBody, or leave the routes of webhooks alone'
      : 'Create the application with { rawBody: true }, and without { bodyParser: false } unless a parser of yours keeps the bytes in request.rawBody';
  }

  onApplicationBootstrap(): void {
    this.#stop();
  }

  #listen(adapter: Adapter | null | undefined): void {
    if (!adapter) return;
    const inherited = Object.hasOwn(adapter, 'registerParserMiddleware')
      ? Object.getOwnPropertyDescriptor(adapter, 'registerParserMiddleware')
      : undefined;
    const register = adapter.registerParserMiddleware.bind(adapter);
    this.#stop = () => {
      if (inherited === undefined) Reflect.deleteProperty(adapter, 'registerParserMiddleware');
      else define(adapter, 'registerParserMiddleware', inherited);
      this.#stop = () => undefined;
    };
    define(adapter, 'registerParserMiddleware', {
      configurable: true,
      value: (prefix?: string, rawBody?: boolean): unknown => {
        this.#state = rawBody === true ? 'enabled' : 'disabled';
        this.#earlier = parserAlreadyIn(adapter);
        this.#stop();
        return register(prefix, rawBody);
      },
    });
  }
}

/** The parser that runs before Nest's own. Only Express shows which parsers it runs. */
function parserAlreadyIn(adapter: Adapter): string | undefined {
  if (adapter.getType() !== 'express') return undefined;
  const { router } = adapter.getInstance<{
    router?: { stack?: readonly { handle?: { name?: string } }[] };
  }>();
  const names = router?.stack?.map(({ handle }) => handle?.name ?? '') ?? [];
  const found = names.find((name) => Object.hasOwn(EXPRESS_PARSERS, name));
  return found === undefined ? undefined : EXPRESS_PARSERS[found];
}
