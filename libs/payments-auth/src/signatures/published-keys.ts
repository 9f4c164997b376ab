import { createPublicKey, type KeyObject } from 'node:crypto';
import { isJsonObject, textAt } from '../building-blocks/json-value.js';
import type { Clock } from '../payments-auth.clock.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import type { PublishedKeys, PublishedKeyType } from '../providers/webhooks/webhook-scheme.js';
import { AxiosTokenTransport } from '../strategies/axios-token-transport.js';
import { reasonOf, TokenTransportError } from '../strategies/token-transport.js';
import { type Authorities, trustedKey } from './certificate-chain.js';
import type { TellKeysTrouble } from './webhook-keys-trouble.js';

/** The time for one fetch. It is short, because the sender of the message waits for the answer. */
const DEADLINE_MS = 5_000;
const MOST_BYTES = 256 * 1024;
/**
 * A message names the key, and anybody can send a message. So there are this many fetches, and one more each interval.
 */
const MOST_FETCHES = 5;
const ONE_MORE_EVERY_MS = 30_000;
/** How long a fetched set is used. A key that the provider removes is trusted for no longer than this. */
const FRESH_MS = 60 * 60_000;
/** How long a certificate is kept, and the keys of a set while the set cannot be fetched again. */
const LASTS_MS = 24 * 60 * 60_000;
/** How long no fetch is made again for an unknown key id, or for a certificate that is not trusted. */
const UNKNOWN_FOR_MS = 60_000;
const MOST_UNKNOWN = 1_000;
const MOST_KEYS_IN_A_SET = 200;
const MOST_CERTIFICATES = 32;

interface KeySet {
  /** By id. Keys of different types may have the same id (RFC 7517, section 4.5). */
  keys: ReadonlyMap<string, readonly KeyObject[]>;
  /** When the fetch of `keys` was begun; absent before the first one has succeeded. */
  fetchedAtMs?: number;
  /** When the last fetch failed. */
  failedAtMs?: number;
  /** How many fetches were begun, and the number of the last one that succeeded. */
  begun: number;
  succeeded: number;
  underWay?: Promise<void>;
}

interface Certificate {
  readonly key: KeyObject;
  readonly fetchedAtMs: number;
}

/**
 * The keys that one provider publishes. They are fetched when a message needs them, only from the addresses that the
 * definition names, and are kept. The number of fetches stays small, however many messages name however many keys.
 */
export class FetchedKeys implements PublishedKeys {
  readonly #provider: ConfiguredProvider;
  readonly #clock: Clock;
  readonly #tell: TellKeysTrouble;
  readonly #transport: AxiosTokenTransport;
  readonly #sets = new Map<string, KeySet>();
  readonly #certificates = new Map<string, Certificate>();
  readonly #certificatesUnderWay = new Map<string, Promise<KeyObject | undefined>>();
  readonly #unknown = new Map<string, number>();
  #fetches = MOST_FETCHES;
  #countedAtMs: number;

