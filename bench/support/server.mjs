/**
 * A lean provider in a process of its own: OAuth 2.0 client credentials as Cryptofuse has them, and a protected resource.
 * It does as little as it can, so that what is measured is the client. Controlled over IPC.
 */
import { createServer } from 'node:http';

const state = {
  lifetimeMs: 3_600_000,
  tokenDelayMs: 0,
  tokenBytes: 32,
  issued: 0,
  /** Tokens with a smaller number than this are refused. */
  revokedBelow: 0,
  counts: { tokenRequests: 0, mostAtOnce: 0, calls: 0, refused: 0, executed: 0, executedTwice: 0 },
};
const executed = new Set();
let atOnce = 0;

const REFUSAL = JSON.stringify({
  error: { code: 'authentication_failed', message: 'Invalid authentication credentials' },
});

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    if (request.url === '/o/token/') issue(response);
    else serve(request, response);
  });
});
server.keepAliveTimeout = 60_000;

function issue(response) {
  const { counts } = state;
  counts.tokenRequests += 1;
  counts.mostAtOnce = Math.max(counts.mostAtOnce, (atOnce += 1));
  setTimeout(() => {
    atOnce -= 1;
    state.issued += 1;
    const token = `${state.issued}.${Date.now() + state.lifetimeMs}.`.padEnd(state.tokenBytes, 'x');
    const body = {
      access_token: token,
      token_type: 'Bearer',
      expires_in: state.lifetimeMs / 1_000,
      scope: 'read write',
    };
    answer(response, 200, JSON.stringify(body));
  }, state.tokenDelayMs);
}

function serve(request, response) {
  const { counts } = state;
  counts.calls += 1;
  const [number, expiresAtMs] = (request.headers.authorization ?? '').replace('Bearer ', '').split('.');
  const isGood = Number(number) > state.revokedBelow && Number(expiresAtMs) > Date.now();
  if (!isGood && request.url !== '/open/') {
    counts.refused += 1;
    return answer(response, 401, REFUSAL);
  }
  const key = request.headers['idempotency-key'];
  if (key !== undefined) {
    counts.executed += 1;
    if (executed.has(key)) counts.executedTwice += 1;
    executed.add(key);
  }
  return answer(response, 200, '{"status":"ok"}');
}

function answer(response, status, body) {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

const COMMANDS = {
  set: (values) => Object.assign(state, values),
  revoke: () => (state.revokedBelow = state.issued),
  reset: () => {
    executed.clear();
    for (const name of Object.keys(state.counts)) state.counts[name] = 0;
  },
  counts: () => ({ ...state.counts }),
};

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', ({ id, command, argument }) => {
  process.send({ id, result: COMMANDS[command](argument) });
});
process.on('disconnect', () => process.exit());
