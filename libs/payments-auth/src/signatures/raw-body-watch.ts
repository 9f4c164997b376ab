import { define } from '../own-properties.js';
import type { OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

type Adapter = HttpAdapterHost['httpAdapter'];

/** The body parsers of Express, by the names of their functions. `express.raw()` leaves the bytes, and is not among them. */
const EXPRESS_PARSERS: Readonly<Record<string, string>> = {
  jsonParser: 'express.json()',
  urlencodedParser: 'express.urlencoded()',
  textParser: 'express.text()',
};

/**
 * Whether this application keeps the raw bodies of its requests.
 *
 * Nest gives nobody its `rawBody` option, but hands it to the HTTP adapter when that registers the body parsers, on
 * every platform and before any module is initialised. So that one call is listened to, and the adapter then left as it
 * was. `unknown`: the application registers parsers of its own (`bodyParser: false`), or has no HTTP server.
 */
export class RawBodyWatch implements OnApplicationBootstrap {
  #state: 'enabled' | 'disabled' | 'unknown' = 'unknown';
  #earlier?: string;
  #stop: () => void = () => undefined;

  constructor(host: HttpAdapterHost) {
    // In a test the adapter comes after the providers.
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

  /** What to do about bytes that are gone. */
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

/** Only Express shows what it runs. */
function parserAlreadyIn(adapter: Adapter): string | undefined {
  if (adapter.getType() !== 'express') return undefined;
  const { router } = adapter.getInstance<{
    router?: { stack?: readonly { handle?: { name?: string } }[] };
  }>();
  const names = router?.stack?.map(({ handle }) => handle?.name ?? '') ?? [];
  const found = names.find((name) => Object.hasOwn(EXPRESS_PARSERS, name));
  return found === undefined ? undefined : EXPRESS_PARSERS[found];
}
