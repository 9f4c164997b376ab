import type { ReadableStreamReadResult } from 'node:stream/web';

type Chunk = ReadableStreamReadResult<Uint8Array>;

/** The same as {@link RelayedStream}, for the web stream that axios's fetch adapter gives. */
export class RelayedWebStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Chunks that `peek` has begun to read, and that the caller has not got yet. */
  readonly #ahead: Promise<Chunk>[] = [];

  /** The stream that the caller gets. */
  readonly stream: ReadableStream<Uint8Array>;

  /** @param clean makes an error of the source safe to pass on */
  constructor(source: ReadableStream<Uint8Array>, clean: (error: unknown) => unknown) {
    this.#reader = source.getReader();
    this.stream = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          try {
            const { done, value } = await (this.#ahead.shift() ?? this.#reader.read());
            if (done) controller.close();
            else controller.enqueue(value);
          } catch (error) {
            controller.error(clean(error));
          }
        },
        cancel: (reason) => this.#reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  /** @see RelayedStream.peek */
  async peek(most: number, cancelled: (cancel: () => void) => void, worthIt: (first: Buffer) => boolean) {
    const cancellation = new Promise<undefined>((resolve) => cancelled(() => resolve(undefined)));
    const chunks: Uint8Array[] = [];
    for (let size = 0; size <= most;) {
      const next = this.#reader.read();
      // The caller gets this error when it reads, which may be later.
      next.catch(() => undefined);
      this.#ahead.push(next);
      const chunk = await Promise.race([next, cancellation]).catch(() => undefined);
      if (chunk === undefined) return undefined;
      if (chunk.done) return Buffer.concat(chunks);
      if (size === 0 && !worthIt(Buffer.from(chunk.value))) return undefined;
      chunks.push(chunk.value);
      size += chunk.value.length;
    }
    return undefined;
  }
}
