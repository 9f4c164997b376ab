import { randomBytes } from 'node:crypto';
import { types } from 'node:util';
import type { AxiosRequestHeaders, InternalAxiosRequestConfig } from 'axios';
import { applicationAxios } from '../application-axios.js';
import type { Credential } from '../credentials/credential.js';
import { sayDuration } from '../duration.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import {
  type Attempt,
  type Signature,
  signatureOf,
  type SignedAttempt,
  withQuery,
} from '../providers/signed-attempt.js';
import type { Clock } from '../payments-auth.clock.js';
import { plainCause, told } from '../scrubbing.js';
import { within } from '../within.js';
import { DefinitionFault, thrown } from '../strategies/definition-fault.js';
import { saySigner, signedBy, SignerFault } from '../strategies/signer-fault.js';
import type { ApiAnswer, Credentials } from '../strategies/strategy.js';
import {
  afterReading,
  keptWatch,
  notGiven,
  type WatchedCredentials,
} from '../strategies/watched-credentials.js';
import { removeOverridden } from './attempt-config.js';
import type { Destination } from './destination.js';

/** The parts of a signature besides the request. */
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

/** The parts that a signature has added to an attempt. They are secret. */
export interface SignatureTraces {
  readonly secrets: readonly string[];
  /** Whether a part of the signature is in the query. */
  readonly hidesQuery: boolean;
}

/** Nothing was signed. */
export const UNSIGNED: SignatureTraces = Object.freeze({ secrets: [], hidesQuery: false });

const NONE: Credentials = Object.freeze({});

/** The longest wait for a signer, in milliseconds, where nothing else ends the wait. */
const SIGN_WITHIN_MS = 30_000;

/**
 * Waits for a slow signer, for a limited time.
 *
 * @param mostMs in milliseconds
 * @throws PaymentsAuthError SIGNING_FAILED
 */
export function signedInTime(
  signing: Promise<SignatureTraces>,
  parts: SigningParts,
  clock: Clock,
  mostMs = SIGN_WITHIN_MS,
): Promise<SignatureTraces> {
  return within(clock, mostMs, signing, () => {
    const late = `did not answer within ${sayDuration(mostMs)}`;
    const fault = asking.has(parts) ? new SignerFault(late, true) : new DefinitionFault(SIGN, late);
    throw signingFailed(fault, parts);
  });
}

/** Attempts for which the application's signer has been asked, and has not answered. */
const asking = new WeakSet<SigningParts>();
/** Attempts whose `sign` has looked for a signer where the application gave none. */
const missing = new WeakSet<SigningParts>();

/** The name of the definition's function, for the texts of errors. */
const SIGN = 'sign';

/** Joins URL and parameters as the application's own axios does. */
const urls = new applicationAxios.Axios({});

/** The headers that the HTTP client makes by itself, after all others. */
const OF_THE_CLIENT = ['host', 'connection', 'accept-encoding'];

