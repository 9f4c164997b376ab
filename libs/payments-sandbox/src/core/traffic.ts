import type { IncomingHttpHeaders } from 'node:http';
import type { Exchange, Outcome } from './exchange.js';
import type { ExchangeKind } from './exchange-kind.js';
import { headerOf, jsonObjectOf, type ReceivedRequest } from './received-request.js';

/** What a provider received since the start or the last reset. */
export interface Counts {
  tokenRequests: number;
  /** The largest number of token requests under way at the same time. Fast answers hardly overlap: plan the fault `slow` to see it. */
  mostTokenRequestsAtOnce: number;
  tokensIssued: number;
  loginsRefused: number;
  revocations: number;
  calls: number;
  /** Calls with a valid credential that the provider carried out. */
  accepted: number;
  /** Calls that were refused because of their credential, by a planned fault or because it was bad. */
  refusals: number;
  /** Calls that came a second time: with the same id, or as the same request after it was refused or failed. */
  replays: number;
  /** Calls with an unsafe method that were carried out, also when the answer then said something else. */
  executions: number;
  /** Executions of a payment key after its first one: payments that were made twice. */
  executedTwice: number;
  /** Calls that came again with the same id and another body, or whose body does not have the hash in `X-Body-SHA256`. */
  changedBodies: number;
  /** Bytes on a connection that are no request, for example the rest after a wrong `Content-Length`. */
  wrongContentLengths: number;
  /** Requests whose body ended before its `Content-Length`: they were cancelled, or the length is wrong. */
  abortedRequests: number;
  rateLimited: number;
  /** Requests that at least one planned fault changed. */
  faulty: number;
}

/** One request in the log. */
export interface RequestRecord {
  readonly number: number;
  readonly atMs: number;
  readonly kind: ExchangeKind;
  readonly host: string;
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly bodyBytes: number;
  readonly bodySha256: string;
  /** The first 64 KiB of the body, as text. */
  readonly body: string;
  /** `Idempotency-Key`, the body's payment key, or `X-Request-Id`. */
  readonly id?: string;
  readonly account?: string;
  readonly outcome: Outcome;
  readonly executed: boolean;
  /** `undefined` when no answer was sent. */
  readonly status?: number;
  readonly faults: readonly string[];
}

const KEPT_BODY_BYTES = 64 * 1024;
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Counts and records the requests that one provider received, as they arrived. */
export class Traffic {
  #counts: Counts = noCounts();
  #number = 0;
  #tokenRequestsUnderWay = 0;
  readonly #records: RequestRecord[] = [];
  readonly #executions = new Map<string, number>();
  readonly #bodyOfId = new Map<string, string>();
  /** Requests without an id that were refused or failed, with how many of each have not been sent again yet. */
  readonly #fruitless = new Map<string, number>();

  constructor(
    private readonly keys: { readonly paymentKeys: readonly string[]; readonly idempotencyHeader?: string },
    private readonly logSize: number,
  ) {}

