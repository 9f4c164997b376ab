import { createPublicKey } from 'node:crypto';
import type { Credentials, Rotation } from './core/account.js';
import { InvalidInputError } from './core/checks.js';
import type { Elsewhere } from './core/elsewhere.js';
import type { Exchange } from './core/exchange.js';
import { HttpListener } from './core/http-listener.js';
import type { IssuedToken } from './core/issued-tokens.js';
import type { ProviderBehaviour } from './core/provider-behaviour.js';
import { ProviderContext } from './core/provider-context.js';
import { ProviderEngine } from './core/provider-engine.js';
import { checkSettings, type ProviderSettings } from './core/provider-settings.js';
import type { RefreshToken } from './core/refresh-tokens.js';
import type { SandboxClock } from './core/sandbox-clock.js';
import type { SeededRandom } from './core/seeded-random.js';
import type { Counts, RequestRecord } from './core/traffic.js';
import { checkMisbehaviour } from './faults/check-misbehaviour.js';
import type { Misbehaviour } from './faults/fault.js';
import type { PlannedFault } from './faults/fault-plan.js';
import {
  checkSaysItsTime,
  sendWebhook,
  webhookMessage,
  type WebhookOptions,
  type WebhookReceipt,
} from './signing/webhook-sender.js';
import type { WebhookMessage } from './signing/webhook-shape.js';

/** The account whose credentials a provider starts with. */
export const OWN_ACCOUNT = 'own';

export interface SandboxProviderOptions {
  readonly clock: SandboxClock;
  readonly random: SeededRandom;
  readonly settings: Partial<ProviderSettings>;
  readonly logSize: number;
  readonly elsewhere: Elsewhere;
  /** The values in the variables of the providers before this one. This provider adds its own. */
  readonly told?: Map<string, string>;
}

/** A call of the provider's own API; the path is below the base URL of its host. */
export interface ExampleCall {
  readonly method: string;
  readonly host: string;
  readonly path: string;
}

/** One simulated provider: where it listens, its merchants, its planned faults, and the requests that it received. */
export class SandboxProvider<C extends Credentials = Credentials, N extends string = string> {
  readonly name: N;
  readonly #behaviour: ProviderBehaviour<C, N>;
  readonly #context: ProviderContext<C>;
  readonly #engine: ProviderEngine<C>;
  readonly #listeners: ReadonlyMap<string, HttpListener>;
  readonly #startSettings: ProviderSettings;
  readonly #webhookRandom: SeededRandom;

