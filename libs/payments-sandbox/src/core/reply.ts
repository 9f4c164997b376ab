/** An answer of a provider, before it is sent. */
export interface Reply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A string or a buffer is sent as it is, and anything else as JSON. `undefined` means an empty body. */
  readonly body?: unknown;
}

/** How an answer is sent. */
export interface Delivery {
  /** Waits before the first byte. */
  readonly delayMs?: number;
  /** Sends byte by byte, with this pause between two bytes. */
  readonly dripMs?: number;
  /** Destroys the connection instead of answering, or in the middle of the answer. */
  readonly drop?: 'before-answer' | 'mid-answer';
  /** Never answers; the connection stays open. */
  readonly hang?: boolean;
  /** Goes on sending bytes after the body, without an end. */
  readonly endless?: boolean;
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, body, headers: { 'content-type': 'application/json; charset=utf-8', ...headers } };
}

export function html(status: number, title: string): Reply {
  const body = `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
  return { status, body, headers: { 'content-type': 'text/html; charset=utf-8' } };
}

/** The bytes of a reply's body. */
export function bytesOf(reply: Reply): Buffer {
  const { body } = reply;
  if (body === undefined) return Buffer.alloc(0);
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}
