import { isUsableToken } from './access-token.js';
import { textAt, valueAt } from '../building-blocks/json-value.js';
import { lifetimeOf } from './lifetime.js';
import { scopesIn } from './scope-set.js';
import type { TokenAnswer, TokenOutcome } from './strategy.js';

/** Where things stand in a token answer, as paths of field names: `data.token`. */
export interface TokenAnswerFields {
  /** The token: a path, or a function for one that stands outside the JSON. */
  readonly token: string | ((answer: TokenAnswer) => string | undefined);
  /** Seconds until it dies, as a number or a numeric string. */
  readonly expiresIn?: string;
  /** The instant it dies: an ISO date, or an epoch in seconds or milliseconds. */
  readonly expiresAt?: string;
  /** The granted scopes, separated by spaces. */
  readonly scope?: string;
}

/** What a provider's token answers mean. */
export interface TokenAnswerSpec {
  readonly fields: TokenAnswerFields;
  readonly documentedLifetimeMs: number;
  /** Whether the answer says that the secret is wrong: at any status, 2xx included. */
  rejected(answer: TokenAnswer): boolean;
  /** What a 2xx with a token must show besides, before the token is taken. @default nothing */
  issued?(answer: TokenAnswer): boolean;
  /** The provider's own word for what went wrong. @default none */
  reason?(answer: TokenAnswer): string | undefined;
}

/** Reads a token answer. Only what the definition names is a wrong secret; what gives no token is an outage. */
export function readTokenAnswer(
  spec: TokenAnswerSpec,
  answer: TokenAnswer,
  requestedAtMs: number,
): TokenOutcome {
  if (spec.rejected(answer)) return { outcome: 'rejected', reason: reasonOf(spec, answer) };
  const { fields } = spec;
  const token = typeof fields.token === 'string' ? valueAt(answer.body, fields.token) : fields.token(answer);
  const succeeded = answer.status >= 200 && answer.status < 300 && (spec.issued?.(answer) ?? true);
  if (!succeeded) return { outcome: 'unavailable', reason: reasonOf(spec, answer) };
  if (!isUsableToken(token)) {
    return { outcome: 'unavailable', reason: reasonOf(spec, answer, ' without a usable token') };
  }
  const scope = fields.scope === undefined ? undefined : textAt(answer.body, fields.scope);
  return {
    outcome: 'issued',
    token,
    lifetime: lifetimeOf({
      relative: fields.expiresIn === undefined ? undefined : valueAt(answer.body, fields.expiresIn),
      absolute: fields.expiresAt === undefined ? undefined : valueAt(answer.body, fields.expiresAt),
      token,
      date: answer.headers['date'],
      requestedAtMs,
      documentedMs: spec.documentedLifetimeMs,
    }),
    ...(scope === undefined ? {} : { scopes: scopesIn(scope) }),
  };
}

/** The provider's own word alone where it gave one: the status would only repeat it. */
function reasonOf(spec: TokenAnswerSpec, answer: TokenAnswer, lack = ''): string {
  return spec.reason?.(answer) ?? `HTTP ${answer.status}${lack}`;
}
