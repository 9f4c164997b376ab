import type { Refusal, RefusedAttempt } from '../../libs/payments-auth/src/credentials/call-answer.js';
import type { CredentialSpender } from '../../libs/payments-auth/src/credentials/credential-spender.js';
import type { Credential } from '../../libs/payments-auth/src/credentials/credential.js';
import type { Clock } from '../../libs/payments-auth/src/payments-auth.clock.js';

/** A call of a test, and the answers of its provider. */
export interface SpentCall {
  /** The status of the answer to a call that carries `credential`. */
  readonly answer: (credential: Credential, attempt: number) => number | undefined;
  /** Whether the answer is a refusal. @default only a 401 is one */
  readonly isRefusal?: (status: number) => boolean;
  /** Whether refusals are in the provider's own words. @default true */
  readonly own?: boolean;
  /** @default true */
  readonly replayable?: boolean;
  /** Runs while an attempt is on its way. @default does nothing */
  readonly onItsWay?: () => Promise<void>;
}

/** The result of a call. */
export interface Spent {
  readonly attempts: number;
  /** The status of the last answer. */
  readonly status: number | undefined;
  readonly refused: boolean;
}

/** Sends a call like an HTTP client: with a credential, and again as long as the library gives another credential for it. */
export async function spend(spender: CredentialSpender, clock: Clock, call: SpentCall): Promise<Spent> {
  const { answer, isRefusal = (status) => status === 401, own = true, replayable = true, onItsWay } = call;
  const before: RefusedAttempt[] = [];
  let credential = spender.peek(() => replayable) ?? (await spender.obtain());
  for (;;) {
    const sentAtMs = clock.monotonic();
    await onItsWay?.();
    const status = answer(credential, before.length + 1);
    const isRefused = status !== undefined && isRefusal(status);
    spender.answered(credential, {
      sentAtMs,
      before: [...before],
      ...(status !== undefined && { status }),
      ...(isRefused && { refused: { own } }),
    });
    if (!isRefused) return { attempts: before.length + 1, status, refused: false };
    before.push({ credential, status, sentAtMs, refusedAtMs: clock.monotonic() });
    const replacing = spender.replace(credential, { status, own, replayable, attempts: before });
    const other = replayable ? await replacing : undefined;
    if (other === undefined) return { attempts: before.length, status, refused: true };
    credential = other;
  }
}

/** Reports the refusal of a call that was sent once, and may be sent again. */
export function refuse(
  spender: CredentialSpender,
  clock: Clock,
  refused: Credential,
  how: Pick<Refusal, 'status' | 'own'> & Partial<Refusal>,
): Promise<Credential | undefined> {
  const atMs = clock.monotonic();
  const attempt = { credential: refused, status: how.status, sentAtMs: atMs, refusedAtMs: atMs };
  return spender.replace(refused, { replayable: true, attempts: [attempt], ...how });
}