  constructor(behaviour: ProviderBehaviour<C, N>, options: SandboxProviderOptions) {
    const random = options.random.fork(behaviour.name);
    this.name = behaviour.name;
    this.#behaviour = behaviour;
    this.#context = new ProviderContext(behaviour, options.clock, random, options.settings);
    this.#webhookRandom = random.fork('webhooks');
    this.#startSettings = { ...this.#context.settings };
    this.#engine = new ProviderEngine(behaviour, this.#context, {
      random,
      logSize: options.logSize,
      redirectTarget: (to, exchange) => this.#redirectTarget(to, exchange, options.elsewhere),
    });
    this.#listeners = new Map(
      behaviour.hosts.map((host) => [host, new HttpListener(host, behaviour.basePath, this.#engine)]),
    );
    this.#addOwnAccount(options.told ?? new Map());
  }

  /** Named hosts, the default one first. */
  get hosts(): readonly string[] {
    return this.#behaviour.hosts;
  }

  /** The base URL of the default host, without a slash at its end. */
  get baseUrl(): string {
    return this.baseUrls[this.#behaviour.hosts[0]] as string;
  }

  /** The base URL of every named host. */
  get baseUrls(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#listeners].map(([host, { baseUrl }]) => [host, baseUrl]));
  }

  // --- Merchants ------------------------------------------------------------------------------------------------

  /** The newest credentials of the own account. */
  get credentials(): C {
    return this.credentialsOf(OWN_ACCOUNT);
  }

  /** The newest credentials of an account. */
  credentialsOf(account: string): C {
    const { credentials } = this.#context.accounts.get(account);
    const newest = this.#context.refreshTokens.newestOf(account);
    const current = newest === undefined ? credentials : { ...credentials, refreshToken: newest };
    return this.#behaviour.handedOut?.(current, this.#context.settings) ?? current;
  }

  /** The environment variables that an application reads the credentials and base URLs from. */
  get environment(): Record<string, string> {
    return this.environmentOf(OWN_ACCOUNT);
  }

  environmentOf(account: string): Record<string, string> {
    const credentials = this.credentialsOf(account);
    const variables: Readonly<Record<string, string | undefined>> = this.#behaviour.variables ?? {};
    const published = Object.entries(this.publicKeysOf(account)).flatMap(([field, pem]) => {
      const name = field in credentials ? undefined : variables[field];
      return name === undefined ? [] : [[name, pem]];
    });
    return {
      ...this.#behaviour.environment(credentials, this.baseUrls),
      ...(Object.fromEntries(published) as Record<string, string>),
    };
  }

  /** Providers that read the same variable get the same value. */
  #addOwnAccount(told: Map<string, string>): void {
    const variables = Object.entries(this.#behaviour.variables ?? {}) as [keyof C, string][];
    const known = variables.filter(([, name]) => told.has(name));
    const given = Object.fromEntries(known.map(([field, name]) => [field, told.get(name)])) as Partial<C>;
    const { credentials } = this.#context.accounts.add(OWN_ACCOUNT, given);
    for (const [field, name] of variables) told.set(name, credentials[field] ?? '');
  }

  get accounts(): readonly string[] {
    return this.#context.accounts.all().map(({ id }) => id);
  }

  /**
   * The public halves, in PEM, of the keys that sign for this account: the keys of the provider itself, whose private
   * halves no merchant gets, and the keys that the merchant would have uploaded.
   */
  publicKeysOf(account: string = OWN_ACCOUNT): Readonly<Record<string, string>> {
    const { credentials } = this.#context.accounts.get(account);
    const pairs = Object.entries(credentials).filter(([, value]) => value?.includes('PRIVATE KEY') === true);
    return Object.fromEntries(
      pairs.map(([field, pem = '']) => [
        field,
        createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString(),
      ]),
    );
  }

  /** The account's identity with secrets that were never valid, as after a typing mistake. */
  wrongCredentialsOf(account: string = OWN_ACCOUNT): C {
    const { credentials } = this.#context.accounts.get(account);
    const wrong = this.#behaviour.credentials(this.#webhookRandom).invent(account, credentials);
    return this.#behaviour.handedOut?.(wrong, this.#context.settings) ?? wrong;
  }

  /**
   * Calls of the provider's own API: a harmless one that reads, and one that writes, where the provider has such calls.
   * Every provider also has `/sandbox/echo` and `/sandbox/payments`.
   */
  examplesOf(account: string = OWN_ACCOUNT): { readonly read?: ExampleCall; readonly write?: ExampleCall } {
    const credentials: Credentials = this.credentialsOf(account);
    const first = (method: string) => {
      const found = this.#behaviour.resources.find(
        (resource) =>
          resource.method === method && resource.isPublic !== true && exampleOf(resource) !== undefined,
      );
      const example = found && exampleOf(found);
      if (found === undefined || example === undefined) return undefined;
      const path = example.replace(/:(\w+)/g, (_all, name: string) => credentials[name] ?? 'sandbox');
      return { method, host: found.host ?? this.hosts[0] ?? 'api', path };
    };
    const [read, write] = [first('GET'), first('POST')];
    return { ...(read === undefined ? {} : { read }), ...(write === undefined ? {} : { write }) };
  }

  /** Adds a merchant, with the given credentials or with invented ones. */
  addAccount(id: string, credentials: Partial<C> = {}): C {
    this.#context.accounts.add(id, credentials);
    return this.credentialsOf(id);
  }

  /**
   * Gives an account new credentials, and returns them. The old ones are accepted for as long as the provider accepts them:
   * an hour at Cashfin, and not at all elsewhere. Tokens stay valid, except at a provider whose new key ends them.
   */
  rotate(options: Rotation & { readonly account?: string; readonly credentials?: Partial<C> } = {}): C {
    const { account = OWN_ACCOUNT, credentials, ...rotation } = options;
    this.#context.accounts.rotate(account, rotation, credentials);
    if (this.#behaviour.rotationEndsTokens === true) this.revokeTokens(account);
    return this.credentialsOf(account);
  }

  /** Refuses every call of an account from now on, although its logins succeed. */
  suspend(account: string = OWN_ACCOUNT): void {
    this.#context.accounts.get(account).suspended = true;
  }

  resume(account: string = OWN_ACCOUNT): void {
    this.#context.accounts.get(account).suspended = false;
  }

  // --- Tokens ---------------------------------------------------------------------------------------------------

  /** Every token that was issued, oldest first. */
  get tokens(): readonly IssuedToken[] {
    return this.#context.tokens.all();
  }

  /** Lets every token (of an account) expire now. Returns how many were alive. */
  expireTokens(account?: string): number {
    return this.#context.tokens.expire(account);
  }

  /** Revokes every token (of an account) now. Returns how many were alive. */
  revokeTokens(account?: string): number {
    return this.#context.tokens.revoke(account);
  }

  /** Every refresh token that was issued or presented, and how often each was used. */
  get refreshTokens(): readonly RefreshToken[] {
    return this.#context.refreshTokens.all();
  }

  /**
   * Takes the merchant's consent back: its refresh token is no longer valid, and the merchant has to connect again.
   *
   * @throws {InvalidInputError} where the provider has no refresh tokens
   */
  revokeRefreshToken(account: string = OWN_ACCOUNT): void {
    const { refreshToken } = this.credentialsOf(account) as Credentials;
    if (refreshToken === undefined)
      throw new InvalidInputError([`Provider "${this.name}" has no refresh tokens. Use revokeTokens().`]);
    this.#context.refreshTokens.revoke(account, refreshToken);
  }

  // --- Misbehaviour ---------------------------------------------------------------------------------------------

  get settings(): Readonly<ProviderSettings> {
    return { ...this.#context.settings };
  }

  configure(settings: Partial<ProviderSettings>): void {
    Object.assign(this.#context.settings, checkSettings(settings));
  }

  /** Plans a fault, and returns a function that ends it. @throws {InvalidInputError} naming every wrong field */
  misbehave(misbehaviour: Misbehaviour): () => void {
    return this.#engine.faults.add(checkMisbehaviour(misbehaviour));
  }

  /** Ends every fault. */
  behave(): void {
    this.#engine.faults.clear();
  }

  /** The planned faults, and how often each was applied. */
  get faults(): readonly PlannedFault[] {
    return this.#engine.faults.planned;
  }

  // --- Webhooks -------------------------------------------------------------------------------------------------

  /** The schemes of the provider's webhooks, the usual one first. Empty where it sends none. */
  get webhookSchemes(): readonly string[] {
    return Object.keys(this.#behaviour.webhooks ?? {});
  }

  /**
   * A message as the provider would send it, signed with its keys, or forged.
   *
   * @throws {InvalidInputError} where the provider sends no webhooks, and where a forgery or a time would change nothing
   */
  webhook(options: WebhookOptions = {}): WebhookMessage {
    const schemes = this.#behaviour.webhooks ?? {};
    const { scheme = this.webhookSchemes[0] ?? '' } = options;
    const shape = Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined;
    if (shape === undefined)
      throw new InvalidInputError([
        this.webhookSchemes.length === 0
          ? `Provider "${this.name}" sends no webhooks.`
          : `"scheme" must be one of ${this.webhookSchemes.join(', ')}`,
      ]);
    const { credentials: keys } = this.#context.accounts.get(options.account ?? OWN_ACCOUNT);
    const otherKeys = this.#behaviour.credentials(this.#webhookRandom).invent('forger');
    const occasion = {
      atMs: options.signedAtMs ?? this.#context.providerNowMs,
      url: options.url ?? 'http://127.0.0.1/webhooks',
      id: options.id ?? `wh-${this.#webhookRandom.text(16)}`,
      settings: this.settings,
    };
    const event = options.event ?? shape.event(this.#webhookRandom);
    if (options.signedAtMs !== undefined) checkSaysItsTime(shape, scheme, { event, keys, occasion });
    return webhookMessage(shape, { forge: options.forge, event, keys, otherKeys, occasion });
  }

  /** Sends such a message to a URL on this machine, and returns the answer. */
  async sendWebhook(url: string, options: WebhookOptions = {}): Promise<WebhookReceipt> {
    return sendWebhook(url, this.webhook({ url, ...options }));
  }

  // --- Traffic ----------------------------------------------------------------------------------------------

  get counts(): Counts {
    return this.#engine.traffic.counts;
  }

  /** How often the payment with each key was executed. */
  get executions(): ReadonlyMap<string, number> {
    return this.#engine.traffic.executions;
  }

  /** The latest requests, oldest first. */
  get requests(): readonly RequestRecord[] {
    return this.#engine.traffic.records;
  }

  /** Clears counts, log, faults, settings and rate limits. Merchants and their tokens stay. */
  reset(): void {
    this.#engine.traffic.reset();
    this.#engine.limits.clear();
    this.#engine.faults.clear();
    this.#context.usedReferences.clear();
    Object.assign(this.#context.settings, this.#startSettings);
    for (const account of this.#context.accounts.all()) account.suspended = false;
  }

  /** @param ports by the name of the host. A host without one gets any free port */
  async listen(ports: Readonly<Record<string, number>>): Promise<void> {
    for (const [host, listener] of this.#listeners) await listener.listen(ports[host] ?? 0);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#listeners.values()].map((listener) => listener.close()));
  }

  #redirectTarget(to: string, exchange: Exchange, elsewhere: Elsewhere): string {
    const path = '/sandbox/echo';
    if (to === 'same-origin') return `${this.#listeners.get(exchange.request.host)?.baseUrl}${path}`;
    if (to === 'other-port') return `${elsewhere.url}${path}`;
    if (to === 'other-host') return `${elsewhere.url.replace('127.0.0.1', 'localhost')}${path}`;
    return to;
  }
}

function exampleOf({
  example,
  path,
}: {
  readonly example?: string;
  readonly path: string | RegExp;
}): string | undefined {
  return example ?? (typeof path === 'string' ? path : undefined);
}
