import type { Clock } from '../payments-auth.clock.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { notConfigured } from '../providers/not-configured.js';
import type { CredentialsInForce } from '../providers/credentials-in-force.js';
import type { CredentialField } from '../providers/provider-definition.js';
import type { WebhookDefinition } from '../providers/signature-definition.js';
import type { Credentials } from '../strategies/strategy.js';
import { isJsonObject } from '../building-blocks/json-value.js';
import { bodySignature, formatOf, signBody } from './body-signature.js';
import { type Examination, examineWebhook } from './examine-webhook.js';
import { withoutFields } from '../building-blocks/json-object.js';
import { type KashierOrder, kashierOrderHash } from './kashier-order-hash.js';
import { type KashierRedirect, type RedirectQuery, verifyKashierRedirect } from './kashier-redirect.js';
import { SigningCredentials } from './signing-credentials.js';
import type { WebhookDelivery } from './webhook-delivery.js';
import type { WebhookMessage } from './webhook-message.js';

/** @internal Puts a signature into a serialised body, made with the static credentials that the call authenticates with. */
export type BodySigner = (
  body: string,
  call: { readonly credential: { readonly signing?: Credentials } },
) => string;

/** Whose keys are used. */
export interface SignerOptions {
  /** The merchant, where there are many. */
  readonly account?: string;
}

/** {@link SignerOptions} of what only Kashier knows. */
export interface KashierSignerOptions extends SignerOptions {
  /** The name that Kashier is registered under. @default 'kashier' */
  readonly provider?: string;
}

/**
 * Signs and verifies messages with the configured keys, or with those that the application has rotated to since. With a
 * list of credentials the newest one signs, and each one's key is accepted on what comes in.
 *
 * Every method rejects with a `PaymentsAuthError`: `PROVIDER_NOT_CONFIGURED`, `ACCOUNT_UNKNOWN`, `INVALID_OPTIONS` when the key it needs is
 * not configured or the provider has no such signature, `CREDENTIALS_UNAVAILABLE` when the keys cannot be resolved.
 */
export class PaymentsSignaturesService {
  readonly #signers: ReadonlyMap<string, { provider: ConfiguredProvider; credentials: SigningCredentials }>;
  readonly #clock: Clock;

