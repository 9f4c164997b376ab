import { ownCopy } from '../../own-properties.js';
import type { Clock, TimerHandle } from '../../payments-auth.clock.js';
import type { ConfiguredProvider } from '../../providers/configured-provider.js';
import { tokenBaseUrl } from '../../providers/login-given.js';
import { plainCause, told } from '../../scrubbing.js';
import { DefinitionFault } from '../../strategies/definition-fault.js';
import type { RefreshTokenStrategy } from '../../strategies/refresh-token.strategy.js';
import type { Credentials } from '../../strategies/strategy.js';
import { watchedCredentials } from '../../strategies/watched-credentials.js';
import { pause, within } from '../../within.js';
import { secretValues } from '../issuing/login-secrets.js';
import type { ProviderTokenIssuer } from '../issuing/provider-token-issuer.js';
import type { IssueOutcome, IssueRequest, ReturnRequest, TokenIssuer } from '../issuing/token-issuer.js';
import type { EventSink } from '../payments-auth-event.js';
import type { KeyedHash } from '../secrets/keyed-hash.js';
import type { Secret } from '../secrets/secret-source.js';
import { type SpentNote, type SpentNotes, SpentNotesInMemory, SpentNotesInStore } from './spent-notes.js';
import type { StoreHealth } from './store-health.js';
import type { Grant, TokenKey } from './token-store.js';

const EXTEND_EVERY_MS = 1_000;
const LOOK_EVERY_MS = 100;
/** Called directly before a request is sent. Returns how long the request has to wait, in milliseconds. */
type Reserve = () => Promise<number>;

/** A `save` that does not answer within this time counts as failed. */
const SAVE_WITHIN_MS = 10_000;
const SAVE_AGAIN_FIRST_MS = 1_000;
const SAVE_AGAIN_MOST_MS = 60_000;
/**
 * Another process may save first, even twice. After this many rounds, the `save` of the application seems never to
 * succeed.
 */
const MOST_ROUNDS = 3;

/** A new refresh token that the application could not save yet. */
interface Unsaved {
  /** The refresh token that the application held when `next` came. */
  readonly previous: string;
  /**
   * The refresh token that was used to get `next`, where the application did not hold it yet. A late save may still
   * store it.
   */
  readonly spent?: string;
  readonly next: string;
}

export interface RefreshTokenEnvironment {
  readonly clock: Clock;
  readonly hash: KeyedHash;
  readonly emit: EventSink;
  /** Absent where this process is the only one. */
  readonly health: StoreHealth | undefined;
  /** Asks the application for the current credentials of an account. */
  readonly load: (account: string | undefined) => Promise<readonly Secret[]>;
  readonly closing: AbortSignal;
}

/**
 * Uses refresh tokens that can be used once.
 *
 * Only one process at a time may use the refresh token of an account. When its turn has come, it asks the application
 * for the refresh token again, and notes in the store that it is about to use it. The application then saves the new
 * refresh token, before the access token that came with it is used. While the store does not answer, no refresh token
 * is used.
 *
 * A refresh token that never changes needs none of this.
 */
