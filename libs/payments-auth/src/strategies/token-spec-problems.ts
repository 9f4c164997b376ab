import { suggestion } from '../nearest.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import { isJsonObject } from '../building-blocks/json-value.js';
import { isClientAssertion } from './client-assertion.js';
import { deepOwnCopy } from '../own-properties.js';
import { unreadableParts } from './unreadable-parts.js';
import { SECRET_WAYS } from './client-authentication.js';
import { pathProblem } from './endpoint-path.js';
import { kindOf } from './header-text.js';
import { judgementOf, judgementOfSuccess, outagesIn } from './made-up-answers.js';
import type { ApiAnswer, SecretWay } from './strategy.js';

const MINUTE_MS = 60_000;
const YEAR_MS = 366 * 24 * 60 * MINUTE_MS;
/** A smaller number is in seconds, such as 30: no issuer documents less than 100 ms. A larger number can be either. */
const LEAST_USABLE_AFTER_MS = 100;
/** A smaller number is in seconds, such as 60. A limit per second has 1_000 here. */
const LEAST_PER_MS = 100;

const CLIENT_ANSWER = ['token', 'expiresIn', 'expiresAt', 'scope', 'refreshToken'];
const ANSWER_PARTS: Readonly<Record<SpecShape['factory'], readonly string[]>> = {
  login: ['token', 'expiresIn', 'expiresAt'],
  clientCredentials: CLIENT_ANSWER,
  refreshToken: CLIENT_ANSWER,
};

type Spec = Readonly<Record<string, unknown>>;

/** The parts that every factory takes. */
const COMMON = [
  'host',
  'path',
  'headers',
  'documentedLifetimeMs',
  'usableAfterMs',
  'rejected',
  'reason',
  'limits',
  'loginsEatQuota',
  'endsEarlierToken',
  'answer',
  'revoke',
];
const FUNCTIONS = [
  'headers',
  'body',
  'rejected',
  'issued',
  'reason',
  'client',
  'parameters',
  'refreshToken',
  'wrongClient',
];

/** Parts that had another name in 0.1. */
const RENAMED: Readonly<Record<string, string>> = {
  clientAuthentication:
    "is called authentication now: ['client_secret_basic'] or ['client_secret_post'], the default first",
};

/** The further parts of one factory, and the parts that it needs. */
export interface SpecShape {
  readonly factory: 'login' | 'clientCredentials' | 'refreshToken';
  readonly also: readonly string[];
  /** The functions that a login needs. */
  readonly functions: readonly string[];
}

/**
 * Finds the mistakes in a token's description when it is created, and not at the first login.
 *
 * @returns a copy of its own, which no other code can change
 * @throws PaymentsAuthError INVALID_OPTIONS, whose `problems` name every wrong part as `token.…`
 */
