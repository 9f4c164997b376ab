import { type OnModuleInit, UnsupportedMediaTypeException } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Readable } from 'node:stream';
import { inflated, keepBody } from './webhook-request.js';
import type { WebhookHandler } from './webhook-routes.js';

/** Where Nest's Fastify adapter takes the `config` of a route from, and what it says here. */
const ROUTE_CONFIG = '__fastify_route_config__';
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
 * Lets bodies of every type reach the guard on Fastify. There, a body whose type no parser takes is 415 before any guard
 * runs. Every other route answers as before.
 */
export class FastifyWebhooks implements OnModuleInit {
  readonly #host: HttpAdapterHost;
  readonly #handlers: readonly WebhookHandler[];

  constructor(host: HttpAdapterHost, handlers: readonly WebhookHandler[]) {
    this.#host = host;
    this.#handlers = handlers;
    // Before the routes are registered, and again at each handler: a decorator of the application may have set it too.
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
    // The body is left where it is: the guard reads it, for as many bytes as the route allows.
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
 * A body as Fastify's parsers can take it. Fastify undoes no compression, and answers 415 to a type that is none, and 400 to
 * JSON that is empty.
 */
function readable({ headers }: FastifyRequest, payload: Readable): Readable {
  const { 'content-type': type = '', 'content-encoding': encoding, 'content-length': length } = headers;
  if (length === '0' || !MEDIA_TYPE.test(String(type))) delete headers['content-type'];
  const body = typeof encoding === 'string' ? inflated(payload, encoding) : undefined;
  if (body !== undefined) delete headers['content-encoding'];
  return body ?? payload;
}

/** A parser that the application has for the type stays. */
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

/** A handler that two controllers inherit is guarded in the one and maybe not in the other: the path tells. */
function takesAnyBody({ routeOptions }: FastifyRequest): boolean {
  const paths = (routeOptions?.config?.[TAKES_ANY_BODY] ?? []) as readonly string[];
  const url = `${routeOptions?.url ?? ''}/`;
  return paths.some((path) => path === '' || url.includes(`/${path}/`));
}
