import type { SeededRandom } from '../../core/seeded-random.js';

/** One field of the credentials, and how it is made up. */
export interface Invented {
  /** Whether a rotation changes it. */
  readonly rotates: boolean;
  /** Whether the merchant does not get it: a key of the provider's own. */
  readonly isHidden?: true;
  /** @param shared the same sequence for every merchant of a provider */
  readonly invent: (random: SeededRandom, shared: SeededRandom) => string;
}

/** A field that proves a merchant's identity. A rotation replaces it. */
export const secret = (prefix: string, length = 32): Invented => ({
  rotates: true,
  invent: (random) => `${prefix}${random.text(length)}`,
});

/** A field that names a merchant, or a key that signs beside its secret. A rotation does not change it. */
export const known = (prefix: string, length = 16): Invented => ({
  rotates: false,
  invent: (random) => `${prefix}${random.text(length)}`,
});

/** A field that is the same for every merchant: a country, a version. */
export const fixed = (value: string): Invented => ({ rotates: false, invent: () => value });

/** A key of the provider's own. No merchant gets it; its public half verifies the provider's messages. */
export const hidden = (field: Invented): Invented => ({ ...field, isHidden: true });

/** A field that a function of its own invents. */
export const made = (invent: Invented['invent'], { rotates = false } = {}): Invented => ({ rotates, invent });

export const uuid = made((random) => {
  const hex = random.hex(32);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
});
