import { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { BadRequestException } from '@nestjs/common';
import { isJsonObject } from '../building-blocks/json-value.js';
import { define } from '../own-properties.js';
import type { Clock } from '../payments-auth.clock.js';
import type { ReceivedParts } from '../providers/webhooks/received-message.js';
import { deadline } from '../within.js';
import type { WebhookDelivery } from './webhook-delivery.js';
import type { WebhookAcknowledgement } from '../providers/webhooks/webhook-scheme.js';

/** How long a body may take, from its first byte to its last, where no parser has read it. */
const READING_MS = 10_000;

const BODY = Symbol('PAYMENTS_AUTH:BODY');

/** The part that Express and Fastify requests have in common, and the place where Fastify keeps Node's own request. */
export interface HttpRequest extends Partial<
  Pick<Readable, 'readableDidRead' | 'readableLength' | 'destroyed'>
> {
  readonly method?: string;
  readonly originalUrl?: string;
  readonly url?: string;
  readonly headers?: ReceivedParts['headers'];
  readonly rawHeaders?: readonly string[];
  /** On Fastify. */
  readonly raw?: Readable & {
    readonly rawHeaders?: readonly string[];
    /** Of HTTP/2. */
    readonly stream?: { readonly endAfterHeaders?: boolean };
  };
  /** The stream of a body that no parser took, where Fastify has put another stream around it. */
  readonly [BODY]?: Readable;
  rawBody?: unknown;
  body?: unknown;
  readonly params?: unknown;
  readonly query?: unknown;
}

/** The bytes of a body cannot be had, and the sender is not the cause. */
export class BytesGone extends Error {
  override readonly name = 'BytesGone';
}

/** The body is too large, or takes too long to come. */
export class UnreadableBody extends Error {
  override readonly name = 'UnreadableBody';

  constructor(readonly reason: 'too-large' | 'too-slow' | 'malformed') {
    super(reason);
  }
}

/**
 * The bytes of the body, also where Nest or the platform has read it; `undefined` where none came. A body that no
 * code has read is read here, up to `maxBytes`, and its content encoding is undone.
 *
 * @throws BytesGone when a body came and only its parsed value is left
 * @throws UnreadableBody when the sender sends too much, or too slowly
 */
export async function bytesOf(
  request: HttpRequest,
  { maxBytes, clock }: { readonly maxBytes: number; readonly clock: Clock },
): Promise<Uint8Array | undefined> {
  const { rawBody, body } = request;
  const bytes = rawBody instanceof Uint8Array ? rawBody : body instanceof Uint8Array ? body : undefined;
  if (bytes !== undefined) {
    if (bytes.byteLength > maxBytes) throw new UnreadableBody('too-large');
    return bytes;
  }
  if (typeof rawBody === 'string')
    throw new BytesGone(
      'request.rawBody is text, and text that was decoded is not what was signed. Keep the bytes in it: a Buffer',
    );
  // The request that an adapter for a function platform makes may not be a stream.
  const stream: Partial<Readable> = request[BODY] ?? request.raw ?? request;
  const isUnread = stream.readableDidRead === false && stream.destroyed !== true;
  if (isUnread && (isAnnounced(request) || stream === request[BODY] || (stream.readableLength ?? 0) > 0)) {
    return read(stream as Readable, request.headers?.['content-encoding'], maxBytes, clock);
  }
  if (isAnnounced(request) || isFilled(body)) throw new BytesGone('the bytes of the body are gone');
  return undefined;
}

/** Keeps a body that no parser took, so that the guard can read it. */
export function keepBody(request: object, body: Readable): void {
  define(request, BODY, { value: body, configurable: true });
}

/**
 * A compressed body, inflated while it is read; `undefined` for a coding that is not known here. It counts the bytes
 * that came, because Fastify compares that number with its limits.
 */
export function inflated(stream: Readable, encoding: string): Readable | undefined {
  const decoder = codingOf(encoding)?.();
  if (decoder === undefined) return undefined;
  async function* chunks(): AsyncGenerator<Buffer> {
    // Inflating starts when the body is read. Before that, no code would handle its errors.
    const isOver = () => void (stream.readableEnded || decoder?.destroy());
    stream.once('error', isOver).once('close', isOver);
    try {
      for await (const chunk of stream.pipe(decoder as Inflating)) yield chunk as Buffer;
    } catch {
      // The sender caused this, so the application logs nothing.
      throw new BadRequestException('The body is not compressed as its Content-Encoding says');
    }
  }
  const body = Readable.from(chunks(), { objectMode: false }).on('error', () => undefined);
  return define(body, 'receivedEncodedLength', { get: () => decoder.bytesWritten });
}

/** The message in a request of either platform. */
export function partsOf(request: HttpRequest, rawBody: Uint8Array | undefined, url?: string): ReceivedParts {
  const { method, originalUrl, headers, body, query, raw } = request;
  return {
    method,
    target: originalUrl ?? request.url,
    url,
    headers,
    rawHeaders: request.rawHeaders ?? raw?.rawHeaders,
    query: isJsonObject(query) ? query : undefined,
    rawBody,
    parameters: body,
  };
}

/** Whether the request says that a body comes with it. */
function isAnnounced({ headers = {}, raw }: HttpRequest): boolean {
  if (raw?.stream?.endAfterHeaders === false) return true;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function isFilled(body: unknown): boolean {
  return typeof body === 'object' && body !== null ? Object.keys(body).length > 0 : Boolean(body);
}

async function read(
  stream: Readable,
  encoding: unknown,
  maxBytes: number,
  clock: Clock,
): Promise<Uint8Array> {
  const decoder = decoderOf(encoding);
  const source = decoder === undefined ? stream : stream.pipe(decoder);
  const chunks: Buffer[] = [];
  let length = 0;
  await new Promise<void>((resolve, reject) => {
    const end = (error?: UnreadableBody) => {
      callOff();
      stream.removeListener('error', onError).removeListener('close', onClose);
      source.removeListener('error', onError).removeListener('data', onData).removeListener('end', onEnd);
      if (error === undefined) resolve();
      else {
        if (decoder !== undefined) stream.unpipe(decoder).on('error', () => undefined);
        decoder?.on('error', () => undefined).destroy();
        reject(error);
      }
    };
    const onData = (chunk: Buffer) => {
      length += chunk.byteLength;
      if (length > maxBytes) end(new UnreadableBody('too-large'));
      else chunks.push(chunk);
    };
    const onEnd = () => end();
    const onError = () => end(new UnreadableBody('malformed'));
    const onClose = () => {
      if (!stream.readableEnded) onError();
    };
    const callOff = deadline(clock, READING_MS, () => end(new UnreadableBody('too-slow')), true);
    stream.on('error', onError).on('close', onClose);
    if (decoder !== undefined) decoder.on('error', onError);
    source.on('data', onData).on('end', onEnd);
  });
  return Buffer.concat(chunks);
}

type Inflating = ReturnType<typeof createGunzip>;

/** The decoders, by the name of the coding. */
const DECODERS: Readonly<Record<string, (() => Inflating) | undefined>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/**
 * The decoder for a `Content-Encoding`; `undefined` where the body is not encoded.
 *
 * @throws UnreadableBody for a coding that is not known here
 */
function decoderOf(encoding: unknown): Inflating | undefined {
  if (typeof encoding !== 'string' || ['', 'identity'].includes(encoding.trim().toLowerCase()))
    return undefined;
  const decoder = codingOf(encoding)?.();
  if (decoder === undefined) throw new UnreadableBody('malformed');
  return decoder;
}

function codingOf(encoding: string): (() => Inflating) | undefined {
  const name = encoding.trim().toLowerCase();
  return Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined;
}

const VERIFIED = Symbol('PAYMENTS_AUTH:VERIFIED');

/** The result of the guard for a request. */
export interface VerifiedRequest {
  readonly deliveries: readonly WebhookDelivery[];
  readonly isBatch: boolean;
  readonly acknowledge?: WebhookAcknowledgement;
}

/** Keeps the result with the request, where a log of the request does not show it. */
export function keepVerified(request: object, verified: VerifiedRequest): void {
  define(request, VERIFIED, { value: verified, configurable: true });
}

export function verifiedRequest(request: object): VerifiedRequest | undefined {
  return (request as { [VERIFIED]?: VerifiedRequest })[VERIFIED];
}
