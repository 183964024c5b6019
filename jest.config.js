export default {
  extensionsToTreatAsEsm: ['.ts'],
  globalSetup: '<rootDir>/spec/support/require-programs.js',
  // Of the tests of one file that run side by side: most of what they do is to wait.
  maxConcurrency: 30,
  // Most of what the specs do is to wait for servers.
  maxWorkers: '100%',
  testMatch: ['<rootDir>/spec/**/*.spec.ts'],
  testTimeout: 20_000,
  transform: { '\\.ts$': '@swc/jest' },
};
