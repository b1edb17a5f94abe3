import { readFileSync } from 'node:fs'

const { $schema, ...swc } = JSON.parse(readFileSync(new URL('.swcrc', import.meta.url), 'utf8'))
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/dashboard/'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swc, swcrc: false }] },
}
const database = {
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
}

const processes = {
  globalSetup: '<rootDir>/test/support/process-setup.mjs',
  globalTeardown: '<rootDir>/test/support/process-teardown.mjs',
}

/** Thousands of people log in, none of whose passwords is secret. */
const cheapPasswords = { '^@node-rs/argon2$': '<rootDir>/test/support/argon2.mjs' }

/**
 * Two cores share tests and PostgreSQL: more workers than two are slower. A worker keeps the modules of every file that it ran, and its garbage
 * collector pauses grow with them; beyond this it is replaced.
 */
export default {
  maxWorkers: 2,
  // Far more than a slow machine takes: what hangs fails, and nothing else.
  testTimeout: 180_000,
  testSequencer: '<rootDir>/test/support/sequencer.mjs',
  workerIdleMemoryLimit: '1200MB',
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.spec.ts'] },
    {
      ...common,
      ...database,
      moduleNameMapper: { ...common.moduleNameMapper, ...cheapPasswords },
      displayName: 'integration',
      testMatch: ['<rootDir>/test/**/*.spec.ts'],
      testPathIgnorePatterns: ['<rootDir>/test/process/'],
    },
    { ...common, ...processes, displayName: 'process', testMatch: ['<rootDir>/test/process/**/*.spec.ts'] },
  ],
}
