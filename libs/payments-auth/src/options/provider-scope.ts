import type { ProviderDefinition } from '../providers/provider-definition.js';
import type { Findings } from './findings.js';
import type { Variables } from './variables.js';

/** One provider of one application, while its options are being resolved. */
export interface ProviderScope {
  /** The name it is registered under. */
  readonly name: string;
  /** Where its options stand: `providers.pesapal`. */
  readonly path: string;
  readonly definition: ProviderDefinition;
  /**
   * The options that the application gave. They are not checked yet, and empty when the provider is configured by
   * variables alone.
   */
  readonly options: Readonly<Record<string, unknown>>;
  /** Where the application named the provider, so that findings can point there. */
  readonly said: 'providers' | 'fromEnvironment' | 'nowhere';
  readonly variables: Variables;
  readonly findings: Findings;
}
