import { InvalidInputError } from './checks.js';
import { Account, type Credentials, type KeyVersion, type Rotation } from './account.js';

/** What {@link Accounts} must know of a provider. */
export interface CredentialShape<C extends Credentials> {
  /** New credentials; after a rotation what the provider leaves as it was stays. */
  invent(accountId: string, previous?: C): C;
  /** The part that says who it is: the client id, or the key itself where there is nothing else. */
  identityOf(credentials: C): string;
  /** The part that proves it. */
  secretOf(credentials: C): string;
  /** How long a rotated key lives on, in milliseconds. */
  readonly oldKeyWorksForMs: number;
}

/** The merchants of one provider, found by the identity their credentials state. */
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

  /** From now on the account is found by this too: a refresh token that replaced another. */
  alsoKnownAs(identity: string, account: Account<C>): void {
    this.#byIdentity.set(identity, account);
  }

  /** Whose credentials claim this identity. */
  claimedBy(identity: string): Account<C> | undefined {
    return this.#byIdentity.get(identity);
  }

  /** The account and key version that an identity and its secret prove, when they are accepted now. */
  proven(identity: string, secret: string): { account: Account<C>; version: KeyVersion<C> } | undefined {
    return this.provenBy(identity, (credentials) => this.shape.secretOf(credentials) === secret);
  }

  /** The same for what is signed with the secret instead of carrying the secret. */
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
