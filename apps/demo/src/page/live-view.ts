import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { PaymentsAuthService } from 'nestjs-payments-auth';
import type { Sandbox } from 'payments-sandbox';
import type { Subscription } from 'rxjs';
import type { PaymentAction } from '../payments/payment-action.js';
import { Tally } from '../run/tally.js';
import { EVERY_ACTION, SANDBOX } from '../sandbox.tokens.js';
import { keyOf } from '../payments/payment-action.js';
import { type LiveRow, wordsOf } from './live-row.js';

/** Calls per second are an average over this long. */
const RATE_OVER_MS = 2_000;

/** What the page shows right now. */
@Injectable()
export class LiveView implements OnModuleInit, OnModuleDestroy {
  readonly #lastEvents = new Map<string, string>();
  readonly #rates = new Map<string, { atMs: number; calls: number; perSecond: number }>();
  #subscription: Subscription | undefined;

  constructor(
    private readonly paymentsAuth: PaymentsAuthService,
    private readonly tally: Tally,
    @Inject(EVERY_ACTION) private readonly actions: readonly PaymentAction[],
    @Inject(SANDBOX) private readonly sandbox: Sandbox,
  ) {}

  onModuleInit(): void {
    this.#subscription = this.paymentsAuth.events$.subscribe((event) => {
      const words = wordsOf(event);
      if (words !== undefined) this.#lastEvents.set(keyOf(event), words);
    });
  }

  onModuleDestroy(): void {
    this.#subscription?.unsubscribe();
  }

  rows(): LiveRow[] {
    const nowMs = Date.now();
    return this.paymentsAuth.status().map((status) => {
      const key = keyOf(status);
      const { obtainedAtMs, expiresAtMs } = status;
      const life =
        expiresAtMs === undefined || obtainedAtMs === undefined
          ? {}
          : { lifetimeMs: expiresAtMs - obtainedAtMs, leftMs: Math.max(0, expiresAtMs - nowMs) };
      const { failed, refusalsSurvived } = this.tally.of(key);
      const lastEvent = this.#lastEvents.get(key);
      const fault = this.#faultOf(status.provider);
      return {
        key,
        provider: status.provider,
        ...(status.account === undefined ? {} : { account: status.account }),
        scheme: this.actions.find(({ provider }) => provider === status.provider)?.scheme ?? '',
        state: status.state,
        ...life,
        callsPerSecond: this.#callsPerSecond(key),
        failed,
        refusalsSurvived,
        tokenRequests: status.counters.tokenRequests,
        earlyRenewals: status.counters.earlyRenewals,
        ...(lastEvent === undefined ? {} : { lastEvent }),
        ...(fault === undefined ? {} : { fault }),
      };
    });
  }

  #callsPerSecond(key: string): number {
    const nowMs = performance.now();
    const { calls } = this.tally.of(key);
    const last = this.#rates.get(key);
    if (last !== undefined && nowMs - last.atMs < RATE_OVER_MS) return last.perSecond;
    const perSecond =
      last === undefined ? 0 : Math.round(((calls - last.calls) * 10_000) / (nowMs - last.atMs)) / 10;
    this.#rates.set(key, { atMs: nowMs, calls, perSecond });
    return perSecond;
  }

  #faultOf(provider: string): string | undefined {
    const name = this.sandbox.names.find((each) => each === provider);
    if (name === undefined) return undefined;
    const planned = this.sandbox
      .provider(name)
      .faults.filter(({ misbehaviour, struck }) => struck < (misbehaviour.times ?? Infinity))
      .map(({ misbehaviour }) => misbehaviour.fault);
    return planned.length === 0 ? undefined : planned.join(', ');
  }
}
