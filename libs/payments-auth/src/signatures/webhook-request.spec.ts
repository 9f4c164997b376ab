import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { failure } from '../../../../test/support/waiting.js';
import { ManualClock } from '../testing/manual-clock.js';
import { bytesOf, inflated } from './webhook-request.js';

/** A body that no parser has read, as Fastify keeps it, and how it is read. */
function arriving(headers: Readonly<Record<string, string>> = { 'transfer-encoding': 'chunked' }) {
  const stream = new PassThrough();
  const clock = new ManualClock();
  const reading = bytesOf({ raw: stream, headers }, { maxBytes: 1_000, clock });
  const listeners = () =>
    ['data', 'end', 'error', 'close'].map((event) => [event, stream.listenerCount(event)]);
  return { stream, clock, reading, listeners };
}

describe('a body that no parser has read', () => {
  it('is read to its end, in any number of pieces', async () => {
    const { stream, reading } = arriving();
    for (const piece of ['{"a"', ':', '1}']) stream.write(piece);
    stream.end();
    expect(Buffer.from((await reading) ?? []).toString()).toBe('{"a":1}');
  });

  it('is refused when it takes longer than ten seconds, whatever has arrived', async () => {
    const { stream, clock, reading, listeners } = arriving();
    const before = listeners();
    const refused = failure(reading);
    for (let second = 0; second < 9; second += 1) {
      stream.write('x');
      await clock.advance(1_000);
    }
    stream.write('x');
    await clock.advance(1_001);
    expect(await refused).toMatchObject({ reason: 'too-slow' });
    for (const [event, count] of listeners())
      expect(count).toBeLessThan(before.find(([each]) => each === event)?.[1] as number);
  });

  it('is refused before its end when it is larger than allowed', async () => {
    const { stream, reading } = arriving();
    stream.write('x'.repeat(1_001));
    await expect(reading).rejects.toMatchObject({ reason: 'too-large' });
  });

  it('is refused when the sender closes the connection', async () => {
    const { stream, reading } = arriving();
    stream.write('x');
    stream.destroy();
    await expect(reading).rejects.toMatchObject({ reason: 'malformed' });
  });

  it('is inflated no further than allowed', async () => {
    const { stream, reading } = arriving({ 'transfer-encoding': 'chunked', 'content-encoding': 'gzip' });
    stream.end(gzipSync(Buffer.alloc(50_000_000)));
    await expect(reading).rejects.toMatchObject({ reason: 'too-large' });
  });

  it('is refused in an unknown content encoding', async () => {
    const { reading } = arriving({ 'transfer-encoding': 'chunked', 'content-encoding': 'zstd' });
    await expect(reading).rejects.toMatchObject({ reason: 'malformed' });
  });
});

describe('a compressed body', () => {
  it('counts the bytes that arrived, and is read only when a reader asks for it', async () => {
    const stream = new PassThrough();
    const compressed = gzipSync('{"a":1}');
    const body = inflated(stream, 'GZIP');
    stream.end(compressed);
    const chunks: Buffer[] = [];
    for await (const chunk of body ?? []) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe('{"a":1}');
    expect(body).toMatchObject({ receivedEncodedLength: compressed.byteLength });
  });

  it('fails without ending the process, also when nobody reads it', async () => {
    const stream = new PassThrough();
    const body = inflated(stream, 'gzip');
    stream.end('this is not compressed');
    await expect(
      (async () => {
        for await (const _ of body ?? []) continue;
      })(),
    ).rejects.toMatchObject({ status: 400 });
    inflated(new PassThrough().end('nor is this'), 'gzip');
    await new Promise(setImmediate);
  });

  it('is left alone where it is not compressed', () => {
    for (const coding of ['identity', '', 'zstd', 'constructor'])
      expect(inflated(new PassThrough(), coding)).toBeUndefined();
  });
});
