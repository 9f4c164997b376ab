import type { Agent } from 'node:https';
import type { Accounts } from './accounts.js';
import { allOf } from '../within.js';
import type { Credential } from './credential.js';
import type {
  AccountName,
  AuthenticatedRequest,
  CredentialService,
  CredentialStatus,
  OWN_ACCOUNT,
  RequestToAuthenticate,
} from './credential.service.js';
import type { Credentials } from '../strategies/strategy.js';
import { noCounts } from './slot/slot-journal.js';
import { placeOf, statusOf } from './slot/slot-status.js';

/** Adds to a request of another client the headers that it has to carry. */
export type Authenticate = (
  account: AccountName,
  request: RequestToAuthenticate,
) => Promise<AuthenticatedRequest>;

/**
 * The credential service of one provider and one of its accounts. It has no state of its own, so there can be any
 * number of them.
 */
export class ProviderCredentialService implements CredentialService {
  readonly #provider: string;
  readonly #accounts: Accounts;
  readonly #account: AccountName;
  readonly #authenticate: Authenticate | undefined;

  constructor(provider: string, accounts: Accounts, account: AccountName, authenticate?: Authenticate) {
    this.#provider = provider;
    this.#accounts = accounts;
    this.#account = account;
    this.#authenticate = authenticate;
  }

  async authenticate(request: RequestToAuthenticate): Promise<AuthenticatedRequest> {
    if (this.#authenticate === undefined) throw new TypeError('this service authenticates no requests');
    return this.#authenticate(this.#account, request);
  }

  async agent(): Promise<Agent | undefined> {
    const { certificates } = this.#accounts.context.provider;
    if (certificates === undefined) return undefined;
    const { signing } = await this.get();
    return certificates.agentOf(signing ?? {});
  }

  async headers(): Promise<Record<string, string>> {
    const slot = this.#accounts.spender(this.#account);
    const credential = slot.peek() ?? (await slot.obtain());
    return { ...credential.headers };
  }

  async get(): Promise<Credential> {
    const slot = this.#accounts.spender(this.#account);
    return slot.peek() ?? slot.obtain();
  }

  async refresh(refused?: Credential): Promise<Credential> {
    return this.#accounts.spender(this.#account).refresh(refused);
  }

  async revoke(): Promise<void> {
    const account = this.#accounts.account(this.#account);
    // The fleet may have a token where this process has not even asked for one.
    account.slot();
    await allOf(account.slots.map((slot) => slot.revoke()));
  }

  rotate(credentials?: Credentials | readonly Credentials[]): Promise<void> {
    return this.#accounts.rotate(this.#account, credentials);
  }

  status(): CredentialStatus {
    const slot = this.#accounts.known(this.#account)?.defaultSlot;
    if (slot !== undefined) return statusOf(slot);
    return {
      provider: this.#provider,
      ...placeOf(this.#accounts.context.provider),
      ...(typeof this.#account === 'string' ? { account: this.#account } : {}),
      state: 'idle',
      counters: noCounts(),
    };
  }

  account(id: string | typeof OWN_ACCOUNT): CredentialService {
    // A caller that passes `account` means one account, also when its name is missing.
    const name = (id as AccountName) ?? null;
    return new ProviderCredentialService(this.#provider, this.#accounts, name, this.#authenticate);
  }
}
