import { ownCopy } from '../own-properties.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import { ReceivedMessage, type ReceivedParts } from '../providers/webhooks/received-message.js';
import type { Credentials } from '../strategies/strategy.js';
import { clickPesaChecksum } from './clickpesa-checksum.js';
import {
  type KashierOrder,
  isSignedRedirect,
  kashierOrderHash,
  type KashierRedirect,
  type RedirectQuery,
  verifyKashierRedirect,
} from './kashier.js';
import type { WebhookDelivery } from './webhook-delivery.js';
import type { VerifyOptions, WebhookVerifier } from './webhook-verifier.js';

/** The account whose keys are used. */
export interface SignerOptions {
  /** The merchant, where there are many. */
  readonly account?: string;
}

/** {@link SignerOptions} of functions for Kashier alone. */
export interface KashierSignerOptions extends SignerOptions {
  /** The name that Kashier is registered under. @default 'kashier' */
  readonly provider?: string;
}

/**
 * Signs and verifies messages with the configured keys, or with the keys that the application has rotated to since.
 * With a list of credentials, the key of the newest one signs, and incoming messages are accepted with the key of
 * each of them.
 *
 * Every method rejects with a `PaymentsAuthError`: `PROVIDER_NOT_CONFIGURED`, `ACCOUNT_UNKNOWN`, `INVALID_OPTIONS` when
 * the key it needs is not configured or the provider has no such signature, `CREDENTIALS_UNAVAILABLE` when the keys
 * cannot be resolved.
 */
export class PaymentsSignaturesService {
  readonly #verifier: WebhookVerifier;

  /** @internal Made by the module; inject it. */
  constructor(verifier: WebhookVerifier) {
    this.#verifier = verifier;
  }

  /**
   * The delivery in a message, or `undefined` when the message is not genuine. This method is for servers without
   * Nest controllers. In a Nest controller, use `@VerifiedWebhook(name)`. Check `proves` before you act on the
   * payload.
   *
   * @throws PaymentsAuthError INVALID_OPTIONS also for a batch of more than one item; use {@link verifyWebhooks} for it
   */
  async verifyWebhook<P = unknown>(
    name: string,
    message: ReceivedParts,
    options: VerifyOptions = {},
  ): Promise<WebhookDelivery<P> | undefined> {
    const deliveries = await this.verifyWebhooks<P>(name, message, options);
    if (deliveries === undefined || deliveries.length === 1) return deliveries?.[0];
    throw new PaymentsAuthError(
      'INVALID_OPTIONS',
      `A message of "${name}" is a batch of ${deliveries.length}, and verifyWebhook gives one delivery. Use verifyWebhooks.`,
      { provider: name },
    );
  }

  /** The same for a provider that sends batches: every delivery in the message. */
  async verifyWebhooks<P = unknown>(
    name: string,
    message: ReceivedParts,
    options: VerifyOptions = {},
  ): Promise<readonly WebhookDelivery<P>[] | undefined> {
    const verified = await this.#verifier.examine(name, new ReceivedMessage(message), ownCopy(options));
    return verified.refusal === undefined
      ? (verified.deliveries as readonly WebhookDelivery<P>[])
      : undefined;
  }

  /** The `checksum` of a JSON body for ClickPesa: {@link clickPesaChecksum} with the configured key and method. */
  async bodySignature(name: string, body: object, options: SignerOptions = {}): Promise<string> {
    const { account } = ownCopy(options);
    if (this.#verifier.signer(name).provider.definition.name !== 'clickpesa') {
      throw new PaymentsAuthError('INVALID_OPTIONS', `Provider "${name}" signs no bodies.`, {
        provider: name,
      });
    }
    const signer = this.#withField(name, await this.#candidates(name, account), 'checksumKey');
    const { checksumKey, checksumMethod } = signer as { checksumKey: string; checksumMethod?: string };
    return clickPesaChecksum(body, checksumKey, checksumMethod === 'legacy' ? 'legacy' : 'canonical');
  }

  /** {@link kashierOrderHash} with the configured Payment API key, and by default the configured merchant ID. */
  async kashierOrderHash(
    order: Omit<KashierOrder, 'merchantId'> & Partial<Pick<KashierOrder, 'merchantId'>>,
    options: KashierSignerOptions = {},
  ): Promise<string> {
    const { provider = 'kashier', account } = ownCopy(options);
    const signer = this.#withField(provider, await this.#candidates(provider, account), 'apiKey');
    const merchantId = order.merchantId ?? signer['merchantId'];
    if (merchantId === undefined) throw this.#verifier.missing(provider, 'merchantId');
    return kashierOrderHash({ ...order, merchantId: merchantId as string }, signer['apiKey'] as string);
  }

  /** {@link verifyKashierRedirect} with the configured Payment API keys. */
  async verifyKashierRedirect(
    query: RedirectQuery,
    options: KashierSignerOptions = {},
  ): Promise<KashierRedirect | undefined> {
    const { provider = 'kashier', account } = ownCopy(options);
    // The payer's browser names the merchant. So no resolver is asked for a redirect whose `signature` does not look
    // like one.
    if (this.#verifier.signer(provider).credentials.isDynamic(account) && !isSignedRedirect(query))
      return undefined;
    const candidates = await this.#candidates(provider, account);
    this.#withField(provider, candidates, 'apiKey');
    return verifyKashierRedirect(
      query,
      candidates.flatMap((candidate) => candidate['apiKey'] ?? ''),
    );
  }

  /** The credentials to sign with. */
  async #candidates(name: string, account: string | undefined): Promise<readonly Credentials[]> {
    const candidates = await this.#verifier.signer(name).credentials.get(account);
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
    if (found === undefined) throw this.#verifier.missing(name, field);
    return found;
  }
}
