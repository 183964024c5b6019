import base from '../../jest.config.js';

export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/spec/keycloak/*.spec.ts'],
  testPathIgnorePatterns: [],
  testTimeout: 60_000,
};
