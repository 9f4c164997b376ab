/** `npm start`: builds the demo and runs it. A port that is in use is told before the build, which takes a while. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const port = portOfDemo();
if (port !== undefined && (await isInUse(port))) {
  console.error(
    `Port ${port} is in use. End the program that uses it, or choose another port: npm start -- --port N (0: any free port).`,
  );
  process.exit(2);
}
const build = fileURLToPath(new URL('build.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [build, '--demo'], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
// The demo reads the same arguments, and says what is wrong with them.
await import(new URL('../dist/apps/demo/main.js', import.meta.url).href);

/** The port that the demo will use; `undefined` where it uses any, or none. */
function portOfDemo() {
  const { values } = parseArgs({ strict: false });
  if (values['help'] || values['h'] || values['live'] || values['once']) return undefined;
  const given = process.argv.findLast(
    (word, at, all) => all[at - 1] === '--port' || word.startsWith('--port='),
  );
  const wanted = Number(given?.replace('--port=', '') ?? process.env['PORT'] ?? '3000');
  return Number.isInteger(wanted) && wanted > 0 && wanted <= 65_535 ? wanted : undefined;
}

/** @param {number} wanted */
async function isInUse(wanted) {
  const server = createServer().listen(wanted, '127.0.0.1');
  try {
    await once(server, 'listening');
    return false;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EADDRINUSE';
  } finally {
    server.close();
  }
}
