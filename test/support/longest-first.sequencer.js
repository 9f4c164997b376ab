import { createRequire } from 'node:module';

/** @typedef {{ path: string }} Test */

/** @type {{ default: new () => { sort(tests: Test[]): Test[] } }} */
const { default: Sequencer } = createRequire(import.meta.url)('@jest/test-sequencer');

/** These wait for minutes of real time, whatever the machine: started last, everything would wait for them. */
const LONG = [/soak\.e2e-spec\.ts$/, /fleet-lifetimes\.e2e-spec\.ts$/, /leaks\.e2e-spec\.ts$/];

/** Jest's own order, but for the longest specs, which come first. */
export default class LongestFirst extends Sequencer {
  /**
   * @override
   * @param {Test[]} tests
   */
  sort(tests) {
    // oxlint-disable-next-line unicorn/no-array-sort -- it is the sequencer's, not an array's
    return [...super.sort(tests)].toSorted((a, b) => Number(isLong(b)) - Number(isLong(a)));
  }
}

/** @param {Test} test */
function isLong({ path }) {
  return LONG.some((long) => long.test(path));
}