  /** @internal Made by the module; inject it. */
  constructor(
    providers: readonly ConfiguredProvider[],
    inForce: (name: string) => CredentialsInForce,
    clock: Clock,
  ) {
    this.#clock = clock;
    this.#signers = new Map(
      providers.map((provider) => [
        provider.name,
        { provider, credentials: new SigningCredentials(provider, inForce(provider.name), clock) },
      ]),
    );
  }

  /**
   * The delivery in a message, or `undefined` when it is not genuine. For a server that is no Nest controller; there,
   * use `@VerifiedWebhook(name)`. Look at `proves` before believing the payload.
   */
  async verifyWebhook<P = unknown>(
    name: string,
    message: WebhookMessage,
    { account }: SignerOptions = {},
  ): Promise<WebhookDelivery<P> | undefined> {
    const examination = await this.examineWebhook(name, message, account);
    if (examination.refusal !== undefined) return undefined;
    return {
      provider: name,
      ...(account === undefined ? {} : { account }),
      ...examination.evidence,
      payload: examination.evidence.payload as P,
    };
  }

  /** The same with the reason, for the log of the guard. @internal */
  async examineWebhook(
    name: string,
    message: WebhookMessage,
    account: string | undefined,
  ): Promise<Examination> {
    const { credentials } = this.#signer(name);
    const webhook = this.webhook(name);
    const known = await credentials.get(account);
    this.#requireKeys(name, webhook, known);
    const first = examineWebhook(webhook, message, known, this.#clock.now());
    if (first.refusal !== 'wrong-signature' || !credentials.isDynamic(account)) return first;
    // The key may have been rotated since it was asked for.
    const fresh = await credentials.get(account, true);
    return fresh === known ? first : examineWebhook(webhook, message, fresh, this.#clock.now());
  }

  /** How a provider's messages are proven. @internal */
  webhook(name: string): WebhookDefinition {
    const { webhook } = this.#signer(name).provider.definition;
    if (webhook !== undefined) return webhook;
    throw new PaymentsAuthError(
      'INVALID_OPTIONS',
      `Provider "${name}" is not known to send webhooks. Describe them in its definition: defineProvider({ webhook }).`,
      { provider: name },
    );
  }

  /**
   * What is wrong with the keys of a provider's webhooks, as far as can be known without asking a resolver.
   *
   * @param perAccount whether the route names an account
   * @internal
   */
  async checkKeys(name: string, perAccount: boolean): Promise<void> {
    const { provider, credentials } = this.#signer(name);
    const webhook = this.webhook(name);
    if (webhook.algorithm === 'none') return;
    if ((perAccount ? provider.accounts : provider.own) === undefined) {
      const remedy = perAccount
        ? `Provider "${name}" has no accounts. Leave \`account\` out of the decorator.`
        : `Provider "${name}" has only accounts. Say which one a message is for: { account: (request) => … }.`;
      throw new PaymentsAuthError('INVALID_OPTIONS', remedy, { provider: name });
    }
    if (perAccount || credentials.isDynamic(undefined)) return;
    this.#requireKeys(name, webhook, await credentials.get(undefined));
  }

  /** The value that signs a JSON body, where the provider asks for one: ClickPesa's `checksum`. */
  async bodySignature(name: string, body: object, { account }: SignerOptions = {}): Promise<string> {
    const signature = this.#signer(name).provider.definition.bodySignature;
    if (signature === undefined) {
      throw new PaymentsAuthError('INVALID_OPTIONS', `Provider "${name}" signs no bodies.`, {
        provider: name,
      });
    }
    const json: unknown = JSON.parse(JSON.stringify(body) ?? 'null');
    if (!isJsonObject(json)) throw new TypeError('bodySignature: the body has to be a JSON object.');
    const signer = this.#withField(name, await this.#candidates(name, account), signature.key);
    const unsigned = withoutFields(json, [signature.field, ...(signature.without ?? [])]);
    return bodySignature(unsigned, signer[signature.key] as string, formatOf(signature.format, signer));
  }

  /**
   * Signs the serialised bodies of a provider's calls, for its `HttpService`; `undefined` where the provider asks for
   * no signature. Called for every attempt with the body as the caller's transforms made it. @internal
   */
  bodySigner(name: string): BodySigner | undefined {
    const { definition } = this.#signer(name).provider;
    if (definition.bodySignature === undefined) return undefined;
    return (body, { credential }) => signBody(definition, credential.signing ?? {}, body);
  }

  /** {@link kashierOrderHash} with the configured Payment API key, and by default the configured merchant ID. */
  async kashierOrderHash(
    order: Omit<KashierOrder, 'merchantId'> & Partial<Pick<KashierOrder, 'merchantId'>>,
    { provider = 'kashier', account }: KashierSignerOptions = {},
  ): Promise<string> {
    const signer = this.#withField(provider, await this.#candidates(provider, account), 'apiKey');
    const merchantId = order.merchantId ?? signer['merchantId'];
    if (merchantId === undefined) throw this.#missing(provider, 'merchantId');
    return kashierOrderHash({ ...order, merchantId }, signer['apiKey'] as string);
  }

  /** {@link verifyKashierRedirect} with the configured Payment API keys. */
  async verifyKashierRedirect(
    query: RedirectQuery,
    { provider = 'kashier', account }: KashierSignerOptions = {},
  ): Promise<KashierRedirect | undefined> {
    const candidates = await this.#candidates(provider, account);
    this.#withField(provider, candidates, 'apiKey');
    return verifyKashierRedirect(
      query,
      candidates.map((candidate) => candidate['apiKey'] ?? ''),
    );
  }

  #signer(name: string): { provider: ConfiguredProvider; credentials: SigningCredentials } {
    const signer = this.#signers.get(name);
    if (signer !== undefined) return signer;
    throw notConfigured(name, this.#signers.keys());
  }

  /** An account that does not exist has no keys to miss: its messages are refused like any forged one. */
  #requireKeys(name: string, webhook: WebhookDefinition, candidates: readonly Credentials[]): void {
    if (webhook.algorithm === 'none' || candidates.length === 0) return;
    const fields = webhook.algorithm === 'sha256-constant' ? webhook.of : [webhook.key];
    for (const field of fields) this.#withField(name, candidates, field);
  }

  /** The credentials to sign with. */
  async #candidates(name: string, account: string | undefined): Promise<readonly Credentials[]> {
    const candidates = await this.#signer(name).credentials.get(account);
    if (candidates.length > 0) return candidates;
    const message =
      account === undefined
        ? `Provider "${name}" has no account of its own. Name one: { account }.`
        : `Provider "${name}" has no account "${account}".`;
    throw new PaymentsAuthError('ACCOUNT_UNKNOWN', message, {
      provider: name,
      ...(account === undefined ? {} : { account }),
    });
  }

  /** The newest credentials that have a field. */
  #withField(name: string, candidates: readonly Credentials[], field: string): Credentials {
    const found = candidates.find((candidate) => candidate[field] !== undefined && candidate[field] !== '');
    if (found === undefined) throw this.#missing(name, field);
    return found;
  }

  #missing(name: string, field: string): PaymentsAuthError {
    const fields: Readonly<Record<string, CredentialField | undefined>> =
      this.#signer(name).provider.definition.credentials;
    const variable = fields[field]?.variable;
    const where = `credentials.${field}${variable === undefined ? '' : ` (${variable})`}`;
    return new PaymentsAuthError(
      'INVALID_OPTIONS',
      `Messages of "${name}" cannot be signed or verified without ${where}. Add it to the provider's credentials.`,
      { provider: name, problems: [`providers.${name}.${where} is missing`] },
    );
  }
}