export class RefreshTokenIssuer implements TokenIssuer {
  readonly isShared = false;
  readonly #provider: ConfiguredProvider;
  readonly #strategy: RefreshTokenStrategy;
  readonly #inner: ProviderTokenIssuer;
  readonly #environment: RefreshTokenEnvironment;
  readonly #notes: SpentNotes;
  /** The turns in this process, by account. The next turn of an account waits for the one before. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #unsaved = new Map<string, Unsaved>();

  constructor(
    provider: ConfiguredProvider,
    strategy: RefreshTokenStrategy,
    inner: ProviderTokenIssuer,
    environment: RefreshTokenEnvironment,
  ) {
    this.#provider = provider;
    this.#strategy = strategy;
    this.#inner = inner;
    this.#environment = environment;
    const { health } = environment;
    this.#notes = health === undefined ? new SpentNotesInMemory() : new SpentNotesInStore(health);
  }

  get durations() {
    return this.#inner.durations;
  }

  revoke(request: ReturnRequest, token: string | undefined): Promise<void> {
    return this.#inner.revoke(request, token);
  }

  unwatch(): void {
    // Without a store, no other process withdraws a token.
  }

  async forget(): Promise<void> {
    // Looking for a shared token is left to the issuer that shares it.
  }

  async issue(request: IssueRequest, reserve?: Reserve): Promise<IssueOutcome> {
    if (!this.#strategy.rotates) return this.#lasting(request, reserve);
    const key = this.#keyOf(request);
    const before = this.#turns.get(key.hash) ?? Promise.resolve();
    const turn = before.then(() => this.#underLock(key, request, reserve));
    const settled = turn.catch(() => undefined);
    this.#turns.set(key.hash, settled);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(key.hash) === settled) this.#turns.delete(key.hash);
    }
  }

  /**
   * A refresh token with `rotates: false` needs no lock. If another one still comes, it is saved. Where there is
   * no `save`, this is reported: when the provider ends the stored refresh token, the merchant has to connect again.
   */
  async #lasting(request: IssueRequest, reserve?: Reserve): Promise<IssueOutcome> {
    const outcome = await this.#inner.issue(request, reserve);
    if (outcome.outcome !== 'issued') return outcome;
    const { refreshToken: next, ...issued } = outcome;
    const previous = this.#refreshTokenIn(request.credentials);
    if (next === undefined || next === previous) return issued;
    if ((await this.#trySaving(request.account, { previous, next })) === 'failed')
      this.#unsavedAgain(request);
    return issued;
  }

  // --- The lock ---------------------------------------------------------------------------------------------------

  async #underLock(key: TokenKey, request: IssueRequest, reserve?: Reserve): Promise<IssueOutcome> {
    const { health, clock } = this.#environment;
    if (health === undefined) return this.#spend(key, request, reserve);
    for (;;) {
      const claim = await health.ask(key.provider, (store) =>
        store.claim(key, { newerThan: 0, drop: false, insist: true }),
      );
      if (claim === undefined) return storeIsSilent();
      if (claim.outcome === 'acquired') return this.#holding(key, claim.grant, health, request, reserve);
      if (request.signal.aborted || request.wait.over.aborted)
        return {
          outcome: 'unavailable',
          reason: 'another process has not finished using the refresh token',
        };
      await pause(clock, LOOK_EVERY_MS, request.wait.over, request.wait.isAwaited);
    }
  }

