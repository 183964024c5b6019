import base from '../../jest.config.js';

/** The packed package in projects of those who use it. */
export default {
  ...base,
  rootDir: '../..',
  maxWorkers: 2,
  globalSetup: '<rootDir>/spec/consumers/pack.js',
  globalTeardown: '<rootDir>/spec/consumers/unpack.js',
  testMatch: ['<rootDir>/spec/consumers/*.consumer.ts'],
  testTimeout: 120_000,
  verbose: true,
};
