import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deliver } from './deliver.js';

describe('deliver', () => {
  let server: Server;

  afterEach(() => server.close());

  it('adds no listener per byte while an answer drips', async () => {
    let response: ServerResponse | undefined;
    let before = 0;
    let last = 0;
    server = createServer((_request, answer) => {
      response = answer;
      before = answer.listenerCount('close');
      deliver(answer, { status: 200, body: 'x'.repeat(100) }, { dripMs: 0 });
      answer.once('prefinish', () => (last = answer.listenerCount('close')));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');

    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(await answer.text()).toBe('x'.repeat(100));
    expect(response?.headersSent).toBe(true);
    expect(last - before).toBe(1);
  });
});
