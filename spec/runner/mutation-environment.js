import process from 'node:process';
import Environment from './environment.js';

/** Tells the modules, which stay loaded, which mutant is the active one. */
export default class MutationEnvironment extends Environment {
  constructor(config, context) {
    super(config, context);
    const { __stryker__: stryker } = globalThis;
    if (stryker) stryker.activeMutant = process.env.__STRYKER_ACTIVE_MUTANT__;
  }
}
