import { randomBytes } from 'node:crypto';
import { types } from 'node:util';
import type { InternalAxiosRequestConfig } from 'axios';
import { applicationAxios } from '../application-axios.js';
import type { Credential } from '../credentials/credential.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import {
  type Attempt,
  type Signature,
  signatureOf,
  type SignedAttempt,
  withQuery,
} from '../providers/signed-attempt.js';
import { plainCause } from '../scrubbing.js';
import type { ApiAnswer, Credentials } from '../strategies/strategy.js';
import { removeOverridden } from './attempt-config.js';
import type { Destination } from './destination.js';

/** What a signature is made of besides the request. */
export interface SigningParts {
  /** The call as its caller knows it. */
  readonly visible: InternalAxiosRequestConfig;
  readonly provider: ConfiguredProvider;
  readonly credential: Credential;
  readonly destination: Destination;
  readonly nowMs: number;
  /** 1 for the first. */
  readonly attempt: number;
  readonly previous: ApiAnswer | undefined;
}

/** What a signature has added to an attempt, and nobody is to see. */
export interface SignatureTraces {
  readonly secrets: readonly string[];
  /** Some of it stands in the query. */
  readonly hidesQuery: boolean;
}

/** Nothing was signed. */
export const UNSIGNED: SignatureTraces = Object.freeze({ secrets: [], hidesQuery: false });

/** Joins URL and parameters as the application's own axios does. */
const urls = new applicationAxios.Axios({});

/** What the HTTP client makes by itself, after everything else. */
const OF_THE_CLIENT = ['host', 'connection', 'accept-encoding'];

/**
 * Signs one attempt, whose destination has been checked and whose other headers stand (DESIGN: signed bytes are sent
 * bytes, and the signed URL is the sent URL). Waits only where the definition's `sign` is asynchronous.
 *
 * @returns what was added, which is all secret
 * @throws PaymentsAuthError SIGNING_FAILED
 */
export function signAttempt(
  config: InternalAxiosRequestConfig,
  parts: SigningParts,
): SignatureTraces | Promise<SignatureTraces> {
  const { definition } = parts.provider;
  try {
    // From here on the URL is text that nobody builds anew.
    config.url = new URL(urls.getUri(config)).href.replace(/#.*$/, '');
    delete config.baseURL;
    delete config.params;
    const signature = signatureOf(
      (attempt) => definition.sign?.(attempt) as SignedAttempt,
      attemptOf(config, parts),
    );
    if (!(signature instanceof Promise)) return apply(config, signature, parts);
    return signature
      .then((made) => apply(config, made, parts))
      .catch((error: unknown) => {
        throw signingFailed(error, parts);
      });
  } catch (error) {
    throw signingFailed(error, parts);
  }
}

function attemptOf(config: InternalAxiosRequestConfig, parts: SigningParts): Attempt<Credentials> {
  const { provider, credential, destination, nowMs, attempt, previous } = parts;
  const { environment } = provider;
  const credentials = credential.signing ?? {};
  const asked: Attempt<Credentials> = {
    method: destination.method,
    url: new URL(config.url as string),
    path: destination.path,
    namedHost: destination.host,
    headers: sentHeaders(config),
    get body() {
      const body = bodyOf(config.data);
      if (body === null)
        throw new TypeError(
          'the body of this call is a stream or a form, which cannot be read before it is sent',
        );
      return body;
    },
    token: provider.definition.token === undefined ? '' : credential.token,
    credentials,
    ...(environment === undefined ? {} : { environment }),
    nowMs,
    attempt,
    ...(previous === undefined ? {} : { previous }),
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
    ...(provider.signer && { signWith: (bytes: Uint8Array) => signWith(provider, bytes, credentials) }),
  };
  // What is left out may be read, and is not there then, whatever somebody has put on every object.
  return Object.setPrototypeOf(asked, null) as Attempt<Credentials>;
}

async function signWith(provider: ConfiguredProvider, bytes: Uint8Array, credentials: Credentials) {
  return (await provider.signer?.(bytes, { credentials })) as Uint8Array;
}

/** Text or bytes; `null` for what is sent piece by piece. */
function bodyOf(data: unknown): string | Uint8Array | undefined | null {
  if (data === undefined || data === null) return undefined;
  if (typeof data === 'string') return data;
  if (types.isUint8Array(data)) return data;
  if (types.isAnyArrayBuffer(data)) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return null;
}

function sentHeaders(config: InternalAxiosRequestConfig): Record<string, string> {
  const sent: Record<string, string> = {};
  for (const [name, value] of Object.entries(config.headers.toJSON())) {
    const lower = name.toLowerCase();
    if (value === undefined || value === null || OF_THE_CLIENT.includes(lower)) continue;
    sent[lower] = String(value);
  }
  const body = bodyOf(config.data);
  if (body === null) delete sent['content-length'];
  else if (body !== undefined) sent['content-length'] = String(Buffer.byteLength(body));
  return sent;
}

function apply(
  config: InternalAxiosRequestConfig,
  { headers, query, body }: Signature,
  { visible }: SigningParts,
): SignatureTraces {
  removeOverridden(visible.headers, headers);
  for (const [name, value] of Object.entries(headers)) config.headers.set(name, value, true);
  config.url = withQuery(config.url as string, query);
  if (body !== undefined) {
    config.data =
      typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    // A length that was counted before is no longer that of the body; axios counts anew.
    config.headers.delete('content-length');
  }
  const hidesQuery = query !== '';
  return {
    secrets: [...Object.values(headers), ...(hidesQuery ? query.split('&').map(valueOf) : [])],
    hidesQuery,
  };
}

function valueOf(pair: string): string {
  return decodeURIComponent(pair.slice(pair.indexOf('=') + 1));
}

function signingFailed(
  error: unknown,
  { provider, credential, destination }: SigningParts,
): PaymentsAuthError {
  const secrets = [credential.token, ...Object.values(credential.signing ?? {}).flat()];
  const cause = plainCause(error, secrets);
  return new PaymentsAuthError(
    'SIGNING_FAILED',
    `A call to provider "${provider.name}" could not be signed, and was not sent: ${cause?.message.replace(/\.$/, '') ?? 'the signer threw something that is no error'}. Check the signing key, the signer, and sign of the definition.`,
    {
      provider: provider.name,
      ...(credential.account === undefined ? {} : { account: credential.account }),
      credential: credential.id,
      host: destination.hostname,
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
