import { fileURLToPath, URL } from 'node:url';

/** The packed package in projects of those who use it. */
export default {
  rootDir: fileURLToPath(new URL('../..', import.meta.url)),
  maxWorkers: 2,
  globalSetup: '<rootDir>/spec/consumers/pack.js',
  globalTeardown: '<rootDir>/spec/consumers/unpack.js',
  runtime: '<rootDir>/spec/runner/runtime.cjs',
  testEnvironment: '<rootDir>/spec/runner/environment.js',
  testMatch: ['<rootDir>/spec/consumers/*.consumer.ts'],
  testTimeout: 120_000,
  transform: {},
  verbose: true,
};
