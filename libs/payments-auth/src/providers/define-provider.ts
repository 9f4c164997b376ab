import { deepOwnCopy, define, ownObject } from '../own-properties.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import {
  type clientCredentials,
  uncheckedClientCredentials,
} from '../strategies/client-credentials.strategy.js';
import { type login, uncheckedLogin } from '../strategies/login.strategy.js';
import { type refreshToken, uncheckedRefreshToken } from '../strategies/refresh-token.strategy.js';
import { unreadableParts } from '../strategies/unreadable-parts.js';
import { definitionProblems } from './definition-problems.js';
import type { ProviderDefinition } from './provider-definition.js';

/**
 * `C` written out field by field. So a provider's credentials may be an `interface`, and the definition is accepted
 * wherever a definition of any provider is expected.
 */
export type CredentialFields<C> = { readonly [K in keyof C]: C[K] };

/**
 * Describes a payment provider. The built-in providers are written with the same function. It checks the whole
 * description at once, so that the error comes from the place of the mistake.
 *
 * @typeParam C the provider's static credentials, field by field
 * @typeParam N the provider's name, where types are to know it
 * @typeParam E the names of its environments, where types are to know them
 * @throws PaymentsAuthError INVALID_OPTIONS, whose `problems` name every wrong field
 *
 * @example
 * ```ts
 * export const acme = defineProvider<{ apiKey: string }>({
 *   name: 'acme',
 *   title: 'Acme',
 *   docs: 'https://docs.acme.test/authentication',
 *   environments: { live: 'https://api.acme.test' },
 *   credentials: { apiKey: { variable: 'ACME_API_KEY' } },
 *   headers: ({ credentials }) => ({ 'X-Api-Key': credentials.apiKey }),
 *   refusal: { refused: ({ status, body }) => status === 401 && textAt(body, 'error.code') === 'bad_key' },
 * });
 * ```
 */
export function defineProvider<
  C extends { readonly [K in keyof C]: string | readonly string[] | undefined },
  N extends string = string,
  E extends string = string,
>(asWritten: ProviderDefinition<CredentialFields<C>, N, E>): ProviderDefinition<CredentialFields<C>, N, E> {
  const unreadable = unreadableParts(asWritten);
  if (unreadable.length > 0) throw notValid(undefined, unreadable);
  const definition = deepOwnCopy(asWritten);
  const problems = definitionProblems(definition);
  if (problems.length > 0)
    throw notValid(typeof definition?.name === 'string' ? definition.name : undefined, problems);
  return definition;
}

function notValid(name: string | undefined, problems: readonly string[]): PaymentsAuthError {
  return new PaymentsAuthError(
    'INVALID_OPTIONS',
    `The definition of provider "${name ?? '(without a name)'}" is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    { ...(name === undefined ? {} : { provider: name }), problems },
  );
}

/** The description behind a definition. */
const DESCRIPTION = Symbol('description');

type Description = Omit<ProviderDefinition, 'name'>;

/** The factories for the `token` of a definition. */
export interface TokenFactories {
  readonly login: typeof login;
  readonly clientCredentials: typeof clientCredentials;
  readonly refreshToken: typeof refreshToken;
}

/** The checks of the public factories would cost every boot 2 ms. */
const UNCHECKED: TokenFactories = {
  login: (spec) => uncheckedLogin(deepOwnCopy(spec)),
  clientCredentials: (spec) => uncheckedClientCredentials(deepOwnCopy(spec)),
  refreshToken: (spec) => uncheckedRefreshToken(deepOwnCopy(spec)),
};

/** Every field of a definition besides its name. The code does not compile when one is missing. */
const FIELDS = Object.keys({
  title: true,
  docs: true,
  region: true,
  basedOn: true,
  credentialsPage: true,
  environments: true,
  environmentVariable: true,
  baseUrlVariable: true,
  credentials: true,
  token: true,
  headers: true,
  defaultHeaders: true,
  sign: true,
  tls: true,
  refusal: true,
  scopes: true,
  scopesVariable: true,
  secretResponseFields: true,
  probe: true,
  advice: true,
  webhooks: true,
} satisfies Record<keyof Description, true>) as readonly (keyof Description)[];

interface BuiltIn {
  readonly [DESCRIPTION]: (factories?: TokenFactories) => Description;
}

/** All built-in definitions share these accessors. Otherwise each definition would take 5 KB of memory for its own. */
const DESCRIBED = FIELDS.map((field): [string, PropertyDescriptor] => [
  field,
  {
    enumerable: true,
    get(this: BuiltIn) {
      return this[DESCRIPTION]()[field];
    },
  },
]);

/**
 * Describes a provider that is built in. An application uses a few of them, so a description is made when code reads
 * more than its name. The others cost no time at the start. The contract test checks all of them.
 */
export function builtInProvider<
  C extends { readonly [K in keyof C]: string | readonly string[] | undefined },
  N extends string,
  E extends string,
>(
  name: N,
  describe: (factories: TokenFactories) => Omit<ProviderDefinition<CredentialFields<C>, N, E>, 'name'>,
): ProviderDefinition<CredentialFields<C>, N, E> {
  let made: ReturnType<typeof describe> | undefined;
  const definition = ownObject();
  define(definition, 'name', { value: name, enumerable: true });
  const description = (factories?: TokenFactories) =>
    factories === undefined ? (made ??= deepOwnCopy(describe(UNCHECKED))) : describe(factories);
  define(definition, DESCRIPTION, { value: description });
  for (const [field, accessor] of DESCRIBED) define(definition, field, accessor);
  return Object.freeze(definition) as ProviderDefinition<CredentialFields<C>, N, E>;
}

/** The description of a built-in definition, with its token made by the factories that are given. */
export function describedWith(factories: TokenFactories, definition: object): Description {
  return (definition as BuiltIn)[DESCRIPTION](factories);
}
