/** Reads an environment variable; an empty one counts as unset. */
export type Variables = (name: string) => string | undefined;

/** The part of Nest's `ConfigService` that is needed here. */
export interface VariableSource {
  get(name: string): unknown;
}

/**
 * Variables come from the application's `ConfigService` where it has one, because that is where the application's
 * `.env` files, validation and overrides are; from `process.env` otherwise.
 */
export function variablesOf(config: VariableSource | undefined): Variables {
  return (name) => {
    const value = config === undefined ? process.env[name] : config.get(name);
    // A validation schema may have made a number of it.
    const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
    return typeof text === 'string' && text !== '' ? text : undefined;
  };
}
