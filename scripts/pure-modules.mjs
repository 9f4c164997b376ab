/** The files of pure functions that keep nothing and that nobody compares: they may be bundled twice. */
export const PURE_MODULES = ['duration', 'own-properties', 'within'];
