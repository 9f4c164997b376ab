import type { OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

type Adapter = HttpAdapterHost['httpAdapter'];

/**
 * Whether this application keeps the raw bodies of its requests.
 *
 * Nest gives nobody its `rawBody` option, but hands it to the HTTP adapter when that registers the body parsers, on
 * every platform and before any module is initialised. So that one call is listened to, and the adapter then left as it
 * was. `unknown`: the application registers parsers of its own (`bodyParser: false`), or has no HTTP server.
 */
export class RawBodyWatch implements OnApplicationBootstrap {
  #state: 'enabled' | 'disabled' | 'unknown' = 'unknown';
  #stop: () => void = () => undefined;

  constructor(host: HttpAdapterHost) {
    // In a test the adapter comes after the providers.
    if (host.httpAdapter) this.#listen(host.httpAdapter);
    else host.init$?.subscribe(() => this.#listen(host.httpAdapter));
  }

  get state(): 'enabled' | 'disabled' | 'unknown' {
    return this.#state;
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
      else Object.defineProperty(adapter, 'registerParserMiddleware', inherited);
      this.#stop = () => undefined;
    };
    Object.defineProperty(adapter, 'registerParserMiddleware', {
      configurable: true,
      value: (prefix?: string, rawBody?: boolean): unknown => {
        this.#state = rawBody === true ? 'enabled' : 'disabled';
        this.#stop();
        return register(prefix, rawBody);
      },
    });
  }
}
