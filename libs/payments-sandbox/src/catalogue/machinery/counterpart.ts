import { createPublicKey } from 'node:crypto';
import type { Account, Credentials } from '../../core/account.js';
import type { Exchange } from '../../core/exchange.js';
import type { AcceptedCall, Bearer, ProviderBehaviour, Resource } from '../../core/provider-behaviour.js';
import type { MintedToken, ProviderContext } from '../../core/provider-context.js';
import type { ProviderSettings } from '../../core/provider-settings.js';
import type { RateLimit } from '../../core/rate-limits.js';
import { headerOf, type ReceivedRequest } from '../../core/received-request.js';
import { json, type Reply } from '../../core/reply.js';
import type { SeededRandom } from '../../core/seeded-random.js';
import type { WebhookShape } from '../../signing/webhook-shape.js';
import type { Acceptance } from './calls.js';
import { type Claim, inAuthorization } from './claims.js';
import type { Invented } from './invented.js';

/** The API's answer to an accepted call, as JSON. */
type Answer<C extends Credentials> = object | ((call: AcceptedCall<C>) => unknown);

/** A login with correct credentials. */
export interface ProvenLogin<C extends Credentials> {
  readonly request: ReceivedRequest;
  readonly credentials: C;
  readonly context: ProviderContext<C>;
  readonly account: string;
  /** The refresh token to use next. Empty where the provider has none. */
  readonly refreshToken: string;
}

/** A login with a refresh token. */
interface GrantFacts<C extends Credentials> {
  /** Whether each use replaces the refresh token. */
  readonly rotates: boolean;
  /** The answer to a refresh token that is not valid. */
  readonly wrong: Reply;
  /** Whether the request comes from this merchant's platform. */
  readonly proves: (request: ReceivedRequest, credentials: C, context: ProviderContext<C>) => boolean;
}

/** The endpoint that issues tokens. */
interface LoginFacts<C extends Credentials> {
  /** @default every host */
  readonly host?: string;
  /** @default POST */
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly client: Claim;
  /** Where the identity that `client` reads is a refresh token. */
  readonly grant?: GrantFacts<C>;
  /** Checks the other parts of the request. Returns the answer to a request that lacks one. */
  readonly lacks?: (login: ProvenLogin<C>) => Reply | undefined;
  /** The answer to wrong credentials. */
  readonly wrong: Reply | ((request: ReceivedRequest) => Reply);
  readonly lifetimeMs: number;
  /** What a token looks like. @default a JSON Web Token */
  readonly value?: (random: SeededRandom) => string;
  /** The paths of the token and its lifetime in the answer: `data.accessToken`. */
  readonly token: string;
  readonly expiry?: string;
  /** @default 200 */
  readonly status?: number;
  readonly answer: (token: MintedToken, login: ProvenLogin<C>) => unknown;
}

/** The endpoint that revokes tokens. */
interface RevocationFacts {
  readonly host?: string;
  readonly method?: 'POST' | 'DELETE';
  readonly path: string;
  readonly client: Claim;
  /** Whether a request names this client without its secret. Then a valid token in `Authorization` proves the client. */
  readonly isHolder?: (request: ReceivedRequest, own: Credentials) => boolean;
  readonly tokenOf: (request: ReceivedRequest) => string | undefined;
  readonly answer: Reply;
}

/** The credentials with these fields. */
export type CredentialsOf<F> = { readonly [K in keyof F]: string };

