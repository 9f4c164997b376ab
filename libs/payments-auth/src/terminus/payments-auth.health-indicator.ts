import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import {
  type CredentialService,
  type CredentialStatus,
  isPaymentsAuthError,
  PaymentsAuthService,
  OWN_ACCOUNT,
} from '../index.js';
import { ownCopy } from '../own-properties.js';

/** The credentials to check. */
export interface PaymentsAuthHealthOptions {
  /** Only this provider. @default every configured one */
  provider?: string;
  /** Only this merchant's account; needs `provider`. @default every account in use */
  account?: string;
  /**
   * Whether to get a credential where there is none yet, by a login. Without this, the health comes from known facts,
   * and the provider is not asked.
   * @default false
   */
  acquire?: boolean;
}

/** The health of one credential, as a health check shows it. It holds no secret. */
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
 * - `degraded`: the last renewal failed, and the old credential is still in use. Calls succeed, and a person should
 *   look at it.
 * - `down`: there is no usable credential, or the provider refuses the only one. The result has the code of the error
 *   that callers get. `CREDENTIALS_REJECTED` means that the secret is wrong.
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
   * @returns `credentials` by `provider` or `provider/account`; other scopes and audiences than the default ones follow
   *   after a space
   */
  async check<const Key extends string = 'payments-auth'>(
    key: Key = 'payments-auth' as Key,
    asked: PaymentsAuthHealthOptions = {},
  ): Promise<HealthIndicatorResult<Key>> {
    const options = ownCopy(asked);
    const failures = options.acquire === true ? await this.#acquire(options) : {};
    const credentials = { ...this.#known(options), ...failures };
    const healths = new Set(Object.values(credentials).map(({ health }) => health));
    const session = this.#indicators.check(key);
    // terminus checks whether a field is `in` the data, and would find values on a polluted `Object.prototype`.
    const data = ownCopy({ credentials });
    if (healths.has('down')) return session.down(data);
    // Before version 12.1 terminus has no state between up and down, and a failing renewal must not take a pod out of
    // service.
    if (healths.has('degraded') && typeof session.degraded === 'function') return session.degraded(data);
    return session.up(data);
  }

  /** The health without any request. */
  #known({ provider, account }: PaymentsAuthHealthOptions): Record<string, CredentialHealth> {
    const known: Record<string, CredentialHealth> = {};
    for (const status of this.#statuses()) {
      if (provider !== undefined && status.provider !== provider) continue;
      if (account !== undefined && status.account !== account) continue;
      const name = nameOf(status);
      // The first is that of the default scopes and audience, which is there or not and is called the same either way.
      known[name in known ? longNameOf(status) : name] = healthOf(status);
    }
    // A named credential is in the result also when it is not in use, or not even configured.
    if (provider !== undefined && Object.keys(known).length === 0) {
      const name = nameOf({ provider, account });
      try {
        known[name] = healthOf(ownCopy(this.#service({ provider, account }).status()));
      } catch (error) {
        known[name] = failed(error);
      }
    }
    return known;
  }

  /** Gets each credential, with the default scopes, and returns those that fail. */
  async #acquire(options: PaymentsAuthHealthOptions): Promise<Record<string, CredentialHealth>> {
    const { provider, account } = options;
    const owners: Owner[] =
      provider === undefined || account === undefined
        ? this.#statuses().filter((status) => provider === undefined || status.provider === provider)
        : [{ provider, account }];
    const failures: Record<string, CredentialHealth> = {};
    await Promise.all(
      owners.map(async (owner) => {
        try {
          await this.#service(owner).get();
        } catch (error) {
          failures[nameOf(owner)] = failed(error);
        }
      }),
    );
    return failures;
  }

  #statuses(): CredentialStatus[] {
    return this.#paymentsAuth.status().map(ownCopy);
  }

  /** A status without an account belongs to the provider's own account. */
  #service({ provider, account }: Owner): CredentialService {
    return this.#paymentsAuth.credentials(provider, account ?? OWN_ACCOUNT);
  }
}

type Owner = Pick<CredentialStatus, 'provider' | 'account'>;

function longNameOf(status: CredentialStatus): string {
  const { scopes = [], audience } = status;
  return [nameOf(status), ...scopes, ...(audience === undefined ? [] : [`for ${audience}`])].join(' ');
}

function nameOf({ provider, account }: Owner): string {
  return account === undefined ? provider : `${provider}/${account}`;
}

/** There is no credential, and the error that callers get says why. */
function failed(error: unknown): CredentialHealth {
  if (!isPaymentsAuthError(error)) throw error;
  const { code, reason } = error;
  return {
    health: 'down',
    state: code === 'CREDENTIALS_UNAVAILABLE' ? 'unavailable' : 'rejected',
    errorCode: code,
    ...(reason === undefined ? {} : { reason }),
  };
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
