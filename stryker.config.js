import process from 'node:process';

// One part of lib/ by the specs of it: MUTATION=token npm run mutation. It takes long, and so is not in CI.
const part = process.env.MUTATION ?? 'invalidation';

export default {
  testRunner: 'jest',
  jest: {
    configFile: 'jest.config.js',
    config: {
      globalSetup: null,
      globalTeardown: null,
      testEnvironment: './spec/runner/mutation-environment.js',
      testSequencer: './spec/runner/smallest-first.js',
      testMatch: [`<rootDir>/spec/${part}/**/*.spec.ts`],
    },
    enableFindRelatedTests: false,
  },
  mutate: [`lib/${part}/**/*.ts`],
  coverageAnalysis: 'perTest',
  ignoreStatic: true,
  concurrency: 2,
  // Jest grows with each run in one process, and slows down.
  maxTestRunnerReuse: 60,
  reporters: ['clear-text'],
};
