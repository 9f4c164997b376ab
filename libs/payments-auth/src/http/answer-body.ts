import { types } from 'node:util';
import type { AxiosResponse } from 'axios';
import { parsedJson } from '../own-properties.js';
import type { Clock } from '../payments-auth.clock.js';
import { answerText } from '../strategies/answer-text.js';
import type { ApiAnswer } from '../strategies/strategy.js';
import { RelayedStream } from './relayed-stream.js';
import { RelayedWebStream } from './relayed-web-stream.js';

/** A longer body is not read, because no refusal of a credential is longer. */
const MOST_BYTES = 64 * 1024;
/** A stream that gives neither its first 64 KiB nor its end within this time is handed to its caller as it is. */
const PEEK_FOR_MS = 2_000;

/** The parts of a body that definitions get. */
type AnswerBody = Pick<ApiAnswer, 'body' | 'text'>;

const NOTHING: AnswerBody = { body: undefined, text: '' };

/**
 * The body of a raw answer, before axios has parsed it and whatever form the caller wants it in. The bytes that are
 * read from a stream stay in the stream.
 *
 * @param leftMs what is left of the call's time
 */
export async function readAnswerBody(
  data: unknown,
  peekable: RelayedStream | RelayedWebStream | undefined,
  contentType: string | undefined,
  { clock, leftMs = Infinity }: { readonly clock: Clock; readonly leftMs: number | undefined },
): Promise<AnswerBody> {
  if (peekable !== undefined) {
    let timer: ReturnType<Clock['setTimeout']> | undefined;
    const bytes = await peekable.peek(
      MOST_BYTES,
      (cancel) => (timer = clock.setTimeout(cancel, Math.min(PEEK_FOR_MS, leftMs), true)),
      looksLikeJson,
    );
    if (timer !== undefined) clock.clearTimeout(timer);
    return bytes === undefined ? NOTHING : bodyOf(bytes, contentType);
  }
  // axios has decoded a text already, in the character set of the answer.
  if (typeof data === 'string') return bodyOf(Buffer.from(data), undefined);
  if (types.isAnyArrayBuffer(data)) return bodyOf(new Uint8Array(data), contentType);
  if (ArrayBuffer.isView(data))
    return bodyOf(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), contentType);
  if (data instanceof Blob)
    return bodyOf(new Uint8Array(await data.slice(0, MOST_BYTES + 1).arrayBuffer()), contentType);
  // A custom adapter may have parsed the body already.
  return typeof data === 'object' && data !== null
    ? { body: parsedJson(JSON.stringify(data)), text: '' }
    : NOTHING;
}

function bodyOf(bytes: Uint8Array, contentType: string | undefined): AnswerBody {
  const text = answerText(bytes, contentType);
  return { body: bytes.byteLength > MOST_BYTES ? undefined : parse(text), text };
}

/** Replaces the stream of a raw answer by one of this library. The caller gets that stream as `data`. */
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

/** Frees the connection of an answer that no code will read. */
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
    return parsedJson(json);
  } catch {
    return undefined;
  }
}
