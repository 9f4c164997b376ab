/** Files of pure functions. They keep no state, and no code compares the functions, so they may be bundled twice. */
export const PURE_MODULES = ['duration', 'own-properties', 'within'];
