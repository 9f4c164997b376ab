import { deepOwnCopy } from '../own-properties.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import { definitionProblems } from './definition-problems.js';
import type { ProviderDefinition } from './provider-definition.js';

/**
 * `C` written out field by field: then an `interface` will do for a provider's credentials, and the definition
 * passes wherever a definition of any provider is expected.
 */
export type CredentialFields<C> = { readonly [K in keyof C]: C[K] };

/**
 * Describes a payment provider: the function that the built-in ones are written with. Checks the description, all
 * of it at once, so that a slip is found where it was made.
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
>(definition: ProviderDefinition<CredentialFields<C>, N, E>): ProviderDefinition<CredentialFields<C>, N, E> {
  const problems = definitionProblems(definition);
  if (problems.length > 0) {
    const name = typeof definition?.name === 'string' ? definition.name : undefined;
    throw new PaymentsAuthError(
      'INVALID_OPTIONS',
      `The definition of provider "${name ?? '(without a name)'}" is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
      { ...(name === undefined ? {} : { provider: name }), problems },
    );
  }
  return deepOwnCopy(definition);
}

/**
 * Describes a provider that is built in. The contract test checks these descriptions, so that an application does not do
 * it again at each start.
 */
export function builtInProvider<
  C extends { readonly [K in keyof C]: string | readonly string[] | undefined },
  N extends string,
  E extends string,
>(definition: ProviderDefinition<CredentialFields<C>, N, E>): ProviderDefinition<CredentialFields<C>, N, E> {
  return deepOwnCopy(definition);
}
