import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { type CredentialStatus, PaymentsAuthService } from '../index.js';

/** What to look at. */
export interface PaymentsAuthHealthOptions {
  /** Only this provider. @default every configured one */
  provider?: string;
  /** Only this merchant's account; needs `provider`. @default every account in use */
  account?: string;
  /**
   * Also get a credential where there is none yet, which logs in. Without it, health is told from what is known, and
   * the provider is never asked.
   * @default false
   */
  acquire?: boolean;
}

/** The health of one credential, as a health check shows it. No secret in it. */
export interface CredentialHealth {
  health: 'up' | 'degraded' | 'down';
  state: CredentialStatus['state'];
  /** ISO 8601; absent for a static key, and where there is no credential. */
  expiresAt?: string;
  errorCode?: string;
  reason?: string;
}

/**
 * Payment credentials as a health indicator of `@nestjs/terminus`.
 *
 * - `up`: usable, or not needed yet.
 * - `degraded`: the last renewal failed, the old credential still serves. Calls succeed; somebody should look.
 * - `down`: no usable credential, with the code of the error that callers get.
 */
@Injectable()
export class PaymentsAuthHealthIndicator {
  readonly #paymentsAuth: PaymentsAuthService;
  readonly #indicators: HealthIndicatorService;

  constructor(
    @Inject(PaymentsAuthService) paymentsAuth: PaymentsAuthService,
    @Inject(HealthIndicatorService) indicators: HealthIndicatorService,
  ) {
    this.#paymentsAuth = paymentsAuth;
    this.#indicators = indicators;
  }

  /**
   * @param key the name of the indicator in the result
   * @returns `credentials` by `provider` or `provider/account`; scopes follow after a space
   */
  async check<const Key extends string = 'payments-auth'>(
    key: Key = 'payments-auth' as Key,
    options: PaymentsAuthHealthOptions = {},
  ): Promise<HealthIndicatorResult<Key>> {
    if (options.acquire === true) await this.#acquire(options);
    const credentials: Record<string, CredentialHealth> = {};
    for (const status of this.#chosen(options)) credentials[nameOf(status)] = healthOf(status);
    const healths = new Set(Object.values(credentials).map(({ health }) => health));
    const session = this.#indicators.check(key);
    if (healths.has('down')) return session.down({ credentials });
    // Before version 12.1 terminus knows no state in between, and a failing renewal must not take a pod out of service.
    if (healths.has('degraded') && typeof session.degraded === 'function')
      return session.degraded({ credentials });
    return session.up({ credentials });
  }

  #chosen({ provider, account }: PaymentsAuthHealthOptions): CredentialStatus[] {
    return this.#paymentsAuth
      .status()
      .filter((status) => provider === undefined || status.provider === provider)
      .filter((status) => account === undefined || status.account === account);
  }

  async #acquire(options: PaymentsAuthHealthOptions): Promise<void> {
    const wanted =
      options.provider === undefined
        ? this.#chosen(options).map(({ provider, account }) => ({ provider, account }))
        : [{ provider: options.provider, account: options.account }];
    await Promise.allSettled(
      wanted.map(({ provider, account }) => {
        const own = this.#paymentsAuth.credentials(provider);
        return (account === undefined ? own : own.account(account)).get();
      }),
    );
  }
}

function nameOf({ provider, account, scopes }: CredentialStatus): string {
  const name = account === undefined ? provider : `${provider}/${account}`;
  return scopes === undefined ? name : `${name} ${scopes.join(' ')}`;
}

function healthOf(status: CredentialStatus): CredentialHealth {
  const { state, expiresAtMs, lastErrorCode, lastErrorReason } = status;
  const health =
    state === 'unavailable' || state === 'rejected' ? 'down' : state === 'degraded' ? 'degraded' : 'up';
  return {
    health,
    state,
    ...(expiresAtMs === undefined ? {} : { expiresAt: new Date(expiresAtMs).toISOString() }),
    ...(lastErrorCode === undefined ? {} : { errorCode: lastErrorCode }),
    ...(lastErrorReason === undefined ? {} : { reason: lastErrorReason }),
  };
}
