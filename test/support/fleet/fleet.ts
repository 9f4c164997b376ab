import type { KeepWarm, PaymentsAuthEvent, TokenRequestLimit } from 'nestjs-payments-auth';
import { startProcess, type TestProcess } from '../processes.js';
import type { RedisLibrary } from '../redis-clients.js';
import type { Tally, Traffic } from './traffic.js';

/** How the application in each process of a fleet is configured. */
export interface FleetSettings {
  readonly library: RedisLibrary;
  readonly redisUrl: string;
  readonly baseUrl: string;
  /** Fleets with the same prefix share tokens. */
  readonly prefix: string;
  readonly secret: string;
  readonly keepWarm: KeepWarm;
  readonly limits?: readonly TokenRequestLimit[];
  /** @default 2_000: longer than the library's default, so that a busy test machine does not count as a lost Redis */
  readonly timeoutMs?: number;
}

/** The orders that a process of a fleet takes. */
export interface WorkerMethods {
  boot(settings: FleetSettings): Promise<void>;
  token(): Promise<string>;
  call(): Promise<{ status: number; replayed: boolean }>;
  spend(period: { forMs: number; everyMs: number }): Promise<Tally>;
  /** Makes calls at a rate, until `stop`. */
  start(traffic: { everyMs: number; afterMs: number }): Promise<void>;
  settled(): Promise<void>;
  stop(): Promise<Tally>;
  refresh(): Promise<string>;
  revoke(): Promise<void>;
  events(): Promise<readonly PaymentsAuthEvent[]>;
  close(): Promise<void>;
}

type Result<M extends keyof WorkerMethods> = Awaited<ReturnType<WorkerMethods[M]>>;

/** One process of a fleet, as its parent sees it. */
export class FleetProcess {
  readonly #process: TestProcess;
  #orders = 0;

  constructor() {
    this.#process = startProcess(new URL('./fleet-worker.ts', import.meta.url));
  }

  async ready(): Promise<this> {
    await this.#process.next((message) => message === 'ready');
    return this;
  }

  /** Gives the process an order. Rejects with the error of the process, which has the `code` of the library's error. */
  async ask<M extends keyof WorkerMethods>(
    method: M,
    argument?: Parameters<WorkerMethods[M]>[0],
  ): Promise<Result<M>> {
    this.#orders += 1;
    const id = this.#orders;
    this.#process.send({ id, method, argument });
    const { answer, error } = await this.#process.next<{ answer: Result<M>; error?: object }>(
      (message) => (message as { id?: number }).id === id,
    );
    if (error !== undefined) throw Object.assign(new Error(JSON.stringify(error)), error);
    return answer;
  }

  /** Makes the process call at a rate. */
  async traffic(everyMs: number, afterMs: number): Promise<Traffic> {
    await this.ask('start', { everyMs, afterMs });
    return { settled: () => this.ask('settled'), stop: () => this.ask('stop') };
  }

  /** `kill -9`. */
  kill(): Promise<void> {
    return this.#process.kill('SIGKILL');
  }
}

/** Starts processes at the same time, and waits for all of them. None of them has an application yet. */
export function startFleet(size: number): Promise<FleetProcess[]> {
  return Promise.all(Array.from({ length: size }, () => new FleetProcess().ready()));
}
