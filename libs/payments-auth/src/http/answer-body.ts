import { types } from 'node:util';
import type { AxiosResponse } from 'axios';
import type { Clock } from '../payments-auth.clock.js';
import { RelayedStream } from './relayed-stream.js';
import { RelayedWebStream } from './relayed-web-stream.js';

/** No refusal of a credential is longer. */
const MOST_BYTES = 64 * 1024;
/** A stream that has not given its first 64 KiB, or its end, by then is handed to its caller as it is. */
const PEEK_FOR_MS = 2_000;

/**
 * The JSON in a raw answer, before axios has parsed it and whatever form the caller wants it in; `undefined` when it
 * is not JSON or too long to be a refusal. What a stream gives stays in the stream.
 */
export async function readAnswerBody(
  data: unknown,
  peekable: RelayedStream | RelayedWebStream | undefined,
  clock: Clock,
): Promise<unknown> {
  if (peekable !== undefined) {
    let timer: ReturnType<Clock['setTimeout']> | undefined;
    const bytes = await peekable.peek(
      MOST_BYTES,
      (cancel) => (timer = clock.setTimeout(cancel, PEEK_FOR_MS, true)),
      looksLikeJson,
    );
    if (timer !== undefined) clock.clearTimeout(timer);
    return bytes === undefined ? undefined : parse(bytes.toString());
  }
  if (typeof data === 'string') return data.length > MOST_BYTES ? undefined : parse(data);
  if (types.isAnyArrayBuffer(data) || ArrayBuffer.isView(data)) {
    if (data.byteLength > MOST_BYTES) return undefined;
    return parse(
      ArrayBuffer.isView(data)
        ? Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString()
        : Buffer.from(data).toString(),
    );
  }
  if (data instanceof Blob) return data.size > MOST_BYTES ? undefined : parse(await data.text());
  // A custom adapter may have parsed it already.
  return typeof data === 'object' && data !== null ? data : undefined;
}

/** Where a raw answer is a stream, one of ours in its place; the caller's `data` from here on. */
export function relayAnswer(
  response: AxiosResponse,
  clean: (error: unknown) => unknown,
): RelayedStream | RelayedWebStream | undefined {
  const data: unknown = response.data;
  if (typeof data !== 'object' || data === null) return undefined;
  if (isNodeStream(data)) return (response.data = new RelayedStream(data, clean));
  if (data instanceof ReadableStream) {
    const relayed = new RelayedWebStream(data, clean);
    response.data = relayed.stream;
    return relayed;
  }
  return undefined;
}

/** Frees the connection of an answer that nobody will read. */
export function discardAnswer(response: AxiosResponse | undefined): void {
  const data: unknown = response?.data;
  if (data instanceof RelayedStream) data.destroy();
  else if (data instanceof ReadableStream) data.cancel().catch(() => undefined);
}

export function isNodeStream(data: object): data is import('node:stream').Readable {
  return typeof (data as { pipe?: unknown }).pipe === 'function';
}

function looksLikeJson(first: Buffer): boolean {
  const start = first.toString('latin1', 0, 64).replace(/^ï»¿/, '').trimStart();
  return start === '' || start.startsWith('{') || start.startsWith('[');
}

function parse(text: string): unknown {
  const json = text.replace(/^\uFEFF/, '').trim();
  if (!json.startsWith('{') && !json.startsWith('[')) return undefined;
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}