  async #holding(
    key: TokenKey,
    grant: Grant,
    health: StoreHealth,
    request: IssueRequest,
    reserve?: Reserve,
  ): Promise<IssueOutcome> {
    const { clock } = this.#environment;
    let timer: TimerHandle;
    const extendLater = (): void => {
      timer = clock.setTimeout(() => {
        void health.ask(key.provider, (store) => store.extend(key, grant));
        extendLater();
      }, EXTEND_EVERY_MS);
    };
    extendLater();
    try {
      return await this.#spend(key, request, reserve);
    } finally {
      clock.clearTimeout(timer!);
      await health.ask(key.provider, (store) => store.release(key, grant));
    }
  }

  // --- Spending ---------------------------------------------------------------------------------------------------

  async #spend(key: TokenKey, request: IssueRequest, reserve?: Reserve): Promise<IssueOutcome> {
    for (let round = 1; ; round += 1) {
      const loaded = await this.#load(request);
      if ('outcome' in loaded) return loaded;
      const chosen = await this.#choose(key, request, loaded);
      if ('outcome' in chosen) return chosen;
      const { credentials, stored, next: unsaved } = chosen;
      const note = { of: this.#hashOf(stored), ...(unsaved === undefined ? {} : { next: unsaved }) };
      if (!(await this.#notes.write(key, { ...note, isBeingSpent: true }))) return storeIsSilent();
      const outcome = await this.#inner.issue({ ...request, credentials }, reserve);
      if (outcome.outcome !== 'issued') {
        // Otherwise it is unknown whether the refresh token was used, and the note stays.
        if (outcome.notActedUpon === true)
          await this.#notes.write(key, unsaved === undefined ? undefined : { ...note, isBeingSpent: false });
        return outcome;
      }
      const { refreshToken: next = unsaved ?? stored, ...issued } = outcome;
      if (next === stored) {
        await this.#saved(key, request);
        return issued;
      }
      const saved = await this.#save(key, request, { previous: stored, spent: unsaved, next });
      if (saved || round === MOST_ROUNDS) return issued;
    }
  }

  /** The current credentials of the application. Another process may have used an older refresh token since. */
  async #load(request: IssueRequest): Promise<Secret | IssueOutcome> {
    try {
      const list = await this.#environment.load(request.account);
      const secret = list.find(({ fingerprint }) => fingerprint === request.fingerprint);
      return secret ?? { outcome: 'unavailable', reason: 'the credentials were changed meanwhile' };
    } catch (error) {
      const reason = error instanceof Error ? told(error.message) : 'the credentials could not be loaded';
      return { outcome: 'unavailable', reason, isLoad: true };
    }
  }

  /** Chooses the refresh token to use: the stored one, or its replacement that could not be stored. */
  async #choose(
    key: TokenKey,
    request: IssueRequest,
    { credentials }: Secret,
  ): Promise<{ credentials: Credentials; stored: string; next?: string } | IssueOutcome> {
    let stored: string;
    try {
      stored = this.#refreshTokenIn(credentials);
    } catch (error) {
      if (!(error instanceof DefinitionFault)) throw error;
      return faulty(error, secretValues(this.#provider.definition, credentials));
    }
    const note = await this.#notes.read(key);
    if (note === 'unknown') return storeIsSilent();
    const mine = this.#unsaved.get(key.hash);
    // Otherwise the application has another refresh token by now, and that one is newer.
    const noted = note !== 'unreadable' && this.#isOf(note, stored) ? note : undefined;
    const isMine = mine !== undefined && [mine.previous, mine.spent].includes(stored);
    if (!isMine) this.#unsaved.delete(key.hash);
    const next = noted?.next ?? (isMine ? mine.next : undefined);
    // A note that cannot be read may say that the refresh token is being used.
    if (note === 'unreadable' || noted?.isBeingSpent === true)
      this.#emit(request, { type: 'refresh-token-in-doubt' });
    if (next === undefined) return { credentials, stored };
    const replaced = Object.entries(credentials).map(([name, value]) => [
      name,
      value === stored ? next : value,
    ]);
    return { credentials: Object.fromEntries(replaced) as Credentials, stored, next };
  }

  // --- Saving -----------------------------------------------------------------------------------------------------

  /** @returns `false` when the application holds another refresh token by now, which is used instead */
  async #save(key: TokenKey, request: IssueRequest, pair: Unsaved): Promise<boolean> {
    const outcome = await this.#keptAs(request, pair);
    if (outcome !== 'failed') {
      await this.#saved(key, request);
      return outcome === 'saved';
    }
    this.#unsaved.set(key.hash, pair);
    await this.#notes.write(key, {
      of: this.#hashOf(pair.previous),
      ...(pair.spent === undefined ? {} : { spent: this.#hashOf(pair.spent) }),
      next: pair.next,
      isBeingSpent: false,
    });
    this.#unsavedAgain(request);
    this.#saveLater(key, request, pair, SAVE_AGAIN_FIRST_MS);
    return true;
  }

  async #saved(key: TokenKey, request: IssueRequest): Promise<void> {
    request.onSave?.(true);
    this.#unsaved.delete(key.hash);
    await this.#notes.write(key, undefined);
  }

  async #trySaving(
    account: string | undefined,
    { previous, next }: Unsaved,
  ): Promise<'saved' | 'outrun' | 'failed'> {
    const { clock } = this.#environment;
    const source = account === undefined ? this.#provider.own : this.#provider.accounts;
    if (source?.save === undefined) return 'failed';
    const saving = (async () => source.save?.(account, { refreshToken: next }, { refreshToken: previous }))();
    saving.catch(() => undefined);
    try {
      const answer = await within(clock, SAVE_WITHIN_MS, saving, () => 'late' as const);
      return answer === 'late' ? 'failed' : answer === true ? 'saved' : 'outrun';
    } catch {
      return 'failed';
    }
  }

  /**
   * The result of a save. When `save` returns `false`, this counts only if the application holds another refresh token
   * by now.
   */
  async #keptAs(request: IssueRequest, pair: Unsaved): Promise<'saved' | 'outrun' | 'failed'> {
    const outcome = await this.#trySaving(request.account, pair);
    if (outcome !== 'outrun') return outcome;
    const stored = await this.#storedNow(request);
    if (stored === pair.next) return 'saved';
    if (stored === undefined || stored === pair.previous) return 'failed';
    if (stored !== pair.spent) return 'outrun';
    // An earlier save was late. The refresh token that it stored is already used.
    const { next } = pair;
    return (await this.#trySaving(request.account, { previous: stored, next })) === 'saved'
      ? 'saved'
      : 'failed';
  }

  /** The refresh token that the application holds, where it is known. */
  async #storedNow(request: IssueRequest): Promise<string | undefined> {
    try {
      const list = await this.#environment.load(request.account);
      // The client may have another secret by now. The refresh token is the same.
      const secret = list.find(({ fingerprint }) => fingerprint === request.fingerprint) ?? list[0];
      return secret && this.#refreshTokenIn(secret.credentials);
    } catch {
      return undefined;
    }
  }

  #saveLater(key: TokenKey, request: IssueRequest, pair: Unsaved, afterMs: number): void {
    const { clock, closing } = this.#environment;
    if (closing.aborted) return;
    clock.setTimeout(() => void this.#saveAgain(key, request, pair, afterMs).catch(() => undefined), afterMs);
  }

  async #saveAgain(key: TokenKey, request: IssueRequest, pair: Unsaved, afterMs: number): Promise<void> {
    // The pair was replaced or saved meanwhile.
    if (this.#unsaved.get(key.hash) !== pair || this.#environment.closing.aborted) return;
    const outcome = await this.#keptAs(request, pair);
    if (this.#unsaved.get(key.hash) !== pair) return;
    if (outcome === 'failed') {
      this.#unsavedAgain(request);
      return this.#saveLater(key, request, pair, Math.min(SAVE_AGAIN_MOST_MS, 2 * afterMs));
    }
    // The note stays. Without the lock, the note may belong to a process that is using the refresh token.
    request.onSave?.(true);
    this.#unsaved.delete(key.hash);
  }

  #unsavedAgain(request: IssueRequest): void {
    request.onSave?.(false);
    this.#emit(request, { type: 'refresh-token-unsaved' });
  }

  // --- Names ------------------------------------------------------------------------------------------------------

  #refreshTokenIn(credentials: Credentials): string {
    const { definition, environment } = this.#provider;
    const { view } = watchedCredentials(definition, credentials);
    return this.#strategy.refreshToken(
      ownCopy({ credentials: view, ...(environment === undefined ? {} : { environment }) }),
    );
  }

  /** Whether a note is about the refresh token that the application holds. */
  #isOf(note: SpentNote | undefined, stored: string): note is SpentNote {
    if (note === undefined) return false;
    return note.next === stored || [note.of, note.spent].includes(this.#hashOf(stored));
  }

  #hashOf(refreshToken: string): string {
    return this.#hash.of(['refresh-token', refreshToken]);
  }

  /**
   * The key of the notes and the lock, by the account alone: all scopes use the same refresh token. A process with
   * another secret of the client uses it too, for example while a deployment rotates the secret.
   */
  #keyOf({ account }: IssueRequest): TokenKey {
    const { name: provider } = this.#provider;
    const baseUrl = tokenBaseUrl(this.#provider, this.#strategy);
    return { provider, account, hash: this.#hash.of(['spending', provider, baseUrl, account]) };
  }

  get #hash(): KeyedHash {
    return this.#environment.hash;
  }

  #emit(
    { account, fingerprint }: IssueRequest,
    event: { type: 'refresh-token-unsaved' | 'refresh-token-in-doubt' },
  ): void {
    const { clock, emit } = this.#environment;
    emit({
      provider: this.#provider.name,
      ...(account === undefined ? {} : { account }),
      credential: fingerprint.slice(0, 8),
      atMs: clock.now(),
      ...event,
    });
  }
}

function faulty({ message, cause }: DefinitionFault, secrets: readonly (string | undefined)[]): IssueOutcome {
  const plain = plainCause(cause, secrets);
  return {
    outcome: 'rejected',
    code: 'DEFINITION_FAULT',
    reason: told(message, secrets),
    ...(plain === undefined ? {} : { cause: plain }),
  };
}

function storeIsSilent(): IssueOutcome {
  return {
    outcome: 'unavailable',
    reason: 'the shared store does not answer, so another process may be using the refresh token',
  };
}
