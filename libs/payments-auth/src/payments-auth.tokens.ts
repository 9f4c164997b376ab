import { Inject } from '@nestjs/common';
import { nearest } from './nearest.js';
import { BUILT_IN_PROVIDERS, type BuiltInProviderName } from './providers/index.js';

/**
 * The names of an application's own providers, for the decorators. Extended where such a provider is defined:
 *
 * @example
 * ```ts
 * declare module 'nestjs-payments-auth' {
 *   interface OwnProviders {
 *     acme: true;
 *   }
 * }
 * ```
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- merged with the application's
export interface OwnProviders {}

/** A provider's name as the decorators take it, so that a misspelt one is a type error. */
export type KnownProviderName = BuiltInProviderName | Extract<keyof OwnProviders, string>;

/** A built-in provider's name, or one that the application has chosen. */
export type ProviderName = BuiltInProviderName | (string & {});

/** The clock of the module, so that a test can drive it: `.overrideProvider(PAYMENTS_AUTH_CLOCK)`. */
export const PAYMENTS_AUTH_CLOCK = 'PAYMENTS_AUTH:CLOCK';
/** The options as the application gave them, sealed. */
export const PAYMENTS_AUTH_OPTIONS = 'PAYMENTS_AUTH:OPTIONS';
/** The options checked and resolved. */
export const PAYMENTS_AUTH_PROVIDERS = 'PAYMENTS_AUTH:PROVIDERS';

/**
 * The injection token of a provider's `HttpService`.
 *
 * When Nest cannot resolve a token, it prints only the token. So the token says what to do.
 */
export function getPaymentsHttpToken(name: ProviderName): string {
  return `PAYMENTS_AUTH:HTTP:${name}${hint(name)}`;
}

/** The injection token of a provider's `CredentialService`. */
export function getCredentialsToken(name: ProviderName): string {
  return `PAYMENTS_AUTH:CREDENTIALS:${name}${hint(name)}`;
}

/** Injects the `HttpService` of a provider, which authenticates every request to it. */
export function InjectPaymentsHttp(name: KnownProviderName): PropertyDecorator & ParameterDecorator {
  return Inject(getPaymentsHttpToken(name));
}

/** Injects the `CredentialService` of a provider, for clients other than the provider's `HttpService`. */
export function InjectCredentials(name: KnownProviderName): PropertyDecorator & ParameterDecorator {
  return Inject(getCredentialsToken(name));
}

function hint(name: string): string {
  const builtIn = BUILT_IN_PROVIDERS.map((each): string => each.name);
  if (builtIn.includes(name)) return ' (name it in providers or fromEnvironment)';
  const meant = nearest(name, builtIn);
  return meant === undefined ? ' (name it in definitions or providerNames)' : ` (did you mean "${meant}"?)`;
}
