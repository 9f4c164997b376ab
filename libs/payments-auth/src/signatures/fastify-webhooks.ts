import { type OnModuleInit, UnsupportedMediaTypeException } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Readable } from 'node:stream';
import { inflated, keepBody } from './webhook-request.js';
import type { WebhookHandler } from './webhook-routes.js';

/** The metadata key from which Nest's Fastify adapter takes the `config` of a route. */
const ROUTE_CONFIG = '__fastify_route_config__';
/** A key in that `config`: the paths of the controllers whose routes take a body of any type. */
const TAKES_ANY_BODY = 'PAYMENTS_AUTH:TAKES_ANY_BODY';

interface FastifyRequest {
  readonly is404?: boolean;
  readonly routeOptions?: { readonly url?: string; readonly config?: Readonly<Record<string, unknown>> };
  readonly headers: Record<string, string | string[] | undefined>;
  rawBody?: unknown;
}

type Done = (error: Error | null, body?: unknown) => void;

interface FastifyInstance {
  addContentTypeParser(
    type: string,
    options: { readonly parseAs?: 'buffer' },
    parser: (request: FastifyRequest, payload: unknown, done: Done) => void,
  ): void;
  addHook(
    name: 'preParsing',
    hook: (request: FastifyRequest, reply: unknown, payload: Readable, done: Done) => void,
  ): void;
}

/**
 * Lets bodies of every type reach the guard on Fastify. Otherwise Fastify answers 415 to a body whose type no parser
 * takes, before any guard runs. Every other route answers as before.
 */
export class FastifyWebhooks implements OnModuleInit {
  readonly #host: HttpAdapterHost;
  readonly #handlers: readonly WebhookHandler[];

  constructor(host: HttpAdapterHost, handlers: readonly WebhookHandler[]) {
    this.#host = host;
    this.#handlers = handlers;
    // This runs before the routes are registered. It keeps the `config` that a decorator of the application has set,
    // and the paths of other controllers with the same handler.
    for (const { method, paths } of handlers) {
      const config = (Reflect.getMetadata(ROUTE_CONFIG, method) ?? {}) as Readonly<Record<string, unknown>>;
      const known = (config[TAKES_ANY_BODY] ?? []) as readonly string[];
      Reflect.defineMetadata(
        ROUTE_CONFIG,
        { ...config, [TAKES_ANY_BODY]: [...new Set([...known, ...paths])] },
        method,
      );
    }
  }

  onModuleInit(): void {
    const adapter = this.#host.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    if (this.#handlers.length === 0 || adapter?.getType() !== 'fastify') return;
    const instance = adapter.getInstance<FastifyInstance>();
    instance.addHook('preParsing', (request, _reply, payload, done) => {
      done(null, takesAnyBody(request) ? readable(request, payload) : payload);
    });
    // The body is not read here. The guard reads it, up to as many bytes as the route allows.
    addParser(instance, '*', {}, (request, payload, done) => {
      const isTaken = takesAnyBody(request);
      if (isTaken) keepBody(request, payload as Readable);
      if (request.is404 === true || isTaken) done(null);
      else done(new UnsupportedMediaTypeException());
    });
    addParser(instance, 'text/plain', { parseAs: 'buffer' }, (request, payload, done) => {
      const bytes = payload as Buffer;
      if (takesAnyBody(request)) request.rawBody = bytes;
      done(null, bytes.toString('utf8'));
    });
  }
}

const MEDIA_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(?:;|$)/;

/**
 * Prepares a body for Fastify's parsers. Fastify does not decompress a body, and answers 415 to a malformed content
 * type and 400 to empty JSON.
 */
function readable({ headers }: FastifyRequest, payload: Readable): Readable {
  const { 'content-type': type = '', 'content-encoding': encoding, 'content-length': length } = headers;
  if (length === '0' || !MEDIA_TYPE.test(String(type))) delete headers['content-type'];
  const body = typeof encoding === 'string' ? inflated(payload, encoding) : undefined;
  if (body !== undefined) delete headers['content-encoding'];
  return body ?? payload;
}

/** Adds a parser, unless the application has one for the type already. */
function addParser(
  instance: FastifyInstance,
  ...parser: Parameters<FastifyInstance['addContentTypeParser']>
): void {
  try {
    instance.addContentTypeParser(...parser);
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code !== 'FST_ERR_CTP_ALREADY_PRESENT') throw error;
  }
}

/** Two controllers can inherit one handler, and it can be guarded in only one of them. So the path is compared too. */
function takesAnyBody({ routeOptions }: FastifyRequest): boolean {
  const paths = (routeOptions?.config?.[TAKES_ANY_BODY] ?? []) as readonly string[];
  const url = `${routeOptions?.url ?? ''}/`;
  return paths.some((path) => path === '' || url.includes(`/${path}/`));
}
