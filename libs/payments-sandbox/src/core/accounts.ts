import { InvalidInputError } from './checks.js';
import { Account, type Credentials, type KeyVersion, type Rotation } from './account.js';

/** What {@link Accounts} must know of a provider. */
export interface CredentialShape<C extends Credentials> {
  /** Makes new credentials. After a rotation, the fields that the provider does not change keep their values. */
  invent(accountId: string, previous?: C): C;
  /** The field that says whose credentials they are: the client id, or the key itself where there is no id. */
  identityOf(credentials: C): string;
  /** The field that proves the identity: the secret. */
  secretOf(credentials: C): string;
  /** How long the old key is accepted after a rotation, in milliseconds. */
  readonly oldKeyWorksForMs: number;
}

/** The merchants of one provider, found by the identity in their credentials. */
export class Accounts<C extends Credentials> {
  readonly #byId = new Map<string, Account<C>>();
  readonly #byIdentity = new Map<string, Account<C>>();

  constructor(
    private readonly shape: CredentialShape<C>,
    private readonly now: () => number,
  ) {}

  add(id: string, given: Partial<C> = {}): Account<C> {
    if (this.#byId.has(id))
      throw new InvalidInputError([`Account "${id}" exists already. Choose another id.`]);
    const account = new Account<C>(id, { ...this.shape.invent(id), ...given }, this.now());
    this.#byId.set(id, account);
    this.#byIdentity.set(this.shape.identityOf(account.credentials), account);
    return account;
  }

  get(id: string): Account<C> {
    const account = this.#byId.get(id);
    if (account === undefined)
      throw new InvalidInputError([`There is no account "${id}". Add it with addAccount().`]);
    return account;
  }

  all(): readonly Account<C>[] {
    return [...this.#byId.values()];
  }

  rotate(id: string, rotation: Rotation, given: Partial<C> = {}): C {
    const account = this.get(id);
    const credentials = { ...this.shape.invent(id, account.credentials), ...given };
    account.rotate(credentials, this.now(), {
      oldWorksForMs: rotation.oldWorksForMs ?? this.shape.oldKeyWorksForMs,
      newWorksAfterMs: rotation.newWorksAfterMs ?? 0,
    });
    this.#byIdentity.set(this.shape.identityOf(credentials), account);
    return credentials;
  }

  /** From now on the account is also found by this identity: a refresh token that replaced another one. */
  alsoKnownAs(identity: string, account: Account<C>): void {
    this.#byIdentity.set(identity, account);
  }

  /** The account whose credentials have this identity. The secret is not checked. */
  claimedBy(identity: string): Account<C> | undefined {
    return this.#byIdentity.get(identity);
  }

  /** The account and key version that an identity and its secret belong to, if they are accepted now. */
  proven(identity: string, secret: string): { account: Account<C>; version: KeyVersion<C> } | undefined {
    return this.provenBy(identity, (credentials) => this.shape.secretOf(credentials) === secret);
  }

  /** The same for a request that is signed with the secret and does not carry it. */
  provenBy(
    identity: string,
    proves: (credentials: C) => boolean,
  ): { account: Account<C>; version: KeyVersion<C> } | undefined {
    const account = this.#byIdentity.get(identity);
    const version = account?.accepted(
      (credentials) => this.shape.identityOf(credentials) === identity && proves(credentials),
      this.now(),
    );
    return account === undefined || version === undefined ? undefined : { account, version };
  }
}
