// @ts-nocheck: plain JavaScript, for a process without a loader
// A real OAuth 2.0 issuer. It runs in a process of its own, because oidc-provider does not accept objects of another realm,
// and every test file of Jest is a realm. The parent process sends messages: { id, ask, ... } -> { id, answer }.
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { Provider } from 'oidc-provider';

const requests = [];
let provider;
/** How many of the next answers of the token endpoint get lost. The issuer carries out these requests nevertheless. */
let toLose = 0;
/** While there is a gate, token requests wait for it. */
let gate;

const pemOf = (socket) => socket.getPeerX509Certificate?.()?.toString();
const nameIn = (pem) => (pem === undefined ? undefined : new X509Certificate(pem).subject.replace('CN=', ''));
/** RFC 8705, section 3.1. */
const thumbprint = (pem) =>
  pem &&
  Buffer.from(new X509Certificate(pem).fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');

async function start({ tls, clients, configuration = {} }) {
  const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: false });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://localhost:${server.address().port}`;
  provider = new Provider(url, {
    clients: clients.map((client) => ({
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      ...client,
    })),
    clientAuthMethods: [
      'client_secret_basic',
      'client_secret_post',
      'client_secret_jwt',
      'private_key_jwt',
      'tls_client_auth',
      'none',
    ],
    enabledJWA: {
      clientAuthSigningAlgValues: ['HS256', 'HS512', 'RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'],
    },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    ...configuration,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        tlsClientAuth: true,
        getCertificate: ({ socket }) => pemOf(socket),
        certificateAuthorized: ({ socket }) => socket.authorized,
        certificateSubjectMatches: ({ socket }, property, expected) =>
          property === 'tls_client_auth_san_dns' &&
          new X509Certificate(pemOf(socket)).checkHost(expected) !== undefined,
      },
    },
  });
  const issue = provider.callback();
  server.on('request', (request, response) => {
    const { url: path, headers, socket } = request;
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({
        path,
        headers,
        body: Buffer.concat(chunks).toString(),
        certificate: nameIn(pemOf(socket)),
      });
    });
    if (path.startsWith('/resource')) {
      request.on('end', () => void protect(request, response));
      return;
    }
    if (path === '/token' && toLose > 0) {
      toLose -= 1;
      response.write = () => true;
      response.end = () => socket.destroy();
    }
    if (path === '/token' && gate !== undefined) {
      const end = response.end.bind(response);
      const { promise } = gate;
      response.end = (...args) => void promise.then(() => end(...args));
    }
    void issue(request, response);
  });
  return { url };
}

/** 200 to a token that was issued here and has not ended, over the connection that it is bound to. */
async function protect(request, response) {
  const token = (request.headers.authorization ?? '').replace('Bearer ', '');
  const found = (await provider.ClientCredentials.find(token)) ?? (await provider.AccessToken.find(token));
  const bound = found?.['x5t#S256'];
  const accepted =
    found?.isValid === true && (bound === undefined || bound === thumbprint(pemOf(request.socket)));
  response.writeHead(accepted ? 200 : 401, { 'content-type': 'application/json' });
  response.end(accepted ? JSON.stringify({ client: found.clientId, bound }) : '{"code":"bad_token"}');
}

const ASK = {
  start,
  requests: () => requests,
  lose: ({ count }) => void (toLose = count),
  hold: () => {
    gate = Promise.withResolvers?.() ?? withResolvers();
  },
  release: () => {
    gate?.resolve();
    gate = undefined;
  },
  /** Gives out a refresh token, as after the consent of a merchant in the browser. */
  async connect({ clientId, accountId }) {
    const grant = new provider.Grant({ clientId, accountId });
    grant.addOIDCScope('openid offline_access');
    const grantId = await grant.save();
    const client = await provider.Client.find(clientId);
    const token = new provider.RefreshToken({
      client,
      accountId,
      grantId,
      scope: 'openid offline_access',
      gty: 'authorization_code',
      authTime: Math.floor(Date.now() / 1_000),
      claims: {},
    });
    return token.save();
  },
  /** Whether a token of any kind still counts. */
  async isAlive({ token }) {
    const found =
      (await provider.ClientCredentials.find(token)) ??
      (await provider.AccessToken.find(token)) ??
      (await provider.RefreshToken.find(token));
    return found !== undefined && found.isValid === true;
  },
};

function withResolvers() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}

process.on('message', ({ id, ask, ...given }) => {
  (async () => ASK[ask](given))().then(
    (answer) => process.send({ id, answer: answer ?? null }),
    (error) => process.send({ id, failure: String(error?.stack ?? error) }),
  );
});
process.on('disconnect', () => process.exit());
