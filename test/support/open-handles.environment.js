import { TestEnvironment } from 'jest-environment-node';

/** The handles that a spec file must not leave behind. Other handles, such as Jest's pipes to its workers, are not its own. */
const WATCHED = ['TCPServerWrap', 'TCPSocketWrap', 'TLSWrap', 'ProcessWrap', 'Timeout'];

/** A closed socket disappears after a few turns of the event loop. On a busy machine these turns take seconds. */
const GRACE_MS = 10_000;

/**
 * Fails a spec file that leaves a server, socket, child process or timer behind. These would also keep the process of an
 * application alive. Handles that were unref'd do not keep a process alive, and are not counted.
 */
export default class OpenHandlesEnvironment extends TestEnvironment {
  /** @type {Map<string, number>} */
  #atStart = new Map();

  /** @override */
  async setup() {
    await super.setup();
    this.#atStart = countHandles();
  }

  /**
   * A leak is added to the errors of the run. If it were thrown, it would hide the test whose failure has left the handle.
   *
   * @param {{ name: string }} event
   * @param {{ unhandledErrors: Error[] }} state
   */
  async handleTestEvent(event, state) {
    if (event.name !== 'run_finish') return;
    const deadlineMs = performance.now() + GRACE_MS;
    let left = this.#leftBehind();
    while (left.length > 0 && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 10).unref());
      left = this.#leftBehind();
    }
    if (left.length > 0)
      state.unhandledErrors.push(new Error(`The spec file leaves open: ${left.join(', ')}.`));
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
