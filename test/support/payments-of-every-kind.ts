import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { AxiosRequestConfig } from 'axios';
import NpmFormData from 'form-data';

/** Random numbers that can be repeated: the same seed gives the same sequence. */
export function seededRandom(seed: string): {
  /** A number from 0 (included) to 1 (excluded). */
  readonly number: () => number;
  readonly integer: (below: number) => number;
  readonly pick: <T>(from: readonly T[]) => T;
} {
  let count = 0;
  const number = () => createHash('sha256').update(`${seed}:${count++}`).digest().readUInt32BE() / 2 ** 32;
  const integer = (below: number) => Math.floor(number() * below);
  return { number, integer, pick: (from) => from[integer(from.length)] as (typeof from)[number] };
}

interface Body {
  readonly data?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A body in every form in which axios takes one. `text` has characters of more than one byte. */
const BODIES: Readonly<Record<string, (text: string, boundary: string) => Body>> = {
  object: (text) => ({ data: { amount: '10', description: text } }),
  string: (text) => ({
    data: JSON.stringify({ amount: '10', description: text }),
    headers: { 'Content-Type': 'application/json' },
  }),
  Buffer: (text) => ({ data: Buffer.from(text), headers: { 'Content-Type': 'application/octet-stream' } }),
  URLSearchParams: (text) => ({ data: new URLSearchParams({ amount: '10', description: text }) }),
  'native FormData': (text, boundary) => {
    const data = new FormData();
    data.append('amount', '10');
    data.append('receipt', new Blob([text]), 'receipt.txt');
    // Without a fixed boundary, axios makes a new one for each attempt, and the bytes could not be compared.
    return { data, headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` } };
  },
  'npm form-data': (text) => {
    const data = new NpmFormData();
    data.append('receipt', Buffer.from(text), 'receipt.txt');
    return { data };
  },
  Readable: (text) => ({
    data: Readable.from([Buffer.from(text.slice(0, 5)), Buffer.from(text.slice(5))]),
    headers: { 'Content-Type': 'text/plain' },
  }),
  empty: () => ({}),
};

export const BODY_KINDS = Object.keys(BODIES);

/** The kinds of bodies that cannot be sent a second time. */
export const SENT_ONCE: readonly string[] = ['npm form-data', 'Readable'];

/** A payment that the sandbox counts by its key, for every kind of body. */
export function paymentOf(kind: string, key: string): AxiosRequestConfig {
  const boundary = `boundary-${createHash('sha256').update(key).digest('hex').slice(0, 24)}`;
  const { headers, ...body } = BODIES[kind]?.(`crème brûlée ${key}`, boundary) ?? {};
  return {
    method: 'POST',
    url: '/sandbox/payments',
    ...body,
    headers: { ...headers, 'Idempotency-Key': key },
  };
}