/** The facts of one provider, as its documents say them. */
export interface CounterpartFacts<C extends Credentials> {
  /** Named hosts, the default one first. @default api */
  readonly hosts?: readonly [string, ...string[]];
  /** The path at the end of the base URL. @default none */
  readonly basePath?: string;
  /** The field that identifies a merchant. @default the first */
  readonly identity?: keyof C & string;
  /** The field that proves the identity. @default the first that a rotation changes */
  readonly proof?: keyof C & string;
  /** Environment variables that are not called `<NAME>_<FIELD>`, and those of the public halves of hidden keys. */
  readonly variables?: { readonly [K in keyof C]?: string };
  /** Further names of the base URLs, by host, besides `<NAME>_BASE_URL` and `<NAME>_<HOST>_BASE_URL`. */
  readonly baseUrlVariables?: Readonly<Record<string, string>>;
  readonly login?: LoginFacts<C>;
  readonly revocation?: RevocationFacts;
  /** How a call carries its credential. */
  readonly carries: Acceptance<C>;
  /** The answer to a call with a bad credential. */
  readonly refusal: Reply | ((request: ReceivedRequest) => Reply);
  /** Checks the other parts that a call needs beside a valid credential. Returns the answer to a call that lacks one. */
  lacks?(call: { readonly request: ReceivedRequest; readonly bearer: Bearer<C> }): Reply | undefined;
  /** The answer to a call that a valid credential may not make. A new token does not change it. @default the envelope, with 403 */
  readonly forbidden?: Reply;
  /** The envelope of any other error. */
  readonly error: (status: number, message: string) => unknown;
  /** @default 429 in the envelope, with `Retry-After` */
  readonly limited?: (retryAfter: string) => Reply;
  readonly limits?: readonly RateLimit[];
  /** Body fields that identify the payment. */
  readonly paymentKeys?: readonly string[];
  /** The header that identifies the payment, in lower case, besides `Idempotency-Key`. */
  readonly idempotencyHeader?: string;
  /** Whether a new key ends the tokens that were issued for the old key. */
  readonly rotationEndsTokens?: true;
  /** The answer to an unknown path. @default the envelope, with 404 */
  readonly noSuchPath?: Reply;
  /** GET, by path; `:field` stands for one segment. The first one is the harmless call. */
  readonly reads?: Readonly<Record<string, Answer<C>>>;
  /** POST, by path, with the same placeholders. */
  readonly writes?: Readonly<Record<string, Answer<C>>>;
  readonly others?: readonly Resource<C>[];
  readonly settings?: Partial<ProviderSettings>;
  readonly webhooks?: Readonly<Record<string, WebhookShape<C>>>;
}

/**
 * Makes the counterpart of a provider from what its documents say.
 *
 * @param credentials its fields, and how each is made up
 */
export function counterpart<const N extends string, F extends Readonly<Record<string, Invented>>>(
  name: N,
  credentials: F,
  facts: CounterpartFacts<CredentialsOf<F>>,
): ProviderBehaviour<CredentialsOf<F>, N> {
  type C = CredentialsOf<F>;
  const { hosts = ['api'], login, revocation, error } = facts;
  const fields = Object.entries(credentials) as [keyof C & string, Invented][];
  const identity = facts.identity ?? fields[0]?.[0] ?? '';
  const proof = facts.proof ?? fields.find(([, { rotates }]) => rotates)?.[0] ?? identity;
  const refusal = (request: ReceivedRequest) => resolved(facts.refusal, request);
  return {
    name,
    hosts,
    basePath: facts.basePath ?? '',
    limits: facts.limits ?? [],
    paymentKeys: facts.paymentKeys ?? ['reference'],
    refusalStatus: 0,
    ...(facts.idempotencyHeader === undefined ? {} : { idempotencyHeader: facts.idempotencyHeader }),
    ...(facts.rotationEndsTokens === undefined ? {} : { rotationEndsTokens: facts.rotationEndsTokens }),
    ...(facts.noSuchPath === undefined ? {} : { noSuchPath: () => facts.noSuchPath as Reply }),
    ...(facts.settings === undefined ? {} : { settings: facts.settings }),
    ...(facts.variables === undefined ? {} : { variables: facts.variables }),
    ...(facts.webhooks === undefined ? {} : { webhooks: facts.webhooks }),
    ...(login === undefined ? {} : loginParts(login, error)),
    ...(revocation === undefined ? {} : { revocationEndpoint: revocationOf(revocation, refusal) }),
    credentials: (random) => {
      const shared = (field: string) => random.fork(`shared/${field}`);
      return {
        invent: (_account, previous) =>
          Object.fromEntries(
            fields.map(([field, { rotates, invent }]) => [
              field,
              rotates ? invent(random, shared(field)) : (previous?.[field] ?? invent(random, shared(field))),
            ]),
          ) as C,
        identityOf: (own) => own[identity as keyof C] ?? '',
        secretOf: (own) => own[proof as keyof C] ?? '',
        oldKeyWorksForMs: 0,
      };
    },
    handedOut: (own) =>
      Object.fromEntries(Object.entries(own).filter(([field]) => credentials[field]?.isHidden !== true)) as C,
    environment: (own, baseUrls) => ({
      ...Object.fromEntries(
        fields
          .filter(([, { isHidden }]) => isHidden !== true)
          .map(([field]) => [facts.variables?.[field] ?? variable(name, field), own[field] ?? '']),
      ),
      ...Object.fromEntries(
        hosts.flatMap((host, index) =>
          [
            variable(name, ...(index === 0 ? [] : [host]), 'base-url'),
            ...(facts.baseUrlVariables?.[host] === undefined ? [] : [facts.baseUrlVariables[host]]),
          ].map((each) => [each, baseUrls[host] ?? '']),
        ),
      ),
    }),
    bearerOf: facts.carries,
    refusal: (status, request) => {
      const reply = refusal(request);
      return status === 0 ? reply : { ...reply, status };
    },
    ...(facts.forbidden === undefined ? {} : { forbidden: () => facts.forbidden as Reply }),
    ...(facts.lacks === undefined
      ? {}
      : { forbids: (request: ReceivedRequest, bearer: Bearer<C>) => facts.lacks?.({ request, bearer }) }),
    error: (status, message) => json(status, error(status, message)),
    rateLimited:
      facts.limited ??
      ((retryAfter) => json(429, error(429, 'Too many requests'), { 'retry-after': retryAfter })),
    resources: [
      ...resources('GET', facts.reads ?? {}),
      ...resources('POST', facts.writes ?? {}),
      ...(facts.others ?? []),
    ],
  };
}

