import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A file of this repository that runs in a process of its own, and exchanges messages with it. */
export interface TestProcess {
  readonly pid: number;
  /** Every message so far; the child sends with `process.send?.({ … })`. */
  readonly messages: readonly unknown[];
  /** The output so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Sends a message to the child, which listens with `process.on('message', …)`. The message is any JSON value. */
  send(message: unknown): void;
  /** The next message that `accept` takes, also one that has arrived already. Rejects if the process ends first. */
  next<T>(accept?: (message: unknown) => boolean): Promise<T>;
  /** Ends this process alone, by its id, and waits until it has ended. `SIGKILL` is `kill -9`. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Resolves when the process has ended and all its output is here. */
  readonly ended: Promise<ProcessEnd>;
}

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProcessOptions {
  readonly args?: readonly string[];
  /** Variables that are added to the environment of the tests. `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

const TYPESCRIPT_LOADER = new URL('./typescript.loader.mjs', import.meta.url).href;

/**
 * Runs `file` in a child process. TypeScript is run from the sources, without a build:
 * `startProcess(new URL('./fleet/worker.ts', import.meta.url))`.
 */
export function startProcess(
  file: URL,
  { args = [], env = {}, ...options }: ProcessOptions = {},
): TestProcess {
  const child = fork(fileURLToPath(file), args, {
    ...options,
    env: { ...process.env, ...env },
    execArgv: ['--no-warnings', '--import', TYPESCRIPT_LOADER],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  return new ForkedProcess(child);
}

class ForkedProcess implements TestProcess {
  readonly messages: unknown[] = [];
  stdout = '';
  stderr = '';
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #untaken: unknown[] = [];
  #arrived: () => void = () => undefined;
  #isOver = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    child.on('message', (message) => {
      this.messages.push(message);
      this.#untaken.push(message);
      this.#arrived();
    });
    this.ended = once(child, 'close').then(([code, signal]) => {
      this.#isOver = true;
      this.#arrived();
      return { code, signal };
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('The process could not be started.');
    return this.#child.pid;
  }

  send(message: unknown): void {
    this.#child.send(message as object);
  }

  async next<T>(accept: (message: unknown) => boolean = () => true): Promise<T> {
    for (;;) {
      const index = this.#untaken.findIndex(accept);
      if (index >= 0) return this.#untaken.splice(index, 1)[0] as T;
      if (this.#isOver)
        throw new Error(`The process ended without that message. It printed:\n${this.stderr}`);
      await this.#somethingNew();
    }
  }

  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.#isOver) process.kill(this.pid, signal);
    await this.ended;
  }

  /** Several callers may wait at once. Each one wakes the one before it. */
  #somethingNew(): Promise<void> {
    const wakeEarlier = this.#arrived;
    return new Promise((resolve) => {
      this.#arrived = () => {
        this.#arrived = () => undefined;
        wakeEarlier();
        resolve();
      };
    });
  }
}
