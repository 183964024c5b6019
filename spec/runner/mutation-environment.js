import process from 'node:process';
import fc from 'fast-check';
import Environment from './environment.js';

// The first failure is enough.
fc.configureGlobal({ endOnFailure: true });

let killed;

/** Tells the modules, which stay loaded, which mutant is the active one. */
export default class MutationEnvironment extends Environment {
  constructor(config, context) {
    super(config, context);
    const { __stryker__: stryker } = globalThis;
    if (stryker) stryker.activeMutant = process.env.__STRYKER_ACTIVE_MUTANT__;
  }

  /** Skips all tests after the one that killed the mutant, for Jest cannot bail out here. */
  handleTestEvent({ name, test }) {
    const mutant = process.env.__STRYKER_ACTIVE_MUTANT__;
    if (mutant === undefined) return;
    if (name === 'test_done' && test.errors.length > 0) killed = mutant;
    if (name === 'test_start' && killed === mutant) test.mode = 'skip';
  }
}
