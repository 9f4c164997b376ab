import type { ExchangeKind } from '../core/exchange-kind.js';
import type { ReceivedRequest } from '../core/received-request.js';
import type { SeededRandom } from '../core/seeded-random.js';
import * as answers from './answer-faults.js';
import * as credentials from './credential-faults.js';
import * as deliveries from './delivery-faults.js';
import type { EffectOf, FaultEffect } from './fault-effect.js';
import type { Fault, FaultName, FaultTrigger, Misbehaviour } from './fault.js';

type Target = NonNullable<FaultTrigger['on']>;

const EFFECTS: { readonly [F in FaultName]: EffectOf<F> } = {
  slow: deliveries.slow,
  drip: deliveries.drip,
  hang: deliveries.hang,
  drop: deliveries.drop,
  endless: deliveries.endless,
  huge: deliveries.huge,
  'rate-limit': answers.rateLimit,
  'server-error': answers.serverError,
  garbage: answers.garbage,
  html: answers.html,
  'error-in-2xx': answers.errorIn2xx,
  'no-content': answers.noContent,
  'wrong-content-type': answers.wrongContentType,
  redirect: answers.redirect,
  refuse: credentials.refuse,
  'execute-then-refuse': credentials.executeThenRefuse,
  'expire-token': credentials.expireToken,
  'revoke-token': credentials.revokeToken,
  forbid: credentials.forbid,
  'rotate-key': credentials.rotateKey,
  'malformed-token': credentials.malformedToken,
  'absurd-expiry': credentials.absurdExpiry,
};

/** Which requests a fault concerns, where the plan does not say it. */
const DEFAULT_TARGET: Partial<Record<FaultName, Target>> = {
  refuse: 'call',
  'execute-then-refuse': 'call',
  forbid: 'call',
  'expire-token': 'call',
  'revoke-token': 'call',
  'malformed-token': 'token',
  'absurd-expiry': 'token',
};

/** A fault that applies to one request. */
export interface StrikingFault {
  readonly name: FaultName;
  readonly effect: FaultEffect;
}

/** The reported state of a planned fault. */
export interface PlannedFault {
  readonly misbehaviour: Misbehaviour;
  /** How often it has been applied so far. */
  struck: number;
}

/** The faults that are planned for one provider. */
export class FaultPlan {
  #planned: (PlannedFault & { readonly effect: FaultEffect })[] = [];

  constructor(private readonly random: SeededRandom) {}

  /** Returns a function that removes the fault from the plan. */
  add(misbehaviour: Misbehaviour): () => void {
    const build = EFFECTS[misbehaviour.fault] as (fault: Fault) => FaultEffect;
    const planned = { misbehaviour, struck: 0, effect: build(misbehaviour) };
    this.#planned.push(planned);
    return () => {
      this.#planned = this.#planned.filter((other) => other !== planned);
    };
  }

  clear(): void {
    this.#planned = [];
  }

  get planned(): readonly PlannedFault[] {
    return this.#planned.map(({ misbehaviour, struck }) => ({ misbehaviour, struck }));
  }

  /**
   * The faults that apply to this request. If two of them answer instead of the provider, the one that was planned first does.
   *
   * @param whose the account that the request belongs to or names
   */
  strike(
    kind: ExchangeKind,
    request: ReceivedRequest,
    whose: () => string | undefined,
  ): readonly StrikingFault[] {
    const striking: StrikingFault[] = [];
    let answered = false;
    for (const planned of this.#planned) {
      const { misbehaviour, effect } = planned;
      if (!concerns(misbehaviour, kind, request, whose)) continue;
      if (planned.struck >= (misbehaviour.times ?? Infinity)) continue;
      if (answered && effect.instead !== undefined) continue;
      if (!this.random.chance(misbehaviour.probability ?? 1)) continue;
      planned.struck += 1;
      answered ||= effect.instead !== undefined;
      striking.push({ name: misbehaviour.fault, effect });
    }
    return striking;
  }
}

function concerns(
  misbehaviour: Misbehaviour,
  kind: ExchangeKind,
  request: ReceivedRequest,
  whose: () => string | undefined,
): boolean {
  const on = misbehaviour.on ?? DEFAULT_TARGET[misbehaviour.fault] ?? 'any';
  if (on !== 'any' && on !== kind) return false;
  if (misbehaviour.host !== undefined && misbehaviour.host !== request.host) return false;
  if (misbehaviour.method !== undefined && misbehaviour.method !== request.method) return false;
  if (misbehaviour.path !== undefined && !(request.path ?? '').startsWith(misbehaviour.path)) return false;
  return misbehaviour.account === undefined || [misbehaviour.account].flat().includes(whose() ?? '');
}
