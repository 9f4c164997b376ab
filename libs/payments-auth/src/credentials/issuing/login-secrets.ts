import { ownCopy } from '../../own-properties.js';
import type { CredentialField, ProviderDefinition } from '../../providers/provider-definition.js';
import { isJsonObject } from '../../building-blocks/json-value.js';
import type { Credentials, TokenRequest } from '../../strategies/strategy.js';

/** Headers that describe the body. They do not authenticate the sender. */
const DESCRIPTIVE = new Set(['accept', 'content-type', 'content-length', 'user-agent']);
/** A signed assertion in a body. */
const JWT = /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g;
/** A field of an answer with such a name is a secret, also where the definition does not name it. */
const SECRET_FIELD = /token$|secret|password|api_?key|assertion/i;
const MOST_VALUES = 200;

/** The values of the fields that must never be seen. */
export function secretValues(definition: ProviderDefinition, credentials: Credentials): string[] {
  const fields: Readonly<Record<string, CredentialField>> = definition.credentials ?? {};
  return Object.entries(credentials)
    .filter(([name]) => !Object.hasOwn(fields, name) || fields[name]?.secret !== false)
    .flatMap(([, value]) => value ?? []);
}

/**
 * The secrets that must not appear in any text about a login: the secret fields, the values that were made from them
 * for this request (a Basic header, a signature, an assertion), and the tokens in the answer.
 */
export function loginSecrets(
  definition: ProviderDefinition,
  credentials: Credentials,
  request: TokenRequest,
  answer: { readonly body: unknown },
): string[] {
  const headers = Object.entries(request.headers).filter(([name]) => !DESCRIPTIVE.has(name.toLowerCase()));
  return [
    ...secretValues(definition, credentials),
    ...headers.map(([, value]) => value),
    ...(ownCopy(request).body?.match(JWT) ?? []),
    ...secretsIn(answer.body),
  ];
}

function secretsIn(body: unknown): string[] {
  const secrets: string[] = [];
  const left: [name: string, value: unknown][] = [['', body]];
  for (let seen = 0; seen < MOST_VALUES; seen += 1) {
    const next = left.pop();
    if (next === undefined) break;
    const [name, value] = next;
    // Of a very long list, only the part that is checked is read.
    const most = MOST_VALUES - seen;
    if (typeof value === 'string' && SECRET_FIELD.test(name)) secrets.push(value);
    else if (Array.isArray(value))
      left.push(...value.slice(-most).map((each): [string, unknown] => [name, each]));
    else if (isJsonObject(value)) left.push(...Object.entries(value).slice(-most));
  }
  return secrets;
}