  get counts(): Counts {
    return { ...this.#counts };
  }

  get records(): readonly RequestRecord[] {
    return this.#records;
  }

  /** How often each payment key was executed. */
  get executions(): ReadonlyMap<string, number> {
    return this.#executions;
  }

  reset(): void {
    this.#counts = noCounts();
    this.#number = 0;
    this.#records.length = 0;
    for (const map of [this.#executions, this.#bodyOfId, this.#fruitless]) map.clear();
  }

  note(what: 'wrongContentLengths' | 'abortedRequests'): void {
    this.#counts[what] += 1;
  }

  /** Returns a function that has to be called when the answer was sent. */
  arrived(exchange: Exchange): () => void {
    const counts = this.#counts;
    if (exchange.kind === 'call') {
      counts.calls += 1;
      this.#compare(exchange.request);
      return () => undefined;
    }
    if (exchange.kind === 'revocation') {
      counts.revocations += 1;
      return () => undefined;
    }
    counts.tokenRequests += 1;
    this.#tokenRequestsUnderWay += 1;
    counts.mostTokenRequestsAtOnce = Math.max(counts.mostTokenRequestsAtOnce, this.#tokenRequestsUnderWay);
    return () => {
      this.#tokenRequestsUnderWay -= 1;
    };
  }

  answered(exchange: Exchange, answer: { status?: number; faults: readonly string[]; atMs: number }): void {
    const { request, kind, outcome, executed } = exchange;
    const id = this.idOf(request);
    this.#tally(exchange, answer.faults.length > 0);
    if (id === undefined && kind === 'call' && (isFruitless(outcome) || answer.status === undefined)) {
      const signature = signatureOf(request);
      this.#fruitless.set(signature, (this.#fruitless.get(signature) ?? 0) + 1);
    }
    this.#records.push({
      number: (this.#number += 1),
      atMs: answer.atMs,
      kind,
      host: request.host,
      method: request.method,
      url: request.url,
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      bodyBytes: request.body.length,
      bodySha256: request.bodySha256,
      body: request.body.toString('utf8', 0, KEPT_BODY_BYTES),
      ...(id === undefined ? {} : { id }),
      ...(exchange.account === undefined ? {} : { account: exchange.account.id }),
      outcome,
      executed,
      ...(answer.status === undefined ? {} : { status: answer.status }),
      faults: answer.faults,
    });
    if (this.#records.length > this.logSize) this.#records.splice(0, this.#records.length - this.logSize);
  }

  /**
   * The id of a request, equal for two tries of the same one: `Idempotency-Key` or the provider's own header, a payment key
   * in the body, `X-Request-Id`.
   */
  idOf(request: ReceivedRequest): string | undefined {
    return this.#paymentKeyOf(request) ?? headerOf(request, 'x-request-id');
  }

  #paymentKeyOf(request: ReceivedRequest): string | undefined {
    const { idempotencyHeader = 'idempotency-key' } = this.keys;
    const header = headerOf(request, 'idempotency-key') ?? headerOf(request, idempotencyHeader);
    if (header !== undefined || SAFE_METHODS.has(request.method)) return header;
    const body = jsonObjectOf(request) ?? formOf(request);
    for (const name of ['idempotencyKey', 'idempotency_key', ...this.keys.paymentKeys]) {
      const value = body?.[name];
      if (typeof value === 'string' && value !== '') return value;
    }
    return undefined;
  }

  #compare(request: ReceivedRequest): void {
    const stated = headerOf(request, 'x-body-sha256');
    if (stated !== undefined && stated !== request.bodySha256) this.#counts.changedBodies += 1;
    const id = this.idOf(request);
    if (id !== undefined) {
      const before = this.#bodyOfId.get(id);
      if (before !== undefined) this.#counts.replays += 1;
      if (before !== undefined && before !== request.bodySha256 && stated === undefined)
        this.#counts.changedBodies += 1;
      this.#bodyOfId.set(id, before ?? request.bodySha256);
      return;
    }
    const fruitless = this.#fruitless.get(signatureOf(request)) ?? 0;
    if (fruitless === 0) return;
    this.#counts.replays += 1;
    this.#fruitless.set(signatureOf(request), fruitless - 1);
  }

  #tally(exchange: Exchange, faulty: boolean): void {
    const counts = this.#counts;
    const { kind, outcome, executed, request } = exchange;
    if (faulty) counts.faulty += 1;
    if (outcome === 'limited') counts.rateLimited += 1;
    if (kind === 'token') {
      if (executed) counts.tokensIssued += 1;
      else if (outcome === 'refused') counts.loginsRefused += 1;
      return;
    }
    if (kind === 'revocation') return;
    if (outcome === 'accepted') counts.accepted += 1;
    if (outcome === 'refused') counts.refusals += 1;
    if (!executed || SAFE_METHODS.has(request.method)) return;
    counts.executions += 1;
    const key = this.#paymentKeyOf(request);
    if (key === undefined) return;
    const times = (this.#executions.get(key) ?? 0) + 1;
    this.#executions.set(key, times);
    if (times > 1) counts.executedTwice += 1;
  }
}

/** Whether a client has a reason to send the request again. */
function isFruitless(outcome: Outcome): boolean {
  return outcome === 'refused' || outcome === 'limited' || outcome === 'failed';
}

function signatureOf(request: ReceivedRequest): string {
  return `${request.host} ${request.method} ${request.url} ${request.bodySha256}`;
}

function formOf(request: ReceivedRequest): Record<string, string> | undefined {
  if (!/^application\/x-www-form-urlencoded\b/i.test(headerOf(request, 'content-type') ?? ''))
    return undefined;
  return Object.fromEntries(new URLSearchParams(request.body.toString('utf8')));
}

function noCounts(): Counts {
  return {
    tokenRequests: 0,
    mostTokenRequestsAtOnce: 0,
    tokensIssued: 0,
    loginsRefused: 0,
    revocations: 0,
    calls: 0,
    accepted: 0,
    refusals: 0,
    replays: 0,
    executions: 0,
    executedTwice: 0,
    changedBodies: 0,
    wrongContentLengths: 0,
    abortedRequests: 0,
    rateLimited: 0,
    faulty: 0,
  };
}
