/** The settings that run the sources without a build, for Jest and for the child processes of the specs. */

const libs = new URL('../../libs/', import.meta.url);

/** @type {import('@swc/core').Options} */
export const swcOptions = {
  swcrc: false,
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
  module: { type: 'es6' },
};

/** Package names as users import them, and the sources behind them. */
export const packageSources = {
  '^nestjs-payments-auth$': 'payments-auth/src/index.ts',
  '^nestjs-payments-auth/(redis|testing|opentelemetry|terminus|status-page)$':
    'payments-auth/src/$1/index.ts',
  '^payments-sandbox$': 'payments-sandbox/src/index.ts',
};

/**
 * @param {string} specifier
 * @returns {string | undefined} the URL of the source that an import of `specifier` means, if it is one of ours
 */
export function sourceOf(specifier) {
  for (const [pattern, source] of Object.entries(packageSources)) {
    const match = new RegExp(pattern).exec(specifier);
    if (match) return new URL(source.replace('$1', match[1] ?? ''), libs).href;
  }
  return undefined;
}