export function checkedTokenSpec<S>(shape: SpecShape, asWritten: S): S {
  const unreadable = unreadableParts(asWritten, 'token');
  const spec = unreadable.length > 0 ? asWritten : deepOwnCopy(asWritten);
  const problems = unreadable.length > 0 ? unreadable : problemsOf(shape, spec);
  if (problems.length === 0) return spec;
  throw new PaymentsAuthError(
    'INVALID_OPTIONS',
    `${shape.factory}({ … }) of a provider definition is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    { problems },
  );
}

function problemsOf(shape: SpecShape, spec: unknown): string[] {
  return isJsonObject(spec)
    ? specProblems(shape, spec)
    : [`token: ${shape.factory} expects an object with at least { path, documentedLifetimeMs }`];
}

function specProblems({ factory, also, functions }: SpecShape, spec: Spec): string[] {
  const known = [...COMMON, ...also];
  const { path, documentedLifetimeMs, usableAfterMs, limits, method, revoke, answer } = spec;
  return [
    ...Object.keys(spec)
      .filter((name) => !known.includes(name))
      .map(
        (name) => `token.${name}: ${RENAMED[name] ?? `not a part of ${factory}. ${suggestion(name, known)}`}`,
      ),
    ...pathProblems('token.path', path),
    ...(isWithin(documentedLifetimeMs, MINUTE_MS, YEAR_MS)
      ? []
      : [
          'token.documentedLifetimeMs: expected milliseconds, from a minute (60_000) to a year; the documents may say seconds',
        ]),
    ...(usableAfterMs === undefined || isWithin(usableAfterMs, 0, 10 * MINUTE_MS)
      ? []
      : ['token.usableAfterMs: expected milliseconds, from 0 to ten minutes']),
    ...(isWithin(usableAfterMs, 0, LEAST_USABLE_AFTER_MS) &&
    usableAfterMs > 0 &&
    usableAfterMs < LEAST_USABLE_AFTER_MS
      ? [
          `token.usableAfterMs: expected milliseconds, and a token takes longer than ${usableAfterMs} of them to arrive; for seconds, write ${usableAfterMs} * 1_000`,
        ]
      : []),
    ...(isWithin(usableAfterMs, 0, 10 * MINUTE_MS) &&
    isWithin(documentedLifetimeMs, MINUTE_MS, YEAR_MS) &&
    usableAfterMs >= documentedLifetimeMs
      ? [
          'token.usableAfterMs: is not below documentedLifetimeMs, so each token would end before it may be used; correct one of the two',
        ]
      : []),
    ...functions
      .filter((name) => typeof spec[name] !== 'function')
      .map(
        (name) =>
          `token.${name}: expected a function, and ${spec[name] === undefined ? 'it is missing' : `it is ${kindOf(spec[name])}`}`,
      ),
    ...FUNCTIONS.filter(
      (name) =>
        known.includes(name) &&
        !functions.includes(name) &&
        spec[name] !== undefined &&
        typeof spec[name] !== 'function',
    ).map((name) => `token.${name}: expected a function`),
    ...(spec['host'] === undefined || isText(spec['host'])
      ? []
      : ['token.host: expected the name of a host in environments']),
    ...(factory === 'login' ? [] : clientProblems(spec)),
    ...(factory !== 'refreshToken' || typeof spec['rotates'] === 'boolean'
      ? []
      : [
          'token.rotates: expected true where each use replaces the refresh token, and false where none does',
        ]),
    ...answerProblems(factory, answer),
    ...authenticationProblems(spec['authentication']),
    ...(limits === undefined
      ? []
      : Array.isArray(limits)
        ? (limits as unknown[]).flatMap(limitProblems)
        : ['token.limits: expected a list']),
    ...(method === undefined || method === 'GET' || method === 'POST'
      ? []
      : ["token.method: expected 'GET' or 'POST'"]),
    ...(method === 'GET' && spec['body'] !== undefined
      ? ['token.body: a GET has no body; leave one of the two out']
      : []),
    ...(spec['loginsEatQuota'] === undefined || typeof spec['loginsEatQuota'] === 'boolean'
      ? []
      : ['token.loginsEatQuota: expected true or false']),
    ...(spec['endsEarlierToken'] === undefined || spec['endsEarlierToken'] === true
      ? []
      : ['token.endsEarlierToken: expected true, or leave it out']),
    ...(revoke === undefined ? [] : revokeProblems(factory, revoke)),
    ...rejectedProblems(spec),
    ...['issued', 'reason', 'wrongClient']
      .filter((name) => known.includes(name))
      .flatMap((name) => judgeProblems(name, spec[name])),
  ];
}

const REVOKE: Readonly<Record<'login' | 'client', { parts: readonly string[]; methods: readonly string[] }>> =
  {
    login: { parts: ['method', 'path', 'headers', 'body'], methods: ['GET', 'POST'] },
    client: { parts: ['method', 'path'], methods: ['POST', 'DELETE'] },
  };

function revokeProblems(factory: SpecShape['factory'], revoke: unknown): string[] {
  if (!isJsonObject(revoke)) return ['token.revoke: expected { path }'];
  const { parts, methods } = REVOKE[factory === 'login' ? 'login' : 'client'];
  const { method } = revoke;
  return [
    ...Object.keys(revoke)
      .filter((name) => !parts.includes(name))
      .map((name) => `token.revoke.${name}: not a part of revoke here. ${suggestion(name, parts)}`),
    ...(method === undefined || methods.includes(method as string)
      ? []
      : [`token.revoke.method: expected ${methods.map((each) => `'${each}'`).join(' or ')}`]),
    ...pathProblems('token.revoke.path', revoke['path']),
    ...['headers', 'body']
      .filter(
        (name) => parts.includes(name) && revoke[name] !== undefined && typeof revoke[name] !== 'function',
      )
      .map((name) => `token.revoke.${name}: expected a function`),
  ];
}

/**
 * After a rejection, a secret is not used for up to 15 minutes, and an outage must not cause that. The first login
 * finds a function that always throws. Only the first outage would find one that throws for an answer without a body.
 */
function rejectedProblems({ rejected }: Spec): string[] {
  if (typeof rejected !== 'function') return [];
  const at = 'token.rejected';
  const judgement = judgementOf(rejected as Judge);
  if (judgement.throws === 'always') return [];
  if (judgement.problem !== undefined) return [`${at}: ${judgement.problem}`];
  const outages = outagesIn(judgement);
  return outages === undefined
    ? []
    : [
        `${at}: returns true for a ${outages} without the provider's own words. That is an outage or a limit, and the secret would not be used again for minutes. Check the provider's words as well, as in textAt(body, 'error.code') === '…'`,
      ];
}

type Judge = (answer: ApiAnswer) => unknown;

function judgeProblems(name: string, judge: unknown): string[] {
  if (typeof judge !== 'function') return [];
  const ask = name === 'issued' ? judgementOfSuccess : judgementOf;
  const { problem, said, throws } = ask(judge as Judge);
  if (throws === 'always') return [];
  if (problem !== undefined) return [`token.${name}: ${problem}`];
  const odd = said.find(({ value }) => Boolean(value) && typeof value !== 'string');
  return name === 'reason' && odd !== undefined
    ? [`token.reason: returns ${kindOf(odd.value)}; expected the provider's word as a text, or undefined`]
    : [];
}

/** A function that finds the token in a text may throw where there is none. The first login reports that. */
function tokenFunctionProblems(find: Judge): string[] {
  const { problem, throws } = judgementOfSuccess(find);
  return problem === undefined || throws !== 'never' ? [] : [`token.answer.token: ${problem}`];
}

function clientProblems(spec: Spec): string[] {
  const words: Record<string, readonly string[]> = {
    basicEncoding: ['form', 'plain'],
    encoding: ['form', 'json'],
  };
  return [
    ...Object.entries(words)
      .filter(([name, known]) => spec[name] !== undefined && !known.includes(spec[name] as string))
      .map(([name, known]) => `token.${name}: expected ${known.map((word) => `'${word}'`).join(' or ')}`),
    ...(spec['basicEncoding'] === undefined || mayUseBasic(spec['authentication'])
      ? []
      : [
          "token.basicEncoding: nothing is encoded with it, because authentication has no 'client_secret_basic'; leave one of the two out",
        ]),
    ...(spec['tokenType'] === undefined || isText(spec['tokenType'])
      ? []
      : ["token.tokenType: expected the token_type that the provider answers with, as in 'O-Bearer'"]),
  ];
}

function mayUseBasic(authentication: unknown): boolean {
  return authentication === undefined || [authentication].flat().includes('client_secret_basic');
}

/** Paths of other languages: `$.data.token`, `/data/token`, `data[0].token`. */
const NO_PATH = /^(?:\$\.|[/.])|[[\]\s]|\.\.|\.$/;

function answerProblems(factory: SpecShape['factory'], answer: unknown): string[] {
  if (answer === undefined && factory !== 'login') return [];
  if (!isJsonObject(answer))
    return ["token.answer.token: missing; give the path of the token in the answer, as in 'data.token'"];
  const { token } = answer;
  const known = ANSWER_PARTS[factory];
  return [
    ...Object.keys(answer)
      .filter((name) => !known.includes(name))
      .map((name) => `token.answer.${name}: not a part of an answer. ${suggestion(name, known)}`),
    ...(isText(token) ||
    (typeof token === 'function' && factory === 'login') ||
    (token === undefined && factory !== 'login')
      ? []
      : ["token.answer.token: expected the path of the token in the answer, as in 'data.token'"]),
    ...known
      .filter((name) => name !== 'token' && answer[name] !== undefined && !isText(answer[name]))
      .map((name) => `token.answer.${name}: expected a path of field names, as in 'data.${name}'`),
    ...known
      .filter((name) => isText(answer[name]) && NO_PATH.test(answer[name] as string))
      .map(
        (name) =>
          `token.answer.${name}: is not a path of field names; write the names with dots between them, as in 'data.${name}' or 'tokens.0.${name}'`,
      ),
    ...(typeof token === 'function' ? tokenFunctionProblems(token as Judge) : []),
  ];
}

function authenticationProblems(given: unknown): string[] {
  const isKnown =
    given === undefined ||
    given === 'tls_client_auth' ||
    given === 'none' ||
    isClientAssertion(given) ||
    (Array.isArray(given) &&
      given.length > 0 &&
      given.every((way) => SECRET_WAYS.includes(way as SecretWay)));
  return isKnown
    ? []
    : [
        "token.authentication: expected a list of 'client_secret_basic' and 'client_secret_post', the default first; or privateKeyJwt({ … }), clientSecretJwt(), 'tls_client_auth' or 'none'",
      ];
}

function pathProblems(at: string, path: unknown): string[] {
  if (path === undefined) return [`${at}: missing; expected the path of the endpoint, as in "/oauth/token"`];
  const problem = pathProblem(path);
  if (problem === undefined) return [];
  const isWhole = typeof path === 'string' && URL.canParse(path);
  return [
    `${at}: ${problem}${isWhole ? '; where the login has a host of its own, name it in environments and give host' : ''}`,
  ];
}

const LIMIT = ['limit', 'perMs', 'per'];

function limitProblems(limit: unknown, index: number): string[] {
  if (isJsonObject(limit) && limit['scope'] !== undefined)
    return [`token.limits[${index}].scope: is called per now`];
  const stranger = isJsonObject(limit) ? Object.keys(limit).find((name) => !LIMIT.includes(name)) : undefined;
  if (stranger !== undefined)
    return [`token.limits[${index}].${stranger}: not a part of a limit. ${suggestion(stranger, LIMIT)}`];
  if (
    !isJsonObject(limit) ||
    !Number.isInteger(limit['limit']) ||
    !isWithin(limit['limit'], 1, Infinity) ||
    !isWithin(limit['perMs'], 1, YEAR_MS) ||
    !['ip', 'credential'].includes(limit['per'] as string)
  )
    return [
      `token.limits[${index}]: expected { limit, perMs, per: 'ip' | 'credential' }, limit a whole number`,
    ];
  return limit['perMs'] < LEAST_PER_MS
    ? [`token.limits[${index}].perMs: expected milliseconds; for seconds, write ${limit['perMs']} * 1_000`]
    : [];
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most;
}
