export default {
  extensionsToTreatAsEsm: ['.ts'],
  globalSetup: '<rootDir>/spec/support/require-programs.js',
  // Most of what the specs do is to wait for servers.
  maxWorkers: '100%',
  testMatch: ['<rootDir>/spec/**/*.spec.ts'],
  testTimeout: 20_000,
  transform: { '\\.ts$': '@swc/jest' },
};
