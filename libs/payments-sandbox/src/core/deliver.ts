import type { ServerResponse } from 'node:http';
import { bytesOf, type Delivery, type Reply } from './reply.js';

const FILLER = Buffer.alloc(64 * 1024, ' ');

/** Sends an answer in the way that `delivery` asks for. No timer here keeps the process alive. */
export function deliver(response: ServerResponse, reply: Reply, delivery: Delivery): void {
  if (delivery.hang === true) return;
  const send = () => {
    if (response.destroyed) return;
    if (delivery.drop === 'before-answer') response.destroy();
    else start(response, reply, delivery);
  };
  if (delivery.delayMs === undefined) send();
  else after(response, delivery.delayMs, send);
}

function start(response: ServerResponse, reply: Reply, delivery: Delivery): void {
  const bytes = bytesOf(reply);
  const isPlain = delivery.drop === undefined && delivery.dripMs === undefined && delivery.endless !== true;
  // `Date` shows the provider's clock, which may be wrong on purpose.
  response.sendDate = false;
  response.writeHead(reply.status, {
    ...reply.headers,
    ...(isPlain && reply.status !== 204 ? { 'content-length': String(bytes.length) } : {}),
  });
  if (isPlain) response.end(bytes);
  else if (delivery.drop === 'mid-answer') cut(response, bytes);
  else if (delivery.dripMs !== undefined) drip(response, bytes, delivery);
  else flood(response, bytes);
}

/** Sends half of the body and then destroys the connection. */
function cut(response: ServerResponse, bytes: Buffer): void {
  response.write(bytes.subarray(0, Math.max(1, bytes.length >> 1)), () => response.destroy());
}

/** One listener clears the current timer, so that a long answer does not add a listener for each byte. */
function drip(response: ServerResponse, bytes: Buffer, { dripMs = 0, endless = false }: Delivery): void {
  let sent = 0;
  let timer: NodeJS.Timeout | undefined;
  response.once('close', () => clearTimeout(timer));
  const next = () => {
    if (response.destroyed) return;
    if (sent < bytes.length) response.write(bytes.subarray(sent, sent + 1));
    else if (endless) response.write(' ');
    else {
      response.end();
      return;
    }
    sent += 1;
    timer = setTimeout(next, dripMs).unref();
  };
  next();
}

/** Sends as fast as the client reads. */
function flood(response: ServerResponse, bytes: Buffer): void {
  const more = () => {
    if (!response.destroyed) response.write(FILLER, () => setImmediate(more).unref());
  };
  response.write(bytes, more);
}

function after(response: ServerResponse, delayMs: number, next: () => void): void {
  const timer = setTimeout(next, delayMs).unref();
  response.once('close', () => clearTimeout(timer));
}
