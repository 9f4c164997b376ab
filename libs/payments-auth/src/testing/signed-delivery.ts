import { PaymentsAuthError, type AnyProviderDefinition, type WebhookMessage } from '../index.js';

/** The options of {@link signedDelivery}. */
export interface DeliveryToSign {
  /** The name of the scheme. @default the first scheme that need not be named */
  readonly scheme?: string;
  /** The body of the message, without its signature. */
  readonly payload: unknown;
  /** The credentials that the application under test is configured with. Of a list, the first value signs. */
  readonly credentials: object;
  /** The time of signing, in milliseconds since the epoch. @default now */
  readonly nowMs?: number;
  /**
   * The URL of the receiver: the `url` of the route, where the provider signs it.
   *
   * @default 'https://application.test/webhook'
   */
  readonly url?: string;
}

/**
 * Makes a genuine message of a provider for a test, signed with the credentials of the test. Send `rawBody` and
 * `headers` to the route, or give the whole message to `PaymentsSignaturesService.verifyWebhook`.
 *
 * For a key that only the provider has, put a private key in PEM into the credential field, also in the application
 * under test. Its public half verifies the message.
 *
 * @throws PaymentsAuthError INVALID_OPTIONS when the scheme does not exist, only the provider can sign it, or the
 * payload lacks a field that is signed
 * @throws TypeError when a secret of the scheme is missing in `credentials`
 *
 * @example
 * ```ts
 * const { headers, rawBody } = await signedDelivery(acme, { payload: { id: 'evt_1' }, credentials });
 * await fetch(`${url}/webhooks/acme`, { method: 'POST', headers, body: Buffer.from(rawBody) });
 * ```
 */
export async function signedDelivery(
  definition: AnyProviderDefinition,
  delivery: DeliveryToSign,
): Promise<WebhookMessage> {
  const { payload, credentials, nowMs = Date.now(), url = 'https://application.test/webhook' } = delivery;
  const schemes = Object.entries(definition.webhooks ?? {});
  const name = delivery.scheme ?? schemes.find(([, each]) => each['~work']?.onlyWhenNamed !== true)?.[0];
  const work = schemes.find(([each]) => each === name)?.[1]['~work'];
  if (work === undefined)
    throw new PaymentsAuthError(
      'INVALID_OPTIONS',
      `Provider "${definition.name}" has no webhook scheme "${name ?? ''}". It has: ${schemes.map(([each]) => each).join(', ') || 'none'}.`,
      { provider: definition.name },
    );
  if (work.sign === undefined)
    throw new PaymentsAuthError(
      'INVALID_OPTIONS',
      `Only "${definition.name}" itself can sign the webhook scheme "${name}": its private key is not here.`,
      { provider: definition.name },
    );
  try {
    return work.sign({ payload, credentials: credentials as Readonly<Record<string, string>>, nowMs, url });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'Refused') throw error;
    throw new PaymentsAuthError(
      'INVALID_OPTIONS',
      `The payload lacks a field that the webhook scheme "${name}" of "${definition.name}" signs.`,
      { provider: definition.name },
    );
  }
}
