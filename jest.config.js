export default {
  extensionsToTreatAsEsm: ['.ts'],
  globalSetup: '<rootDir>/spec/support/require-programs.js',
  testMatch: ['<rootDir>/spec/**/*.spec.ts'],
  testTimeout: 20_000,
  transform: { '\\.ts$': '@swc/jest' },
};
