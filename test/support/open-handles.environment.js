import { TestEnvironment } from 'jest-environment-node';

/** What a spec file may not leave behind. Anything else (Jest's own pipes to its workers, say) is not the spec's. */
const WATCHED = ['TCPServerWrap', 'TCPSocketWrap', 'TLSWrap', 'ProcessWrap', 'Timeout'];

/** A closed socket is gone a few turns of the event loop later, not at once. On a busy machine those take seconds. */
const GRACE_MS = 10_000;

/**
 * Fails a spec file that leaves a server, socket, child process or timer behind: exactly what would keep the process
 * of somebody who uses this library alive. Handles that were unref'd keep nothing alive and are not counted.
 */
export default class OpenHandlesEnvironment extends TestEnvironment {
  /** @type {Map<string, number>} */
  #atStart = new Map();

  /** @override */
  async setup() {
    await super.setup();
    this.#atStart = countHandles();
  }

  /** @param {{ name: string }} event */
  async handleTestEvent(event) {
    if (event.name !== 'run_finish') return;
    const deadlineMs = performance.now() + GRACE_MS;
    let left = this.#leftBehind();
    while (left.length > 0 && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 10).unref());
      left = this.#leftBehind();
    }
    if (left.length > 0) throw new Error(`The spec file leaves open: ${left.join(', ')}.`);
  }

  #leftBehind() {
    return [...countHandles()]
      .filter(([type, count]) => count > (this.#atStart.get(type) ?? 0))
      .map(([type, count]) => `${count - (this.#atStart.get(type) ?? 0)} ${type}`);
  }
}

function countHandles() {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const type of process.getActiveResourcesInfo()) {
    if (WATCHED.includes(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}
