import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from './payments-auth.clock.js';
import { ManualClock } from './testing/manual-clock.js';
import { within } from './within.js';

const never = new Promise<never>(() => undefined);

describe('a wait that is bounded in time', () => {
  it('settles as the promise does, and leaves no timer behind', async () => {
    const clock = new ManualClock();
    expect(await within(clock, 1_000, Promise.resolve('here'), () => 'late')).toBe('here');
    await expect(within(clock, 1_000, Promise.reject(new Error('no')), () => 'late')).rejects.toThrow('no');
    expect(clock.pendingTimers).toBe(0);
  });

  it('settles as the caller chose when the time is up', async () => {
    const clock = new ManualClock();
    const value = within(clock, 1_000, never, () => 'late');
    const thrown = within(clock, 1_000, never, () => {
      throw new Error('too late');
    });
    thrown.catch(() => undefined);
    await clock.advance(1_000);
    expect(await value).toBe('late');
    await expect(thrown).rejects.toThrow('too late');
  });

  it('gives an answer that lay in the socket while the process was busy', async () => {
    const server = createServer((socket) =>
      socket.on('data', (data) => {
        socket.write(data);
        // From here on the answer lies in the socket, and the deadline passes.
        for (const untilMs = performance.now() + 60; performance.now() < untilMs;);
      }),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as { port: number }).port, '127.0.0.1');
    await once(socket, 'connect');
    const answer = once(socket, 'data').then(() => 'in time');
    socket.write('question');
    const outcome = await within(systemClock, 30, answer, () => 'late');
    socket.destroy();
    server.close();
    expect(outcome).toBe('in time');
  });
});
