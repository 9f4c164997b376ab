import {
  type AnyProviderDefinition,
  type ApiAnswer,
  type HeaderValues,
  PaymentsAuthError,
} from '../index.js';

/** One call with a known signature: a test vector that a provider has published. */
export interface AttemptToSign<C> {
  readonly method: string;
  /** Absolute, with its query. */
  readonly url: string;
  /** The headers that the application itself sends. @default none */
  readonly headers?: HeaderValues;
  readonly body?: string | Uint8Array;
  readonly credentials: C;
  /** @default '' */
  readonly token?: string;
  /** The wall clock, in milliseconds since the epoch. */
  readonly nowMs: number;
  /** The bytes of `random`, from the beginning for each call. @default zeros */
  readonly random?: Uint8Array;
  /** The answer that asked for this attempt: a refusal, or a challenge. @default none, because it is the first */
  readonly previous?: Partial<ApiAnswer>;
  /** Like the option `signer` of a provider: signs with a key outside of the application. @default the field signs */
  readonly signer?: (bytes: Uint8Array, given: { readonly credentials: C }) => Promise<Uint8Array>;
}

/** The call as it would be sent. */
export interface SignedCall {
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/**
 * Runs a published test vector through the headers, defaults and `sign` of a definition, with a fixed clock and fixed
 * random bytes. Nothing is sent.
 *
 * @throws PaymentsAuthError INVALID_OPTIONS when the vector is incomplete, naming what is missing
 * @throws what `sign` throws
 *
 * @example
 * ```ts
 * const { headers } = await signAttempt(acme, {
 *   method: 'POST',
 *   url: 'https://api.acme.test/payments',
 *   body: '{"amount":100}',
 *   credentials: { keyId: 'K1', secret: 'test-secret' },
 *   nowMs: Date.parse('2026-01-01T00:00:00Z'),
 * });
 * expect(headers['x-signature']).toBe('…');
 * ```
 */
export async function signAttempt<C extends object>(
  definition: Pick<AnyProviderDefinition, 'environments' | 'headers' | 'defaultHeaders' | 'sign'> & {
    readonly '~credentials'?: C;
  },
  attempt: AttemptToSign<C>,
): Promise<SignedCall> {
  checkAttempt(definition, attempt);
  const { method, url, headers = {}, body, token = '', nowMs, random, previous, signer } = attempt;
  const credentials = saidCredentials(definition, attempt.credentials);
  const place = placeOf(definition, attempt.credentials, new URL(url));
  const given = {
    credentials,
    ...(place.environment === undefined ? {} : { environment: place.environment }),
  };
  const before = {
    ...present(definition.defaultHeaders?.(given)),
    ...present(headers),
    ...present(definition.headers?.({ ...given, token })),
    ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
  };
  const signed =
    (await definition.sign?.({
      ...given,
      method: method.toUpperCase(),
      url: new URL(url),
      path: place.path,
      namedHost: place.host,
      headers: before,
      body,
      token,
      nowMs,
      attempt: previous === undefined ? 1 : 2,
      ...(previous === undefined
        ? {}
        : { previous: { status: 0, headers: {}, body: undefined, text: '', ...previous } }),
      random: (bytes) => fixedBytes(random, bytes),
      ...(signer === undefined ? {} : { signWith: (bytes: Uint8Array) => signer(bytes, { credentials }) }),
    })) ?? {};
  const query = Object.entries(present(signed.query, (name) => name))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  const sent = signed.body ?? body;
  return {
    url: query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`,
    headers: {
      ...before,
      ...present(signed.headers),
      ...(sent === undefined ? {} : { 'content-length': String(Buffer.byteLength(sent)) }),
    },
    ...(sent === undefined ? {} : { body: sent }),
  };
}

type Fields = Readonly<
  Record<string, { readonly optional?: boolean; readonly default?: string } | undefined>
>;

const PARTS = [
  'method',
  'url',
  'headers',
  'body',
  'credentials',
  'token',
  'nowMs',
  'random',
  'previous',
  'signer',
];

/** Names everything that is missing in an incomplete vector. */
function checkAttempt(definition: unknown, attempt: unknown): void {
  const given = isRecord(attempt) ? attempt : {};
  const { method, url, headers, body, credentials, token, nowMs, random, signer } = given;
  const wrong: readonly (string | false)[] = [
    !(isRecord(definition) && isRecord(definition['environments'])) &&
      'definition: expected what defineProvider() returns',
    !isRecord(attempt) && 'attempt: expected { method, url, credentials, nowMs }',
    ...Object.keys(given)
      .filter((name) => !PARTS.includes(name))
      .map((name) => `${name}: not a part of an attempt; expected ${PARTS.join(', ')}`),
    !(typeof method === 'string' && /^[\w-]+$/.test(method)) && 'method: expected a text, as in "POST"',
    !(typeof url === 'string' && URL.canParse(url)) && 'url: expected an absolute URL, with its query',
    !isRecord(credentials) && 'credentials: expected an object with the fields that the definition reads',
    !(typeof nowMs === 'number' && Number.isFinite(nowMs)) &&
      'nowMs: expected milliseconds since the epoch, as in Date.parse("2026-01-01T00:00:00Z")',
    !(headers === undefined || isRecord(headers)) && 'headers: expected an object of texts',
    !(body === undefined || typeof body === 'string' || ArrayBuffer.isView(body)) &&
      'body: expected a text or bytes, as they are sent',
    !(token === undefined || typeof token === 'string') && 'token: expected a text',
    !(random === undefined || ArrayBuffer.isView(random)) && 'random: expected bytes',
    !(signer === undefined || typeof signer === 'function') && 'signer: expected a function',
  ];
  const problems = wrong.filter((problem) => problem !== false);
  if (problems.length > 0)
    throw new PaymentsAuthError(
      'INVALID_OPTIONS',
      `signAttempt cannot run this vector:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
      { problems },
    );
}

/** Names the credential that a vector lacks. Otherwise the definition would go on with `undefined`. */
function saidCredentials<C extends object>(definition: object, credentials: C): C {
  const { credentials: fields } = definition as { readonly credentials?: Fields };
  if (fields === undefined) return credentials;
  const known = Object.keys(fields);
  return new Proxy(Object.freeze({ ...credentials }), {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (value !== undefined || typeof name !== 'string') return value;
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (field?.default !== undefined) return field.default;
      if (field?.optional === true || name in Object.prototype || !/^[A-Za-z]\w*$/.test(name))
        return undefined;
      if (field === undefined && ['then', 'toJSON'].includes(name)) return undefined;
      const why =
        field === undefined
          ? `which is not a field; the fields are ${known.join(', ')}`
          : 'and the vector gives none';
      throw new PaymentsAuthError(
        'INVALID_OPTIONS',
        `signAttempt cannot run this vector: the definition reads credentials.${name}, ${why}.`,
        { problems: [`credentials.${name}: ${why}`] },
      );
    },
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The base URL of a definition that contains the URL, or else the URL's own host and path. */
function placeOf(
  { environments, ...definition }: Pick<AnyProviderDefinition, 'environments'>,
  credentials: object,
  { origin, pathname }: URL,
): { environment?: string; host: string; path: string } {
  const { credentials: fields = {} } = definition as { readonly credentials?: Fields };
  // Where the vector gives no value, the base URL is that of another account.
  const valueOf = (name: string, whole: string): string => {
    const value: unknown = Object.hasOwn(credentials, name) ? Reflect.get(credentials, name) : undefined;
    const usual = Object.hasOwn(fields, name) ? fields[name]?.default : undefined;
    return typeof value === 'string' ? value : (usual ?? whole);
  };
  const at = `${origin}${pathname}`;
  for (const [environment, bases] of Object.entries(environments)) {
    const hosts: [string, string][] =
      typeof bases === 'string' ? [['api', bases]] : Object.entries<string>(bases);
    for (const [host, base] of hosts) {
      const template = base.replace(/\/+$/, '');
      const own = template.replace(/\{([^{}]+)\}/g, (whole, name: string) => valueOf(name, whole));
      // The fake credential service gives the template, because its account has no host.
      const under = [own, template].find((each) => at === each || at.startsWith(`${each}/`));
      if (under !== undefined) return { environment, host, path: at.slice(under.length) };
    }
  }
  return { host: 'api', path: pathname };
}

function present(
  values: HeaderValues | undefined,
  nameOf: (name: string) => string = (name) => name.toLowerCase(),
): Record<string, string> {
  const named = Object.entries(values ?? {}).map(([name, value]) => [nameOf(name), value] as const);
  return Object.fromEntries(named.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function fixedBytes(random: Uint8Array | undefined, bytes: number): Uint8Array {
  if (random === undefined) return new Uint8Array(bytes);
  if (random.length < bytes)
    throw new RangeError(
      `sign asks for ${bytes} random bytes, but the test gives only ${random.length}; give more in random`,
    );
  return random.slice(0, bytes);
}