function loginParts<C extends Credentials>(
  login: LoginFacts<C>,
  error: CounterpartFacts<C>['error'],
): Pick<ProviderBehaviour<C>, 'lifetimeMs' | 'tokenFields' | 'tokenValue' | 'claims' | 'tokenEndpoint'> {
  const { host, method, path, client, expiry } = login;
  return {
    lifetimeMs: login.lifetimeMs,
    tokenFields: { token: login.token, ...(expiry === undefined ? {} : { expiry }) },
    ...(login.value === undefined ? {} : { tokenValue: login.value }),
    claims: (request) => client(request)?.[0],
    tokenEndpoint: {
      path,
      ...(host === undefined ? {} : { host }),
      ...(method === undefined ? {} : { method }),
      answer: (exchange, context) => {
        const { request } = exchange;
        const [id = '', secret = ''] = client(request) ?? [];
        const { accounts } = context;
        const claimed = accounts.claimedBy(id);
        if (login.grant !== undefined && claimed === undefined) return login.grant.wrong;
        const proves = (own: C) => login.grant?.proves(request, own, context) ?? false;
        const version =
          login.grant === undefined
            ? accounts.proven(id, secret)?.version
            : claimed?.accepted(proves, context.nowMs);
        if (claimed === undefined || version === undefined) return resolved(login.wrong, request);
        const refreshToken =
          login.grant === undefined ? '' : spent(id, claimed, context, login.grant.rotates);
        if (refreshToken === undefined) return login.grant?.wrong ?? resolved(login.wrong, request);
        const given = {
          request,
          credentials: version.credentials,
          context,
          account: claimed.id,
          refreshToken,
        };
        const lacking = login.lacks?.(given);
        if (lacking !== undefined) return lacking;
        const minted = context.mint(claimed, [], exchange);
        return json(login.status ?? 200, login.answer(minted, given) ?? error(500, 'no answer'), NOT_KEPT);
      },
    },
  };
}

/** Uses a refresh token, and returns the one to use next. */
function spent<C extends Credentials>(
  value: string,
  account: Account<C>,
  { refreshTokens, random, accounts }: ProviderContext<C>,
  rotates: boolean,
): string | undefined {
  const next = () => {
    const made = `sandbox-refresh-${random.text(32)}`;
    accounts.alsoKnownAs(made, account);
    return made;
  };
  return refreshTokens.spend(account.id, value, rotates ? next : undefined);
}

