import { randomBytes } from 'node:crypto';
import type { CallAnswer, Refusal } from '../../libs/payments-auth/src/credentials/call-answer.js';
import type {
  CredentialSpender,
  CredentialSpenders,
} from '../../libs/payments-auth/src/credentials/credential-spender.js';
import { Credential } from '../../libs/payments-auth/src/credentials/credential.js';

/** A secret with no word in it, so that any part of it is found by chance nowhere. */
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

/** Credentials as the HTTP room sees them, with a log of what it asked for. */
export class FakeSpenders implements CredentialSpenders, CredentialSpender {
  /** What `peek` gives. */
  current: Credential | undefined = fakeCredential();
  /** What `obtain` waits for. */
  obtaining: () => Promise<Credential> = () => Promise.resolve((this.current ??= fakeCredential()));
  /** What `replace` waits for. By default a new credential, once a call, which is the current one from then on. */
  replacing: (refused: Credential, refusal: Refusal) => Promise<Credential | undefined> = (
    refused,
    { attempts },
  ) => {
    if (attempts.length > 1) return Promise.resolve(undefined);
    if (this.current === refused) this.current = fakeCredential();
    return Promise.resolve(this.current);
  };
  /** What `peek` gives to a call that may be repeated, in place of {@link current}. */
  onTrial: Credential | undefined = undefined;

  readonly asked: { account: string | undefined; scopes: readonly string[] | undefined }[] = [];
  readonly refusals: (Refusal & { refused: Credential })[] = [];
  readonly answers: (CallAnswer & { credential: Credential })[] = [];
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

  ended(): void {
    // Nobody counts.
  }

  answered(credential: Credential, answer: CallAnswer): void {
    this.answers.push({ credential, ...answer, before: [...(answer.before ?? [])] });
  }
}
