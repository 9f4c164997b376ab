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
  /** What the application said, of which nothing is certain yet; empty when it is configured by variables alone. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Where the application named the provider, so that findings can point there. */
  readonly said: 'providers' | 'fromEnvironment' | 'nowhere';
  readonly variables: Variables;
  readonly findings: Findings;
}
