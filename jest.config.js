import { availableParallelism } from 'node:os';

export default {
  globalSetup: '<rootDir>/spec/support/global-setup.js',
  globalTeardown: '<rootDir>/spec/support/global-teardown.js',
  // Of tests of one file that run side by side, because they wait.
  maxConcurrency: 8,
  // Most of what the specs do is to wait for servers. Jest takes no share above 100%.
  maxWorkers: 3 * availableParallelism(),
  runtime: '<rootDir>/spec/runner/runtime.cjs',
  testEnvironment: '<rootDir>/spec/runner/environment.js',
  testMatch: ['<rootDir>/spec/**/*.spec.ts'],
  testPathIgnorePatterns: ['<rootDir>/spec/keycloak/'],
  testSequencer: '<rootDir>/spec/support/slowest-first.js',
  testTimeout: 20_000,
  transform: {},
};
