import { randomBytes } from 'node:crypto';
import type {
  CallTarget,
  CredentialSpender,
  CredentialSpenders,
  ReplayOutcome,
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
  /** What `replace` waits for. By default a new credential, which is the current one from then on. */
  replacing: (rejected: Credential) => Promise<Credential | undefined> = (rejected) => {
    if (this.current === rejected) this.current = fakeCredential();
    return Promise.resolve(this.current);
  };
  extraHeaders: (call: CallTarget) => Record<string, string> | undefined = () => undefined;

  readonly asked: { account: string | undefined; scopes: readonly string[] | undefined }[] = [];
  readonly targets: CallTarget[] = [];
  readonly refusals: { rejected: Credential; status: number; own: boolean }[] = [];
  readonly replays: (ReplayOutcome & { credential: Credential })[] = [];
  trials: CredentialSpender['trials'] = undefined;
  readonly observed: Readonly<Record<string, unknown>>[] = [];
  waits = 0;

  spender(account: string | undefined, scopes: readonly string[] | undefined): CredentialSpender {
    this.asked.push({ account, scopes });
    return this;
  }

  peek(): Credential | undefined {
    return this.current;
  }

  obtain(): Promise<Credential> {
    this.waits += 1;
    return this.obtaining();
  }

  replace(rejected: Credential, refusal: { status: number; own: boolean }): Promise<Credential | undefined> {
    this.refusals.push({ rejected, ...refusal });
    return this.replacing(rejected);
  }

  replayed(credential: Credential, outcome: ReplayOutcome): void {
    this.replays.push({ credential, ...outcome });
  }

  observe(headers: Readonly<Record<string, unknown>>): void {
    this.observed.push(headers);
  }

  callHeaders(_: Credential, call: CallTarget): Record<string, string> | undefined {
    this.targets.push(call);
    return this.extraHeaders(call);
  }
}
