import { createHmac } from 'node:crypto';
import { IncomingMessage, request as httpRequest, ServerResponse } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type INestApplication, Module, type NestApplicationOptions, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { PaymentsAuthModule } from 'nestjs-payments-auth';
import { LogLines } from './application.js';

export const PLATFORMS = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter({ bodyLimit: 20 * 1024 * 1024 })],
] as const;

export type Adapter = ExpressAdapter | FastifyAdapter;

export interface WebhookApplication {
  readonly app: INestApplication;
  readonly port: number;
  readonly url: string;
  readonly logger: LogLines;
}

export interface WebhookAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The parsed JSON. */
  readonly body: any;
}

const started: INestApplication[] = [];

export async function closeWebhookApplications(): Promise<void> {
  for (const app of started.splice(0)) await app.close();
}

/** An application that listens on this machine. */
export async function startWebhooks(
  adapter: Adapter,
  controllers: Type[],
  options: object,
  more: {
    readonly nest?: NestApplicationOptions;
    readonly prepare?: (app: INestApplication) => void;
    readonly providers?: any[];
    readonly imports?: any[];
  } = {},
): Promise<WebhookApplication> {
  @Module({
    imports: [PaymentsAuthModule.forRoot(options), ...(more.imports ?? [])],
    controllers,
    providers: more.providers ?? [],
  })
  class AppModule {}
  const logger = new LogLines();
  const app = await NestFactory.create(AppModule, adapter as ExpressAdapter, {
    rawBody: true,
    ...more.nest,
    logger,
    abortOnError: false,
  });
  started.push(app);
  more.prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, port, url: `http://127.0.0.1:${port}`, logger };
}

/** Sends a request over a socket. A header that is `undefined` is not sent. A list is sent as several headers. */
export function sendTo(
  port: number,
  path: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string | string[] | undefined>> = {},
  method = 'POST',
): Promise<WebhookAnswer> {
  const given = { 'content-type': 'application/json', ...headers };
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ port, host: '127.0.0.1', path, method, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve(answerOf(response.statusCode ?? 0, response.headers, Buffer.concat(chunks).toString())),
      );
    });
    for (const [name, value] of Object.entries(given)) if (value !== undefined) sent.setHeader(name, value);
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The request that an adapter for a function platform makes from an event, without a socket. */
export async function sendSynthetic(
  app: INestApplication,
  path: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<WebhookAnswer> {
  const bytes = Buffer.from(body);
  const request = new IncomingMessage(new Socket());
  Object.assign(request, { method: 'POST', url: path, complete: true, httpVersion: '1.1' });
  request.headers = {
    'content-type': 'application/json',
    'content-length': String(bytes.byteLength),
    host: 'function.example',
    ...headers,
  };
  request.push(bytes);
  request.push(null);
  const response = new ServerResponse(request);
  const written: Buffer[] = [];
  const sink = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk);
      done();
    },
  });
  response.assignSocket(sink as Socket);
  const finished = new Promise<void>((resolve) => response.once('finish', resolve));
  const instance = app.getHttpAdapter().getInstance() as {
    (request: IncomingMessage, response: ServerResponse): void;
    routing?: (request: IncomingMessage, response: ServerResponse) => void;
  };
  (instance.routing ?? instance)(request, response);
  await finished;
  const [, text = ''] = Buffer.concat(written).toString().split('\r\n\r\n');
  return answerOf(response.statusCode, response.getHeaders() as WebhookAnswer['headers'], text);
}

/** The signature in lower-case hex. */
export function hmacOf(message: string | Buffer, key: string): string {
  return createHmac('sha256', key).update(message).digest('hex');
}

function answerOf(status: number, headers: WebhookAnswer['headers'], text: string): WebhookAnswer {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { status, headers, text, body };
}
