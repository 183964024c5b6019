const asyncHooks = require('node:async_hooks');
const { register } = require('node:module');
const { pathToFileURL } = require('node:url');
const { default: JestRuntime } = require('jest-runtime');

register(pathToFileURL(require.resolve('./hooks.js')));

const FRAMEWORK_STATE = ['EVENT_HANDLERS', 'JEST_STATE_SYMBOL'];

/** Loads spec files as Node.js does: what they import is loaded once by each worker. */
module.exports = class Runtime extends JestRuntime {
  static #runs = new Map();

  // Of the framework each spec file gets a new one, for its state is in the module.
  requireInternalModule(from, to) {
    if (to !== undefined) return super.requireInternalModule(from, to);
    delete require.cache[from];
    for (const key of Object.getOwnPropertySymbols(globalThis)) {
      if (FRAMEWORK_STATE.includes(key.description)) delete globalThis[key];
    }
    return Runtime.#requireFramework(from);
  }

  // In Node.js 20 a storage costs time at every promise. Without one, an uncaught error fails its
  // spec file, and not its test.
  static #requireFramework(from) {
    const { AsyncLocalStorage } = asyncHooks;
    asyncHooks.AsyncLocalStorage = class {
      run(store, callback) {
        return callback();
      }
      getStore() {}
    };
    try {
      return require(from);
    } finally {
      asyncHooks.AsyncLocalStorage = AsyncLocalStorage;
    }
  }

  unstable_shouldLoadAsEsm() {
    return true;
  }

  async unstable_importModule(path) {
    const { use } = await import('@jest/globals');
    use(this.requireModuleOrMock(path, '@jest/globals'));
    // A module is evaluated once, and a spec file at each run.
    const run = Runtime.#runs.get(path) ?? 0;
    Runtime.#runs.set(path, run + 1);
    return import(pathToFileURL(path) + (run === 0 ? '' : `?run=${run}`));
  }
};