const NOT_KEPT = { 'cache-control': 'no-store', pragma: 'no-cache' };

function revocationOf<C extends Credentials>(
  { host, method, path, client, isHolder, tokenOf, answer }: RevocationFacts,
  refusal: (request: ReceivedRequest) => Reply,
): NonNullable<ProviderBehaviour<C>['revocationEndpoint']> {
  return {
    path,
    ...(host === undefined ? {} : { host }),
    ...(method === undefined ? {} : { method }),
    answer: (exchange: Exchange, context: ProviderContext<C>) => {
      const { request } = exchange;
      const [id = '', secret = ''] = client(request) ?? [];
      const [carried = ''] = inAuthorization()(request) ?? [];
      const value = tokenOf(request) ?? '';
      const owner = context.tokens.ownerOf(value);
      const holder = context.tokens.alive(carried)?.account;
      const isClient = (own: Credentials) => own['clientId'] === id && own['clientSecret'] === secret;
      const isNamed = (own: Credentials) => isHolder?.(request, own) ?? false;
      const account: unknown =
        context.accounts.proven(id, secret)?.account ??
        // Where a refresh token identifies the merchant, the client belongs to the platform.
        (owner?.accepted(isClient, context.nowMs) === undefined ? undefined : owner) ??
        (holder?.accepted(isNamed, context.nowMs) === undefined ? undefined : holder);
      if (account === undefined) return refusal(request);
      Object.assign(exchange, { account, outcome: 'accepted', executed: true });
      if (owner === account) context.tokens.endOne(value, 'revoke');
      return answer;
    },
  };
}

function resources<C extends Credentials>(
  method: string,
  answers: Readonly<Record<string, Answer<C>>>,
): Resource<C>[] {
  return Object.entries(answers).map(([path, answer]) => ({
    method,
    path: path.includes(':') ? pattern(path) : path,
    example: path,
    answer: (call) => {
      const body =
        typeof answer === 'function' ? (answer as (call: AcceptedCall<C>) => unknown)(call) : answer;
      return isReply(body) ? body : json(200, body);
    },
  }));
}

/** A reply has `status` and `headers`. No body of a provider has both. */
function isReply(value: unknown): value is Reply {
  return typeof value === 'object' && value !== null && 'status' in value && 'headers' in value;
}

function pattern(path: string): RegExp {
  const source = path.replaceAll('.', String.raw`\.`).replace(/:(\w+)/g, '(?<$1>[^/]+)');
  return new RegExp(`^${source}$`);
}

function resolved(reply: Reply | ((request: ReceivedRequest) => Reply), request: ReceivedRequest): Reply {
  return typeof reply === 'function' ? reply(request) : reply;
}

/** `flutterwave-v4`, `clientId` → `FLUTTERWAVE_V4_CLIENT_ID`. */
function variable(...words: readonly string[]): string {
  return words
    .join('-')
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll('-', '_')
    .toUpperCase();
}

/** The answer of an OAuth token endpoint (RFC 6749, section 5.1). */
export function oauthAnswer(minted: MintedToken, more: Readonly<Record<string, unknown>> = {}): unknown {
  return { access_token: minted.value, token_type: 'Bearer', expires_in: minted.lifetimeMs / 1_000, ...more };
}

/** An OAuth error (RFC 6749, section 5.2). */
export function oauthError(error: string, status = 400, description?: string): Reply {
  return json(status, {
    error,
    ...(description === undefined ? {} : { error_description: description }),
  });
}

/** The header of a request as text; empty where it is missing. */
export function header(request: ReceivedRequest, name: string): string {
  return headerOf(request, name) ?? '';
}

/** A page on which a provider publishes the public half of one of its own keys. */
export function publicKeys<C extends Credentials>(
  path: string,
  field: keyof C & string,
  show: (pem: string) => unknown,
): Resource<C> {
  return {
    method: 'GET',
    path,
    isPublic: true,
    answer: ({ account }) => json(200, show(publicPem(account.credentials[field] ?? ''))),
  };
}

export function publicPem(privatePem: string): string {
  return createPublicKey(privatePem).export({ type: 'spki', format: 'pem' }).toString();
}
