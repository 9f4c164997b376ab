import type { AxiosResponse } from 'axios';
import { isPaymentsAuthError } from 'nestjs-payments-auth';
import { firstValueFrom, type Observable } from 'rxjs';
import { Injectable } from '@nestjs/common';

export interface CallCounts {
  calls: number;
  payments: number;
  failed: number;
  /** Calls that the provider refused at first and that succeeded nevertheless. */
  refusalsSurvived: number;
}

/** Makes calls, and counts their outcomes, by provider or by `provider/account`. */
@Injectable()
export class Tally {
  readonly #counts = new Map<string, CallCounts>();
  /** Each error once, for the report at the end of the run. */
  readonly problems = new Set<string>();

  of(key: string): CallCounts {
    let counts = this.#counts.get(key);
    if (counts === undefined) {
      counts = { calls: 0, payments: 0, failed: 0, refusalsSurvived: 0 };
      this.#counts.set(key, counts);
    }
    return counts;
  }

  get failed(): number {
    return [...this.#counts.values()].reduce((sum, { failed }) => sum + failed, 0);
  }

  /** Makes one call; never rejects. */
  async call(
    key: string,
    kind: 'payment' | 'reading',
    call: Observable<AxiosResponse<unknown>>,
  ): Promise<void> {
    const counts = this.of(key);
    counts.calls += 1;
    if (kind === 'payment') counts.payments += 1;
    try {
      const response = await firstValueFrom(call);
      if (response.paymentsAuth?.replayed === true) counts.refusalsSurvived += 1;
    } catch (error) {
      counts.failed += 1;
      const code = isPaymentsAuthError(error) ? `${error.code}: ` : '';
      this.problems.add(`${key}: ${code}${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
