import { randomBytes } from 'node:crypto';
import type {
  CallAnswer,
  CallFailure,
  CallJournal,
  Refusal,
} from '../../libs/payments-auth/src/credentials/call-answer.js';
import type {
  CredentialSpender,
  CredentialSpenders,
} from '../../libs/payments-auth/src/credentials/credential-spender.js';
import { Credential } from '../../libs/payments-auth/src/credentials/credential.js';

/** A secret without words, so that no part of it occurs in another text by chance. */
export function randomSecret(): string {
  return `test-${randomBytes(30).toString('base64url')}`;
}

export function fakeCredential(token = randomSecret(), headers?: Record<string, string>): Credential {
  return new Credential({
    provider: 'acme',
    scopes: [],
    id: '00000000',
    token,
    headers: Object.freeze(headers ?? { Authorization: `Bearer ${token}` }),
    obtainedAtMs: 0,
  });
}

/** Credentials as the HTTP service sees them, with a log of its requests. */
export class FakeSpenders implements CredentialSpenders, CredentialSpender {
  /** The result of `peek`. */
  current: Credential | undefined = fakeCredential();
  /** The promise that `obtain` returns. */
  obtaining: () => Promise<Credential> = () => Promise.resolve((this.current ??= fakeCredential()));
  /** The promise that `replace` returns. By default a new credential, once for each call, which is then the current one. */
  replacing: (refused: Credential, refusal: Refusal) => Promise<Credential | undefined> = (
    refused,
    { attempts },
  ) => {
    if (attempts.length > 1) return Promise.resolve(undefined);
    if (this.current === refused) this.current = fakeCredential();
    return Promise.resolve(this.current);
  };
  /** The result of `peek` for a call that may be repeated, in place of {@link current}. */
  onTrial: Credential | undefined = undefined;

  readonly asked: { account: string | undefined; scopes: readonly string[] | undefined }[] = [];
  readonly refusals: (Refusal & { refused: Credential })[] = [];
  readonly answers: (CallAnswer & { credential: Credential })[] = [];
  readonly unsentCalls: CallFailure[] = [];
  waits = 0;

  spender(account: string | undefined, scopes: readonly string[] | undefined): CredentialSpender {
    this.asked.push({ account, scopes });
    return this;
  }

  peek(mayRepeat?: () => boolean): Credential | undefined {
    return this.onTrial !== undefined && mayRepeat?.() === true ? this.onTrial : this.current;
  }

  obtain(): Promise<Credential> {
    this.waits += 1;
    return this.obtaining();
  }

  replace(refused: Credential, refusal: Refusal): Promise<Credential | undefined> {
    this.refusals.push({ refused, ...refusal });
    return this.replacing(refused, refusal);
  }

  readonly journal: CallJournal = {
    // No test reads the counters.
    ended: () => undefined,
    left: () => undefined,
    unsent: (failure) => void this.unsentCalls.push(failure),
  };

  unsent(_: unknown, failure: CallFailure): void {
    this.unsentCalls.push(failure);
  }

  answered(credential: Credential, answer: CallAnswer): void {
    this.answers.push({ credential, ...answer, before: [...(answer.before ?? [])] });
  }
}
