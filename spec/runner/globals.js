export let afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest, test;

/** Those of the spec file that runs now: what is imported changes with them. */
export function use(globals) {
  ({ afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest, test } = globals);
}
