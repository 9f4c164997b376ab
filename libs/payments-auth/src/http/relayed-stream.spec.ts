import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { inspect } from 'node:util';
import { RelayedStream } from './relayed-stream.js';
import { RelayedWebStream } from './relayed-web-stream.js';

const relay = (source: Readable) => new RelayedStream(source, (error) => error);
const web = (source: ReadableStream) => new RelayedWebStream(source, (error) => error);
const tick = () => new Promise(setImmediate);
const always = () => true;
const never = () => undefined;

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('a relayed stream', () => {
  it('gives what its source gives, and has no property that leads to the request', async () => {
    const source = Object.assign(Readable.from(['a', 'b']), { marker: 'of-the-source' });
    const relayed = relay(source);
    expect(inspect(relayed, { depth: Infinity, showHidden: true })).not.toContain('of-the-source');
    expect(await textOf(relayed)).toBe('ab');
  });

  it('reads its source only as fast as it is read itself', async () => {
    let made = 0;
    const source = new Readable({
      highWaterMark: 1024,
      read() {
        made += 1;
        this.push(made > 1_000 ? null : Buffer.alloc(1024));
      },
    });
    const relayed = relay(source);
    relayed.read(0);
    for (let turn = 0; turn < 20; turn += 1) await tick();
    expect(made).toBeLessThan(100);
    let size = 0;
    for await (const chunk of relayed) size += chunk.length;
    expect(size).toBe(1_000 * 1024);
  });

  it('ends its source when it is destroyed', async () => {
    const source = new PassThrough();
    relay(source).destroy();
    await tick();
    expect(source.destroyed).toBe(true);
  });

  it('does not touch a source that has ended', async () => {
    const source = new PassThrough({ autoDestroy: false });
    source.end('x');
    expect(await textOf(relay(source))).toBe('x');
    expect(source.destroyed).toBe(false);
  });

  it('fails when its source fails, also for a late reader, and needs no reader to be harmless', async () => {
    const source = new PassThrough();
    const [relayed, unread] = [relay(source), relay(source)];
    source.write('x');
    source.destroy(new Error('broken'));
    await tick();
    expect(unread.destroyed).toBe(false);
    await expect(textOf(relayed)).rejects.toThrow('broken');
  });

  it('closes when its source closes without an error', async () => {
    const source = new PassThrough();
    const read = textOf(relay(source));
    await tick();
    source.destroy();
    await expect(read).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
  });

  it('can be looked at without losing a byte', async () => {
    const relayed = relay(Readable.from(['{"a":', '1}']));
    expect(String(await relayed.peek(1_000, never, always))).toBe('{"a":1}');
    const sink = new PassThrough();
    const [text] = await Promise.all([textOf(sink), pipeline(relayed, sink)]);
    expect(text).toBe('{"a":1}');
  });

  it.each<[string, number, (first: Buffer) => boolean]>([
    ['it is too long', 10, always],
    ['it does not look like it', 1_000_000, () => false],
  ])('is looked at no further when %s', async (_, most, worthIt) => {
    const long = 'x'.repeat(200_000);
    const relayed = relay(Readable.from([long.slice(0, 100_000), long.slice(100_000)]));
    expect(await relayed.peek(most, never, worthIt)).toBeUndefined();
    expect(await textOf(relayed)).toBe(long);
  });

  it('is handed over as it is when a look at it takes too long', async () => {
    const source = new PassThrough();
    const relayed = relay(source);
    source.write('{');
    let cancel: () => void = never;
    const peeked = relayed.peek(1_000, (given) => (cancel = given), always);
    await tick();
    cancel();
    expect(await peeked).toBeUndefined();
    source.end('}');
    expect(await textOf(relayed)).toBe('{}');
  });

  it('gives its error to its reader when it breaks during a look', async () => {
    const source = new PassThrough();
    const relayed = relay(source);
    source.write('{');
    const peeked = relayed.peek(1_000, never, always);
    await tick();
    source.destroy(new Error('broken'));
    expect(await peeked).toBeUndefined();
    await expect(textOf(relayed)).rejects.toThrow('broken');
  });
});

describe('a relayed web stream', () => {
  it('gives what its source gives, looked at or not', async () => {
    expect(await textOf(web(new Blob(['ab']).stream()).stream)).toBe('ab');
    const looked = web(new Blob(['{}']).stream());
    expect(String(await looked.peek(10, never, always))).toBe('{}');
    expect(await textOf(looked.stream)).toBe('{}');
    const long = web(new Blob(['x'.repeat(100_000)]).stream());
    expect(await long.peek(10, never, always)).toBeUndefined();
    expect(await textOf(long.stream)).toHaveLength(100_000);
  });

  it('is handed over as it is when a look at it takes too long', async () => {
    let controller: ReadableStreamDefaultController | undefined;
    const relayed = web(new ReadableStream({ start: (given) => void (controller = given) }));
    let cancel: () => void = never;
    const peeked = relayed.peek(10, (given) => (cancel = given), always);
    cancel();
    expect(await peeked).toBeUndefined();
    controller?.enqueue(Buffer.from('late'));
    controller?.close();
    expect(await textOf(relayed.stream)).toBe('late');
  });

  it('fails and is cancelled as its source', async () => {
    const failing = web(new ReadableStream({ pull: (controller) => controller.error(new Error('broken')) }));
    expect(await failing.peek(10, never, always)).toBeUndefined();
    await expect(textOf(failing.stream)).rejects.toThrow('broken');
    let cancelled: unknown;
    await web(new ReadableStream({ cancel: (reason) => void (cancelled = reason) })).stream.cancel('enough');
    expect(cancelled).toBe('enough');
  });
});