  constructor(
    provider: ConfiguredProvider,
    { clock, tell }: { readonly clock: Clock; readonly tell: TellKeysTrouble },
  ) {
    this.#provider = provider;
    this.#clock = clock;
    this.#tell = tell;
    this.#countedAtMs = clock.monotonic();
    this.#transport = new AxiosTokenTransport({
      clock,
      http: provider.http,
      deadlineMs: DEADLINE_MS,
      mostBytes: MOST_BYTES,
    });
  }

  /**
   * @throws PaymentsAuthError CREDENTIALS_UNAVAILABLE when the set cannot be fetched, or may not be fetched again yet,
   *   because the provider may have put a new key into it
   */
  async fromSet(
    url: string,
    keyId: string | undefined,
    type: PublishedKeyType,
  ): Promise<KeyObject | undefined> {
    const set = this.#setAt(url);
    const id = `${url}#${type}#${keyId ?? ''}`;
    // Only a fetch that begins after the message arrived can prove that the set does not have the key of the message.
    const begunBefore = set.begun;
    if (this.#ageOf(set) > FRESH_MS) await this.#renewed(url, set);
    while (pick(set, keyId, type) === undefined && set.succeeded <= begunBefore && !this.#isUnknown(id)) {
      if (set.underWay === undefined && !this.#mayFetch())
        throw this.#unavailable('too many fetches in a short time, for keys that messages have named');
      await this.#fetched(url, set);
    }
    const key = pick(set, keyId, type);
    if (key === undefined) this.#rememberUnknown(id);
    return key;
  }

  /** @throws PaymentsAuthError CREDENTIALS_UNAVAILABLE when it cannot be fetched, or may not be fetched yet */
  async ofCertificate(url: string): Promise<KeyObject | undefined> {
    const known = this.#certificates.get(url);
    const nowMs = this.#clock.monotonic();
    if (known !== undefined && nowMs - known.fetchedAtMs < LASTS_MS) return known.key;
    if (this.#isUnknown(url)) return undefined;
    const underWay = this.#certificatesUnderWay.get(url);
    if (underWay !== undefined) return underWay;
    if (!this.#mayFetch())
      throw this.#unavailable('too many fetches in a short time, for certificates that messages have named');

    const fetching = this.#fetchCertificate(url).finally(() => this.#certificatesUnderWay.delete(url));
    this.#certificatesUnderWay.set(url, fetching);
    return fetching;
  }

  async #fetchCertificate(url: string): Promise<KeyObject | undefined> {
    const { text } = await this.#get(url).catch((error: PaymentsAuthError) => {
      const { host = '', reason = '' } = error;
      // A message names the certificate. That there is none says nothing about those of the provider.
      if (error.status !== 404 && error.status !== 410)
        this.#tell({ type: 'webhook-keys-unavailable', host, reason });
      throw error;
    });
    const key = trustedKey(text, this.#authorities(), this.#clock.now());
    if (key === undefined) {
      this.#rememberUnknown(url);
      return undefined;
    }
    bounded(this.#certificates, MOST_CERTIFICATES).set(url, { key, fetchedAtMs: this.#clock.monotonic() });
    return key;
  }

  /**
   * Fetches a set again that is too old. While it cannot be fetched, its earlier keys are used, up to their age limit.
   */
  async #renewed(url: string, set: KeySet): Promise<void> {
    const isUsable = this.#ageOf(set) < LASTS_MS;
    // No message waits for a host that does not answer, as long as nothing depends on it.
    const { failedAtMs = -Infinity } = set;
    if (isUsable && this.#clock.monotonic() - failedAtMs < ONE_MORE_EVERY_MS) return;
    if (set.underWay === undefined && !this.#mayFetch()) {
      if (isUsable) return;
      throw this.#unavailable('too many fetches in a short time');
    }
    try {
      await this.#fetched(url, set);
    } catch (error) {
      if (!isUsable) throw error;
    }
  }

  /** Fetches a set. All messages share one fetch at a time. */
  #fetched(url: string, set: KeySet): Promise<void> {
    set.underWay ??= this.#fetchSet(url, set).finally(() => {
      set.underWay = undefined;
    });
    return set.underWay;
  }

  async #fetchSet(url: string, set: KeySet): Promise<void> {
    set.begun += 1;
    const number = set.begun;
    const atMs = this.#clock.monotonic();
    try {
      set.keys = await this.#keysAt(url);
    } catch (error) {
      set.failedAtMs = this.#clock.monotonic();
      this.#tellOf(set, error as PaymentsAuthError);
      throw error;
    }
    set.fetchedAtMs = atMs;
    set.succeeded = number;
  }

  async #keysAt(url: string): Promise<KeySet['keys']> {
    const { body, host } = await this.#get(url);
    const keys = keysIn(body);
    if (keys.size === 0) throw this.#unavailable(`the answer of ${host} is no set of keys`, host);
    return keys;
  }

  #tellOf(set: KeySet, { host = '', reason = '' }: PaymentsAuthError): void {
    const leftMs = LASTS_MS - this.#ageOf(set);
    this.#tell(
      leftMs > 0
        ? {
            type: 'webhook-keys-outdated',
            host,
            reason,
            usableUntilMs: Math.floor(this.#clock.now() + leftMs),
          }
        : { type: 'webhook-keys-unavailable', host, reason },
    );
  }

  async #get(url: string): Promise<{ text: string; body: unknown; host: string }> {
    const { origin, host, pathname, search } = new URL(this.#rebased(url));
    let status: number | undefined;
    let why = '';
    try {
      const answer = await this.#transport.send(origin, {
        method: 'GET',
        path: pathname + search,
        headers: { Accept: 'application/json, application/x-pem-file, */*' },
      });
      if (answer.status === 200) return { text: answer.text, body: answer.body, host };
      ({ status } = answer);
      why = `HTTP ${status}`;
    } catch (error) {
      // The cause itself would hold a connection.
      why = error instanceof TokenTransportError ? reasonOf(error) : 'network';
    }
    throw this.#unavailable(`${origin} did not send the key (${why})`, host, status);
  }

  /** If the application has replaced an origin (a sandbox, a proxy), this function replaces it too. */
  #rebased(url: string): string {
    const { definition, environment, hosts } = this.#provider;
    const named = environment === undefined ? undefined : definition.environments[environment];
    for (const [host, base] of Object.entries(isJsonObject(named) ? named : {})) {
      const given = hosts[host];
      if (given !== undefined && (url === base || url.startsWith(`${base}/`)))
        return given + url.slice(base.length);
    }
    return url;
  }

  #authorities(): Authorities {
    const { ca = [] } = this.#provider.http();
    return typeof ca === 'string' || Buffer.isBuffer(ca) ? [ca] : [...(ca as Authorities)];
  }

  #setAt(url: string): KeySet {
    const known = this.#sets.get(url) ?? { keys: new Map(), begun: 0, succeeded: 0 };
    this.#sets.set(url, known);
    return known;
  }

  #ageOf({ fetchedAtMs }: KeySet): number {
    return fetchedAtMs === undefined ? Number.POSITIVE_INFINITY : this.#clock.monotonic() - fetchedAtMs;
  }

  #mayFetch(): boolean {
    const nowMs = this.#clock.monotonic();
    const more = Math.floor((nowMs - this.#countedAtMs) / ONE_MORE_EVERY_MS);
    this.#fetches = Math.min(MOST_FETCHES, this.#fetches + more);
    this.#countedAtMs = this.#fetches === MOST_FETCHES ? nowMs : this.#countedAtMs + more * ONE_MORE_EVERY_MS;
    if (this.#fetches === 0) return false;
    this.#fetches -= 1;
    return true;
  }

  #isUnknown(id: string): boolean {
    const sinceMs = this.#unknown.get(id);
    return sinceMs !== undefined && this.#clock.monotonic() - sinceMs < UNKNOWN_FOR_MS;
  }

  #rememberUnknown(id: string): void {
    bounded(this.#unknown, MOST_UNKNOWN).set(id, this.#clock.monotonic());
  }

  #unavailable(reason: string, host?: string, status?: number): PaymentsAuthError {
    const { name } = this.#provider;
    return new PaymentsAuthError(
      'CREDENTIALS_UNAVAILABLE',
      `The key that "${name}" signs its webhooks with could not be fetched: ${reason}. Answer the message with 503, as @VerifiedWebhook does: "${name}" then sends it again.`,
      {
        provider: name,
        reason,
        ...(host === undefined ? {} : { host }),
        ...(status === undefined ? {} : { status }),
      },
    );
  }
}

