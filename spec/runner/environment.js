import { ModernFakeTimers } from '@jest/fake-timers';
import { TestEnvironment } from 'jest-environment-node';
import { ModuleMocker } from 'jest-mock';

/** The globals of the process itself. */
export default class Environment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global = globalThis;
    this.moduleMocker = new ModuleMocker(globalThis);
    this.fakeTimersModern = new ModernFakeTimers({
      config: config.projectConfig,
      global: globalThis,
    });
  }

  /** Stacks as Node.js has them: there is no source map, and those of 100 calls cost time. */
  async setup() {
    await super.setup();
    delete Error.prepareStackTrace;
    Error.stackTraceLimit = 10;
  }
}
