/** Ends a run with one line that a person and a machine can read: `Tests: 12 passed, 0 failed`. */
export default class ClosingLineReporter {
  /**
   * @param {unknown} _contexts
   * @param {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numRuntimeErrorTestSuites: number }} results
   */
  onRunComplete(_contexts, { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites }) {
    // A spec file that cannot even be loaded has failed too, though none of its tests did.
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
    process.stdout.write(`Tests: ${numPassedTests} passed, ${failed} failed${skipped}\n`);
  }
}
