/** Unit specs stand beside their files; behaviours through the public API stand in test/. */
const transform = {
  '^.+\\.ts$': [
    '@swc/jest',
    {
      jsc: {
        target: 'es2022',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
        keepClassNames: true,
      },
      module: { type: 'es6' },
    },
  ],
};

const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform,
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^nestjs-payments-auth$': '<rootDir>/libs/payments-auth/src/index.ts',
    '^nestjs-payments-auth/(redis|testing|opentelemetry|terminus)$':
      '<rootDir>/libs/payments-auth/src/$1/index.ts',
    '^payments-sandbox$': '<rootDir>/libs/payments-sandbox/src/index.ts',
  },
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/test/package/'],
  modulePathIgnorePatterns: ['/dist/', '/test/package/'],
};

export default {
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/{libs,apps}/**/*.spec.ts'] },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['<rootDir>/{test,apps}/**/*.e2e-spec.ts', '<rootDir>/test/**/*.spec.ts'],
    },
  ],
};
