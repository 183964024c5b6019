import { availableParallelism } from 'node:os';

export default {
  extensionsToTreatAsEsm: ['.ts'],
  globalSetup: '<rootDir>/spec/support/global-setup.js',
  globalTeardown: '<rootDir>/spec/support/global-teardown.js',
  // Of tests of one file that run side by side, because they wait.
  maxConcurrency: 8,
  // Most of what the specs do is to wait for servers. Jest takes no share above 100%.
  maxWorkers: 2 * availableParallelism(),
  testMatch: ['<rootDir>/spec/**/*.spec.ts'],
  testPathIgnorePatterns: ['<rootDir>/spec/keycloak/'],
  testSequencer: '<rootDir>/spec/support/slowest-first.js',
  testTimeout: 20_000,
  transform: { '\\.ts$': '@swc/jest' },
};
