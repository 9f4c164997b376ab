/**
 * A lean provider in a process of its own: OAuth 2.0 client credentials as Cryptofuse has them, and a protected resource.
 * It does as little as possible, so that the figures are those of the client. It is controlled over IPC.
 *
 * A token is `<number>.<ends at>.<client id>.<filling>`, so that the provider does not have to remember tokens.
 */
import { createServer } from 'node:http';

const state = {
  lifetimeMs: 3_600_000,
  tokenDelayMs: 0,
  tokenBytes: 32,
  issued: 0,
  /** Tokens with a smaller number than this are refused. */
  revokedBelow: 0,
  /** A token is refused until it is this old. */
  youngMs: 0,
  /** The next token request ends every token, also the token in its own answer. */
  killsWithNext: false,
  /** The token endpoint answers 429 to client ids that begin with this. */
  limited: undefined,
  /** The token endpoint does not answer client ids that begin with this. */
  hanging: undefined,
  counts: none(),
};
const executed = new Set();
/** Client ids with at least one call that was answered 200. */
const served = new Set();
let atOnce = 0;

const REFUSAL = JSON.stringify({
  error: { code: 'authentication_failed', message: 'Invalid authentication credentials' },
});

const server = createServer((request, response) => {
  if (request.url !== '/o/token/') {
    request.resume();
    request.on('end', () => serve(request, response));
    return;
  }
  let form = '';
  request.on('data', (chunk) => (form += chunk));
  request.on('end', () => issue(clientOf(request, form), response));
});
server.keepAliveTimeout = 60_000;

function none() {
  return {
    tokenRequests: 0,
    mostAtOnce: 0,
    abortedLogins: 0,
    calls: 0,
    refused: 0,
    executed: 0,
    executedTwice: 0,
  };
}

/** The client id, from the Basic header or from the form. */
function clientOf({ headers: { authorization = '' } }, form) {
  if (!authorization.startsWith('Basic ')) return new URLSearchParams(form).get('client_id') ?? '';
  return decodeURIComponent(Buffer.from(authorization.slice(6), 'base64').toString().split(':')[0]);
}

function issue(client, response) {
  const { counts } = state;
  counts.tokenRequests += 1;
  counts.mostAtOnce = Math.max(counts.mostAtOnce, (atOnce += 1));
  if (state.killsWithNext) {
    state.killsWithNext = false;
    state.revokedBelow = state.issued + 1;
    counts.tokenRequests = 1;
  }
  response.on('close', () => {
    atOnce -= 1;
    if (!response.writableFinished) counts.abortedLogins += 1;
  });
  if (isOne(client, state.limited))
    return answer(response, 429, '{"error":"too_many_requests"}', { 'retry-after': '30' });
  if (isOne(client, state.hanging)) return undefined;
  // The number is taken when the request comes. A revocation ends all tokens up to a number.
  const number = (state.issued += 1);
  return setTimeout(() => {
    const token = `${number}.${Date.now() + state.lifetimeMs}.${client}.`.padEnd(state.tokenBytes, 'x');
    const body = {
      access_token: token,
      token_type: 'Bearer',
      expires_in: state.lifetimeMs / 1_000,
      scope: 'read write',
    };
    answer(response, 200, JSON.stringify(body));
  }, state.tokenDelayMs);
}

function isOne(client, prefix) {
  return typeof prefix === 'string' && client.startsWith(prefix);
}

function serve(request, response) {
  const { counts } = state;
  counts.calls += 1;
  if (request.url === '/open/') return answer(response, 200, '{"status":"ok"}');
  const [number, endsAtMs, client] = (request.headers.authorization ?? '').replace('Bearer ', '').split('.');
  const issuedAtMs = Number(endsAtMs) - state.lifetimeMs;
  const isGood =
    Number(number) > state.revokedBelow &&
    Number(endsAtMs) > Date.now() &&
    Date.now() >= issuedAtMs + state.youngMs;
  // A call that this merchant may not make gets the same answer as a dead token: providers' documents do not tell the two apart.
  if (!isGood || request.url === '/forbidden/') {
    counts.refused += 1;
    return answer(response, 401, REFUSAL);
  }
  served.add(client);
  const key = request.headers['idempotency-key'];
  if (key !== undefined) {
    counts.executed += 1;
    if (executed.has(key)) counts.executedTwice += 1;
    executed.add(key);
  }
  return answer(response, 200, '{"status":"ok"}');
}

function answer(response, status, body, headers = {}) {
  response.writeHead(status, {
    ...headers,
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
    served.clear();
    state.counts = none();
  },
  counts: () => ({ ...state.counts, served: served.size }),
};

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', ({ id, command, argument }) => {
  process.send({ id, result: COMMANDS[command](argument) });
});
process.on('disconnect', () => process.exit());
