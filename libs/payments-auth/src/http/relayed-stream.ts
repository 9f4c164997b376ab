import { Readable } from 'node:stream';

/**
 * Passes on the data of another stream, and has no property that leads to it: the streams of axios and Node refer to
 * their request, and the request refers to its headers.
 *
 * Back-pressure, the end, errors and destruction go through, both ways. An error waits until somebody reads. So a
 * reader who comes later does not miss it, and it does not end a process that does not read at all.
 */
export class RelayedStream extends Readable {
  readonly #source: Readable;
  #wanted = false;
  #ended = false;
  /** Set when the stream is over without an end: it failed, or was closed. */
  #broken: { readonly error?: Error } | undefined;
  #watcher: ((chunk: Buffer | undefined) => void) | undefined;

  /** @param clean makes an error of the source safe to pass on */
  constructor(source: Readable, clean: (error: unknown) => unknown) {
    super({ highWaterMark: 64 * 1024 });
    this.#source = source;
    source.on('data', (chunk: Buffer | string) => this.#take(chunk));
    source.on('end', () => this.#end());
    source.on('error', (error) => this.#break({ error: clean(error) as Error }));
    source.on('close', () => this.#break({}));
    source.pause();
    this.on('error', () => undefined);
  }

  /**
   * The bytes of a short stream, which stay in the stream for its reader. Resolves to `undefined` when there are more
   * than `most`, when the first ones are not `worthIt`, when the wait is cancelled, or when the stream fails.
   */
  peek(most: number, cancelled: (cancel: () => void) => void, worthIt: (first: Buffer) => boolean) {
    return new Promise<Buffer | undefined>((resolve) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const settle = (whole: boolean) => {
        this.#watcher = undefined;
        if (!this.#wanted) this.#source.pause();
        resolve(whole ? Buffer.concat(chunks) : undefined);
      };
      this.#watcher = (chunk) => {
        if (chunk === undefined) return settle(this.#broken === undefined);
        if (size === 0 && !worthIt(chunk)) return settle(false);
        chunks.push(chunk);
        size += chunk.length;
        if (size > most) settle(false);
      };
      cancelled(() => settle(false));
      if (this.#ended || this.#broken !== undefined) settle(false);
      else this.#source.resume();
    });
  }

  override _read(): void {
    this.#wanted = true;
    if (this.#broken === undefined) this.#source.resume();
    else this.destroy(this.#broken.error);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#ended) this.#source.destroy();
    done(error);
  }

  #take(chunk: Buffer | string): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    this.#wanted = this.push(bytes);
    if (!this.#wanted && this.#watcher === undefined) this.#source.pause();
    this.#watcher?.(bytes);
  }

  #end(): void {
    if (this.#broken !== undefined) return;
    this.#ended = true;
    this.push(null);
    this.#watcher?.(undefined);
  }

  #break(broken: { error?: Error }): void {
    if (this.#ended || this.#broken !== undefined) return;
    this.#broken = broken;
    this.#watcher?.(undefined);
    if (this.#wanted) this.destroy(broken.error);
  }
}
