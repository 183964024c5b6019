import process from 'node:process';

// One part of lib/ by the specs of it: MUTATION=token npm run mutation. It takes long, and so is not in CI.
const part = process.env.MUTATION ?? 'invalidation';
// The specs of callers that see rules of the part.
const CALLERS = {
  session: [
    ...['session-ended', 'several-clients', 'closed-revocation', 'provider/revocation'],
    ...['logout/provider-side', 'logout/repeated-logout'],
  ],
};
const callers = CALLERS[part] ?? [];

export default {
  testRunner: 'jest',
  jest: {
    configFile: 'jest.config.js',
    config: {
      globalSetup: null,
      globalTeardown: null,
      testEnvironment: './spec/runner/mutation-environment.js',
      testSequencer: './spec/runner/smallest-first.js',
      // Sessions by the thousand take too long for each mutant.
      testPathIgnorePatterns: ['/spec/session/many-sessions'],
      testMatch: [
        `<rootDir>/spec/${part}/**/*.spec.ts`,
        ...callers.map((name) => `<rootDir>/spec/${name}.spec.ts`),
      ],
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
