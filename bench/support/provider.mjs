import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Starts the lean provider in a process of its own. */
export async function startProvider() {
  const child = fork(fileURLToPath(new URL('./server.mjs', import.meta.url)));
  const [{ port }] = await once(child, 'message');
  const waiting = new Map();
  let lastId = 0;
  child.on('message', ({ id, result }) => {
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  const ask = (command, argument) =>
    new Promise((resolve) => {
      waiting.set((lastId += 1), resolve);
      child.send({ id: lastId, command, argument });
    });
  return {
    url: `http://127.0.0.1:${port}`,
    set: (values) => ask('set', values),
    revoke: () => ask('revoke'),
    reset: () => ask('reset'),
    counts: () => ask('counts'),
    close: async () => {
      const exit = once(child, 'exit');
      child.disconnect();
      await exit;
    },
  };
}
