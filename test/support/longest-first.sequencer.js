import { createRequire } from 'node:module';

/** @typedef {{ path: string }} Test */

/** @type {{ default: new () => { sort(tests: Test[]): Test[] } }} */
const { default: Sequencer } = createRequire(import.meta.url)('@jest/test-sequencer');

/** These specs take minutes of real time on any machine. If they started last, the whole run would wait for them. */
const LONG = [/soak\.e2e-spec\.ts$/, /fleet-lifetimes\.e2e-spec\.ts$/, /leaks\.e2e-spec\.ts$/];

/** Jest's own order, except that the longest specs come first. */
export default class LongestFirst extends Sequencer {
  /**
   * @override
   * @param {Test[]} tests
   */
  sort(tests) {
    // oxlint-disable-next-line unicorn/no-array-sort -- `sort` is a method of the sequencer, and not of an array
    return [...super.sort(tests)].toSorted((a, b) => Number(isLong(b)) - Number(isLong(a)));
  }
}

/** @param {Test} test */
function isLong({ path }) {
  return LONG.some((long) => long.test(path));
}
