import process from 'node:process';
// One part of lib/ by its own specs: MUTATION=token npm run mutation. It takes long, and so is not in CI.
const part = process.env.MUTATION ?? 'invalidation';

export default {
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules'],
  jest: {
    configFile: 'jest.config.js',
    config: { testMatch: [`<rootDir>/spec/${part}/**/*.spec.ts`] },
    enableFindRelatedTests: false,
  },
  mutate: [`lib/${part}/**/*.ts`],
  coverageAnalysis: 'perTest',
  ignoreStatic: true,
  concurrency: 2,
  reporters: ['clear-text'],
};