/** Removes the oldest entry of a map that is full. */
function bounded<T>(map: Map<string, T>, most: number): Map<string, T> {
  const [oldest] = map.keys();
  if (map.size >= most && oldest !== undefined) map.delete(oldest);
  return map;
}

/** The key with an id and a type. Where the message names no id, the only key of that type. */
function pick({ keys }: KeySet, keyId: string | undefined, type: PublishedKeyType): KeyObject | undefined {
  const named = keyId === undefined ? [...keys.values()].flat() : (keys.get(keyId) ?? []);
  const found = named.filter(({ asymmetricKeyType }) => asymmetricKeyType === type);
  return keyId !== undefined || found.length === 1 ? found.at(-1) : undefined;
}

/** The keys of a set (RFC 7517), without secret keys and keys that this Node does not know. */
function keysIn(body: unknown): ReadonlyMap<string, readonly KeyObject[]> {
  const listed = isJsonObject(body) && Array.isArray(body['keys']) ? (body['keys'] as unknown[]) : [];
  const keys = new Map<string, KeyObject[]>();
  for (const jwk of listed.slice(0, MOST_KEYS_IN_A_SET)) {
    if (!isJsonObject(jwk) || jwk['kty'] === 'oct') continue;
    try {
      const key = createPublicKey({ key: jwk as never, format: 'jwk' });
      const id = textAt(jwk, 'kid') ?? '';
      keys.set(id, [...(keys.get(id) ?? []), key]);
    } catch {
      // A set may hold keys of other kinds.
    }
  }
  return keys;
}
