import { Logger } from '@nestjs/common';
import type { Clock } from '../payments-auth.clock.js';

/** The same line is written at most this often: a webhook address is public. */
const ONCE_EVERY_MS = 60_000;
/** A reason may name a merchant, and there can be any number of them. */
const MOST_LINES = 1_000;

interface Line {
  atMs: number;
  withheld: number;
}

/** Log lines about webhooks that were not let through. They never hold a part of the message. */
export class WebhookLog {
  readonly #logger = new Logger('PaymentsWebhook');
  readonly #clock: Clock;
  readonly #lines = new Map<string, Line>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The sender is the cause. */
  refused(provider: string, reason: string): void {
    this.#write(`${provider}: a webhook was refused (${reason})`, (line) => this.#logger.warn(line));
  }

  /** The application is the cause. */
  failed(provider: string, reason: string): void {
    this.#write(`${provider}: a webhook could not be verified: ${reason}`, (line) =>
      this.#logger.error(line),
    );
  }

  #write(text: string, write: (line: string) => void): void {
    const nowMs = this.#clock.monotonic();
    const last = this.#lines.get(text);
    if (last !== undefined && nowMs - last.atMs < ONCE_EVERY_MS) {
      last.withheld += 1;
      return;
    }
    write(last === undefined || last.withheld === 0 ? text : `${text}, and ${last.withheld} more since`);
    this.#lines.delete(text);
    this.#lines.set(text, { atMs: nowMs, withheld: 0 });
    const [oldest] = this.#lines.keys();
    if (this.#lines.size > MOST_LINES && oldest !== undefined) this.#lines.delete(oldest);
  }
}