/**
 * Signs one attempt, whose destination has been checked and whose other headers stand (the signed bytes are the sent
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
  let watched: WatchedCredentials | undefined;
  try {
    // From here on, the URL is a text that no code builds again. So the signed URL is the sent URL.
    config.url = urlOf(config, parts.destination);
    config.baseURL = undefined;
    config.params = undefined;
    watched = keptWatch(definition, parts.credential.signing ?? NONE);
    const signature = signatureOf(
      (attempt) => definition.sign?.(attempt) as SignedAttempt,
      new SignableAttempt(config, parts, watched.view),
    );
    if (!(signature instanceof Promise)) return apply(config, signature, parts);
    return signature
      .then((made) => apply(config, made, parts))
      .catch((error: unknown) => {
        throw signingFailed(error, parts, watched, true);
      });
  } catch (error) {
    throw signingFailed(error, parts, watched);
  }
}

/** The URL as it is sent, without a fragment. Where no parameters are added, the destination has it already. */
function urlOf(config: InternalAxiosRequestConfig, { origin, pathAndQuery }: Destination): string {
  if (config.params === undefined || config.params === null) return origin + pathAndQuery;
  return new URL(urls.getUri(config)).href.replace(/#.*$/, '');
}

/** The call holds something that cannot be signed. */
class UnsignableCall extends TypeError {
  constructor(
    what: string,
    readonly remedy: string,
  ) {
    super(what);
  }
}

/**
 * Most signatures need neither a parsed URL nor the other headers, so both are made when they are read. The prototype
 * inherits nothing, so that a field that is left out stays absent, also when somebody has put it on
 * `Object.prototype`.
 */
class SignableAttempt implements Attempt<Credentials> {
  declare readonly environment?: string;
  declare readonly previous?: ApiAnswer;
  readonly method: string;
  readonly path: string;
  readonly namedHost: string;
  readonly token: string;
  readonly credentials: Credentials;
  readonly nowMs: number;
  readonly attempt: number;
  readonly #url: string;
  readonly #headers: AxiosRequestHeaders;
  readonly #data: unknown;
  readonly #parts: SigningParts;

  static {
    Object.setPrototypeOf(this.prototype, null);
  }

  constructor(config: InternalAxiosRequestConfig, parts: SigningParts, credentials: Credentials) {
    const { provider, credential, destination, nowMs, attempt, previous } = parts;
    this.#url = config.url as string;
    this.#headers = config.headers;
    this.#data = config.data;
    this.#parts = parts;
    this.method = destination.method;
    this.path = destination.path;
    this.namedHost = destination.host;
    this.token = provider.definition.token === undefined ? '' : credential.token;
    this.credentials = credentials;
    this.nowMs = nowMs;
    this.attempt = attempt;
    if (provider.environment !== undefined) this.environment = provider.environment;
    if (previous !== undefined) this.previous = previous;
  }

  get url(): URL {
    return new URL(this.#url);
  }

  get signWith(): ((bytes: Uint8Array) => Promise<Uint8Array>) | undefined {
    const parts = this.#parts;
    if (parts.provider.signer !== undefined) return (bytes) => signWith(parts, bytes, this.credentials);
    missing.add(parts);
    return undefined;
  }

  get headers(): Record<string, string> {
    return sentHeaders(this.#headers, this.#data);
  }

  get body(): string | Uint8Array | undefined {
    const body = bodyOf(this.#data);
    if (body === null)
      throw new UnsignableCall(
        'sign reads its body, and a stream or a form cannot be read before it is sent',
        'Send text or bytes',
      );
    return body;
  }

  random(bytes: number): Uint8Array {
    return new Uint8Array(randomBytes(bytes));
  }
}

/** @throws SignerFault */
async function signWith(parts: SigningParts, bytes: Uint8Array, credentials: Credentials) {
  asking.add(parts);
  try {
    return await signedBy(() => parts.provider.signer?.(bytes, { credentials }));
  } finally {
    asking.delete(parts);
  }
}

/** Text or bytes; `null` for a body that is sent in pieces. */
function bodyOf(data: unknown): string | Uint8Array | undefined | null {
  if (data === undefined || data === null) return undefined;
  if (typeof data === 'string') return data;
  if (types.isUint8Array(data)) return data;
  if (types.isAnyArrayBuffer(data)) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return null;
}

function sentHeaders(headers: AxiosRequestHeaders, data: unknown): Record<string, string> {
  const sent: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers.toJSON())) {
    const lower = name.toLowerCase();
    if (value === undefined || value === null || OF_THE_CLIENT.includes(lower)) continue;
    sent[lower] = String(value);
  }
  const body = bodyOf(data);
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
  // The headers that the signer was given stay unchanged.
  const others = Object.assign(new applicationAxios.AxiosHeaders(), config.headers);
  removeOverridden(others, headers);
  config.headers = Object.assign(others, headers);
  config.url = withQuery(config.url as string, query);
  if (body !== undefined) {
    config.data =
      typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    // A length that was counted before is wrong for this body, so axios counts again.
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

/**
 * Makes the error of a call that could not be signed. It says who failed, with which credential, and what to do, and
 * holds no secret.
 *
 * @param watched the fields of the credentials that `sign` has read
 * @param mayMix whether other calls may have read fields in the meantime
 */
function signingFailed(
  error: unknown,
  parts: SigningParts,
  watched?: WatchedCredentials,
  mayMix = false,
): PaymentsAuthError {
  const { provider, credential, destination } = parts;
  const { account } = credential;
  const secrets = [credential.token, ...Object.values(credential.signing ?? {}).flat()];
  const { what, remedy, cause: given } = whyUnsigned(error, parts, watched, mayMix);
  const [reason, cause] = [told(what, secrets), plainCause(given, secrets)];
  return new PaymentsAuthError(
    'SIGNING_FAILED',
    `A call to provider "${provider.name}"${account === undefined ? '' : `, account "${told(account)}",`} could not be signed, and was not sent: ${reason}. ${remedy}.`,
    {
      provider: provider.name,
      ...(account === undefined ? {} : { account }),
      credential: credential.id,
      host: destination.hostname,
      reason,
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

/** Says who failed, in words that may hold a secret, and what to do. */
function whyUnsigned(
  error: unknown,
  parts: SigningParts,
  watched: WatchedCredentials | undefined,
  mayMix: boolean,
): { what: string; remedy: string; cause: unknown } {
  const { provider, credential } = parts;
  const option = `providers.${provider.name}`;
  const inDefinition = 'Correct sign in the definition';
  if (error instanceof UnsignableCall) return { what: error.message, remedy: error.remedy, cause: error };
  if (error instanceof SignerFault)
    return {
      what: saySigner(provider.name, error),
      remedy: 'Correct the signer, or what it asks',
      cause: error.cause,
    };
  if (error instanceof DefinitionFault)
    return { what: `${error.message}${notGiven(watched)}`, remedy: inDefinition, cause: error.cause };
  const read = afterReading(watched, mayMix);
  const what = `${SIGN} ${thrown(error, read)}`;
  if (missing.has(parts) && read === '')
    return {
      what,
      remedy: `Give the option ${option}.signer, which sign looks for, or correct sign in the definition`,
      cause: error,
    };
  const values = `${option}.${credential.account === undefined ? 'credentials' : 'accounts'}`;
  return {
    what,
    remedy:
      read === ''
        ? inDefinition
        : `Correct or give that value in ${values}, or correct sign in the definition`,
    cause: error,
  };
}
