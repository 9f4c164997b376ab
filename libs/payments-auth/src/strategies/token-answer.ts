import { isUsableToken } from './access-token.js';
import { textAt, valueAt } from '../building-blocks/json-value.js';
import { sayDuration } from '../duration.js';
import { called, DefinitionFault } from './definition-fault.js';
import { lifetimeOf } from './lifetime.js';
import { scopesIn } from './scope-set.js';
import type { TokenAnswer, TokenOutcome } from './strategy.js';

/** The places of the values in a token answer, as paths of field names: `data.token`. */
interface TokenAnswerFields {
  /** The token: a path, or a function for a token outside of the JSON. */
  readonly token: string | ((answer: TokenAnswer) => string | undefined);
  /** The seconds until the token ends, as a number or a numeric string. */
  readonly expiresIn?: string;
  /** The time at which the token ends: an ISO date, or an epoch in seconds or milliseconds. */
  readonly expiresAt?: string;
  /** The granted scopes, separated by spaces. */
  readonly scope?: string;
  /** The refresh token that replaces the one in the request. */
  readonly refreshToken?: string;
}

/** The rules by which a provider's token answers are read. */
export interface TokenAnswerSpec {
  readonly fields: TokenAnswerFields;
  readonly documentedLifetimeMs: number;
  /** The age from which on the token is accepted, in milliseconds. */
  readonly usableAfterMs: number;
  /** Whether the answer says that the secret is wrong: at any status, 2xx included. */
  rejected(answer: TokenAnswer): boolean;
  /** What the provider has rejected. @default the secret */
  rejects?(answer: TokenAnswer): 'GRANT_REJECTED' | undefined;
  /** Whether a 2xx with a token is a success. @default every 2xx with a token is a success */
  issued?(answer: TokenAnswer): boolean;
  /** The problem with a token that the definition does not allow. @default none */
  fault?(answer: TokenAnswer): string | undefined;
  /** The provider's own word for what went wrong. @default none */
  reason?(answer: TokenAnswer): string | undefined;
}

/**
 * Reads a token answer. The secret is wrong only where the definition says so. A success without a token shows a
 * mistake in the definition: waiting does not help. Any other answer without a token is an outage.
 */
export function readTokenAnswer(
  spec: TokenAnswerSpec,
  answer: TokenAnswer,
  requestedAtMs: number,
): TokenOutcome {
  try {
    return read(spec, answer, requestedAtMs);
  } catch (error) {
    if (!(error instanceof DefinitionFault)) throw error;
    // A function that expects JSON may throw for the page of an outage. When the outage is over, the function succeeds
    // again.
    if (answer.status === 429 || answer.status >= 500)
      return { outcome: 'unavailable', reason: `HTTP ${answer.status}` };
    return { outcome: 'rejected', code: 'DEFINITION_FAULT', reason: error.message, cause: error.cause };
  }
}

function read(spec: TokenAnswerSpec, answer: TokenAnswer, requestedAtMs: number): TokenOutcome {
  if (called('token.rejected', () => spec.rejected(answer))) {
    const code = spec.rejects?.(answer);
    const reason = reasonOf(spec, answer) ?? `HTTP ${answer.status}`;
    return { outcome: 'rejected', reason, ...(code === undefined ? {} : { code }) };
  }
  const succeeded = answer.status >= 200 && answer.status < 300;
  if (!succeeded)
    return { outcome: 'unavailable', reason: reasonOf(spec, answer) ?? `HTTP ${answer.status}` };
  if (spec.issued !== undefined && !called('token.issued', () => spec.issued?.(answer)))
    return {
      outcome: 'unavailable',
      reason: reasonOf(spec, answer) ?? `HTTP ${answer.status}, and token.issued returned false`,
    };
  const token = tokenIn(spec, answer);
  if (!isUsableToken(token)) return withoutToken(spec, answer, token);
  const fault = spec.fault?.(answer);
  if (fault !== undefined) return { outcome: 'rejected', code: 'DEFINITION_FAULT', reason: fault };
  const { fields } = spec;
  const scope = fields.scope === undefined ? undefined : textAt(answer.body, fields.scope);
  const refreshToken =
    fields.refreshToken === undefined ? undefined : textAt(answer.body, fields.refreshToken);
  const lifetime = lifetimeOf({
    relative: fields.expiresIn === undefined ? undefined : valueAt(answer.body, fields.expiresIn),
    absolute: fields.expiresAt === undefined ? undefined : valueAt(answer.body, fields.expiresAt),
    token,
    date: answer.headers['date'],
    requestedAtMs,
    documentedMs: spec.documentedLifetimeMs,
  });
  // The rest of a JWT's life does not matter here: an issuer may return a JWT that is already old enough.
  if (lifetime.from !== 'jwt' && lifetime.lifetimeMs <= spec.usableAfterMs)
    return {
      outcome: 'rejected',
      code: 'DEFINITION_FAULT',
      reason: `the token lives ${sayDuration(lifetime.lifetimeMs)}, but token.usableAfterMs is ${sayDuration(spec.usableAfterMs)}: it would end before it may be used. Correct token.usableAfterMs, or where and in which unit answer.expiresIn is read`,
    };
  return {
    outcome: 'issued',
    token,
    lifetime,
    ...(scope === undefined ? {} : { scopes: scopesIn(scope) }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
  };
}

function tokenIn({ fields: { token } }: TokenAnswerSpec, answer: TokenAnswer): unknown {
  return typeof token === 'string'
    ? valueAt(answer.body, token)
    : called('token.answer.token', () => token(answer));
}

/**
 * The outcome of a success without a token. The page of a proxy is not JSON, and counts as an outage. A success of the
 * provider is JSON, so its missing token is a fault of the definition.
 */
function withoutToken(spec: TokenAnswerSpec, answer: TokenAnswer, token: unknown): TokenOutcome {
  const reason = reasonOf(spec, answer);
  if (reason !== undefined) return { outcome: 'unavailable', reason };
  const isText = token === undefined || typeof token === 'string';
  if (answer.body === undefined && isText)
    return { outcome: 'unavailable', reason: `HTTP ${answer.status} without a usable token` };
  const { token: path } = spec.fields;
  const place = typeof path === 'string' ? `at "${path}"` : 'where it looks';
  const what = token === undefined || token === null || token === '' ? 'no token' : 'no usable token';
  return {
    outcome: 'rejected',
    code: 'DEFINITION_FAULT',
    reason: `token.answer.token: HTTP ${answer.status} with ${what} ${place}`,
  };
}

/** The provider's own word, without the status, which would only repeat it. */
function reasonOf(spec: TokenAnswerSpec, answer: TokenAnswer): string | undefined {
  const reason = called('token.reason', () => spec.reason?.(answer));
  return typeof reason === 'string' && reason !== '' ? reason : undefined;
}
