import type {
  Claim,
  ClaimRequest,
  EndpointKey,
  Grant,
  SharedToken,
  TokenKey,
  TokenRequestLimit,
  TokenStore,
  Withdrawal,
} from 'nestjs-payments-auth';

interface Entry {
  version: number;
  token?: SharedToken | undefined;
  endsAtMs: number;
  lock?: string | undefined;
}

/** A shared store for specs that run a whole fleet in one process, with one clock. */
export class MemoryTokenStore implements TokenStore {
  readonly hashKey = Buffer.alloc(32, 7);
  /** The endpoints of the requests so far, by the name under which their limits are counted. */
  readonly endpoints = new Set<string>();
  /** The clock of all processes. */
  now = (): number => performance.now();
  /** The notes of credentials. */
  readonly notes = new Map<string, string>();
  /** Whether the store is down. */
  lost = false;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<(withdrawal: Withdrawal) => void>();
  #versions = 0;

  /** The token that the store holds, for tests to look at. */
  get tokens(): string[] {
    return [...this.#entries.values()].flatMap(({ token }) => (token === undefined ? [] : [token.token]));
  }

  async claim({ hash }: TokenKey, { newerThan, drop }: ClaimRequest): Promise<Claim> {
    if (this.lost) throw new Error('lost');
    const entry = this.#entry(hash);
    const remainingMs = entry.endsAtMs - this.now();
    if (entry.token !== undefined && remainingMs > 0) {
      if (entry.version > newerThan)
        return { outcome: 'found', token: { ...entry.token, version: entry.version, remainingMs } };
      if (drop) entry.token = undefined;
    }
    if (entry.lock !== undefined) return { outcome: 'held' };
    const version = (this.#versions += 1);
    entry.lock = `owner-${version}`;
    return { outcome: 'acquired', grant: { owner: entry.lock, version } };
  }

  async extend({ hash }: TokenKey, { owner }: Grant): Promise<boolean> {
    return this.#entry(hash).lock === owner;
  }

  async publish(key: TokenKey, grant: Grant, token: SharedToken, remainingMs: number): Promise<boolean> {
    const entry = this.#entry(key.hash);
    await this.release(key, grant);
    if (grant.version <= entry.version) return false;
    Object.assign(entry, { token, version: grant.version, endsAtMs: this.now() + remainingMs });
    return true;
  }

  async release({ hash }: TokenKey, { owner }: Grant): Promise<void> {
    const entry = this.#entry(hash);
    if (entry.lock === owner) entry.lock = undefined;
  }

  async reject(key: TokenKey, grant: Grant): Promise<void> {
    await this.release(key, grant);
  }

  async withdraw({ hash }: TokenKey, tell: boolean): Promise<SharedToken | undefined> {
    const entry = this.#entry(hash);
    const { token } = entry;
    entry.token = undefined;
    entry.version = this.#versions += 1;
    if (tell) for (const listener of this.#listeners) listener({ hash, version: entry.version });
    return token;
  }

  onWithdrawn(listener: (withdrawal: Withdrawal) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async reserve(endpoint: EndpointKey, _limits: readonly TokenRequestLimit[]): Promise<number> {
    this.endpoints.add(`${endpoint.provider}:${endpoint.hash}`);
    return 0;
  }

  async note({ hash }: TokenKey): Promise<string | undefined> {
    if (this.lost) throw new Error('lost');
    return this.notes.get(hash);
  }

  async setNote({ hash }: TokenKey, text: string | undefined): Promise<void> {
    if (this.lost) throw new Error('lost');
    if (text === undefined) this.notes.delete(hash);
    else this.notes.set(hash, text);
  }

  async pause(): Promise<void> {
    // The endpoints of specs with this store have no limit.
  }

  #entry(hash: string): Entry {
    let entry = this.#entries.get(hash);
    if (entry === undefined) this.#entries.set(hash, (entry = { version: 0, endsAtMs: 0 }));
    return entry;
  }
}
