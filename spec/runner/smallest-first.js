import { statSync } from 'node:fs';
import { createRequire } from 'node:module';

const { default: Sequencer } = createRequire(import.meta.url)('@jest/test-sequencer');

const sizeOf = ({ path }) => statSync(path).size;

/** Most mutants are killed before the long spec files begin. */
export default class SmallestFirst extends Sequencer {
  sort(tests) {
    return [...tests].sort((one, other) => sizeOf(one) - sizeOf(other));
  }
}
