import { Logger } from '@nestjs/common';
import { ownCopy } from './own-properties.js';
import { told } from './scrubbing.js';
import type { PaymentsAuthEvent } from './credentials/payments-auth-event.js';

type Level = 'error' | 'warn' | 'log';

/** The events that are logged, and how urgent each is. */
const LEVELS: Partial<Record<PaymentsAuthEvent['type'], Level>> = {
  'credentials-rejected': 'error',
  'grant-rejected': 'error',
  'definition-fault': 'error',
  'signing-failed': 'error',
  'refresh-token-unsaved': 'error',
  'refresh-token-in-doubt': 'error',
  'certificate-ends': 'warn',
  // The line of `PaymentsWebhook` tells of messages that are answered 503, and so of `webhook-keys-unavailable`.
  'webhook-keys-outdated': 'warn',
  'credential-unavailable': 'warn',
  'call-unsent': 'warn',
  'calls-waiting': 'warn',
  'renewal-failed': 'warn',
  'renewals-paused': 'warn',
  'credential-contested': 'warn',
  'store-lost': 'warn',
  'store-back': 'log',
};

/** How many faults of definitions the log remembers. A fault concerns every account alike. */
const MOST_FAULTS_REMEMBERED = 100;
/** For how many accounts the log remembers that it has just reported a rejected secret. */
const MOST_REJECTED_REMEMBERED = 100;

/** How often the same reason is logged, of calls that are not sent for example. Such calls may be made a thousand times a second. */
const UNSENT_EVERY_MS = 60_000;
/** How many reasons of unsent calls are logged within that time. */
const MOST_UNSENT_REMEMBERED = 100;

/** Writes a line for each of the few events that somebody has to know of, with provider and reason in it. */
export class EventLog {
  readonly #logger: Pick<Logger, Level>;
  readonly #faults = new Set<string>();
  readonly #rejected = new Set<string>();
  /** When each reason of unsent calls was logged. */
  readonly #unsent = new Map<string, number>();

  constructor(logger: Pick<Logger, Level>) {
    this.#logger = logger;
  }

  write(emitted: PaymentsAuthEvent): void {
    const event = ownCopy(emitted);
    const level = LEVELS[event.type];
    if (level === undefined || (event.type === 'definition-fault' && !this.#isNews(event))) return;
    if (isRepeated(event) && this.#isToldAlready(event)) return;
    if (event.type === 'credential-unavailable' && this.#isTold(event)) return;
    if (event.type === 'credentials-rejected' || event.type === 'grant-rejected') this.#remember(event);
    this.#logger[level](line(event));
  }

  /** Whether the reason has just been logged. Then no second line says that callers get no credential. */
  #isTold(event: PaymentsAuthEvent & { reason: string }): boolean {
    return this.#faults.has(faultOf(event)) || this.#rejected.delete(subjectOf(event));
  }

  #isToldAlready(event: PaymentsAuthEvent & { reason: string }): boolean {
    for (const [reason, atMs] of this.#unsent)
      if (Math.abs(event.atMs - atMs) >= UNSENT_EVERY_MS) this.#unsent.delete(reason);
    const reason = JSON.stringify([event.type, faultOf(event)]);
    if (this.#unsent.has(reason) || this.#unsent.size >= MOST_UNSENT_REMEMBERED) return true;
    this.#unsent.set(reason, event.atMs);
    return false;
  }

  #remember(event: PaymentsAuthEvent & { reason: string }): void {
    this.#rejected.add(subjectOf(event));
    const [oldest] = this.#rejected;
    if (this.#rejected.size > MOST_REJECTED_REMEMBERED) this.#rejected.delete(oldest as string);
  }

  /** Whether a fault is logged for the first time. It comes again with every attempt and every account. */
  #isNews(event: PaymentsAuthEvent & { type: 'definition-fault' }): boolean {
    const fault = faultOf(event);
    if (this.#faults.has(fault) || this.#faults.size >= MOST_FAULTS_REMEMBERED) return false;
    this.#faults.add(fault);
    return true;
  }
}

/** It is told once in a while for each reason, because it may come again with every call. */
function isRepeated(event: PaymentsAuthEvent): event is PaymentsAuthEvent & { reason: string } {
  return ['signing-failed', 'call-unsent', 'webhook-keys-outdated'].includes(event.type);
}

function faultOf({ provider, reason }: PaymentsAuthEvent & { reason: string }): string {
  return JSON.stringify([provider, reason]);
}

function subjectOf({ provider, account, reason }: PaymentsAuthEvent & { reason: string }): string {
  return JSON.stringify([provider, account, reason]);
}

/** The audit log: every event, one JSON line each. No event carries a secret. */
export function auditEvent(event: PaymentsAuthEvent, logger: Pick<Logger, 'log'>): void {
  logger.log(JSON.stringify(event, rounded).replace(UNPRINTABLE, escaped));
}

/** Rounds times to whole milliseconds, because fractions are of no use in a log. */
function rounded(name: string, value: unknown): unknown {
  return typeof value === 'number' && name.endsWith('Ms') ? Math.round(value) : value;
}

/** JSON leaves these as they are. Some readers of logs end a line there, or show what follows in another order. */
const UNPRINTABLE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function line({ type, provider, account, credential, ...rest }: PaymentsAuthEvent): string {
  const details = Object.entries(rest)
    .filter(([name, value]) => name !== 'atMs' && value !== undefined)
    .map(
      ([name, value]) =>
        `${name}=${told(typeof value === 'string' ? value : (JSON.stringify(rounded(name, value)) ?? ''))}`,
    );
  return [
    `${type} provider=${provider}`,
    ...(account === undefined ? [] : [`account=${told(account)}`]),
    ...(credential === undefined ? [] : [`credential=${credential}`]),
    ...details,
  ].join(' ');
}
