/** Node loads the tests and what they test (test/support/native/runner.mjs): Jest finds, runs and reports them. */
const common = {
  testEnvironment: 'node',
  testRunner: '<rootDir>/test/support/native/runner.mjs',
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/dashboard/'],
  transform: {},
}
const database = {
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
}

const processes = {
  globalSetup: '<rootDir>/test/support/process-setup.mjs',
  globalTeardown: '<rootDir>/test/support/process-teardown.mjs',
}

/** Two cores share tests and PostgreSQL: more workers than two are slower. */
export default {
  maxWorkers: 2,
  // Far more than a slow machine takes: what hangs fails, and nothing else.
  testTimeout: 180_000,
  testSequencer: '<rootDir>/test/support/sequencer.mjs',
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.spec.ts'] },
    {
      ...common,
      ...database,
      displayName: 'integration',
      testMatch: ['<rootDir>/test/**/*.spec.ts'],
      testPathIgnorePatterns: ['<rootDir>/test/process/'],
    },
    { ...common, ...processes, displayName: 'process', testMatch: ['<rootDir>/test/process/**/*.spec.ts'] },
  ],
}
