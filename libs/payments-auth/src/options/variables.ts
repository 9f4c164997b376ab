/** Reads an environment variable; an empty one counts as unset. */
export interface Variables {
  (name: string): string | undefined;
  /** Whether the variable was turned into a number that lost digits: `0012345678`. @default no variable was */
  readonly hasLostDigits?: (name: string) => boolean;
}

/** The part of Nest's `ConfigService` that is needed here. */
export interface VariableSource {
  get(name: string): unknown;
}

/**
 * Variables come from the application's `ConfigService` where it has one, because that is where the application's
 * `.env` files, validation and overrides are; from `process.env` otherwise.
 */
export function variablesOf(config: VariableSource | undefined): Variables {
  const valueOf = (name: string) => (config === undefined ? process.env[name] : config.get(name));
  const read = (name: string) => {
    const value = valueOf(name);
    // A validation schema may have turned the value into a number.
    const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
    return typeof text === 'string' && text !== '' ? text : undefined;
  };
  return Object.assign(read, {
    hasLostDigits: (name: string) => {
      const value = valueOf(name);
      return typeof value === 'number' && isOtherThan(process.env[name], value);
    },
  });
}

/**
 * Whether a number is another one than the text that it was made of.
 *
 * @param text the text in the environment, where there is one
 */
function isOtherThan(text: string | undefined, number: number): boolean {
  if (text !== undefined && Number(text) === number) return text.trim() !== String(number);
  return !(Math.abs(number) <= Number.MAX_SAFE_INTEGER);
}
