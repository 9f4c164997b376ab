import type { HttpService } from '@nestjs/axios';
import { firstValueFrom } from 'rxjs';
import type { WebhookDelivery } from './webhook-delivery.js';

/** The headers of a delivery, and the names that PayPal uses for them in its check. */
const ASKED_WITH = {
  auth_algo: 'paypal-auth-algo',
  cert_url: 'paypal-cert-url',
  transmission_id: 'paypal-transmission-id',
  transmission_sig: 'paypal-transmission-sig',
  transmission_time: 'paypal-transmission-time',
} as const;

/**
 * Asks PayPal whether a webhook, with its body, is its own. The check of the route proves the sender and not the
 * payload, because PayPal signs only a CRC-32 of the body. Events of PayPal's simulator are not confirmed.
 *
 * @param http the `HttpService` of the provider `paypal`
 * @param delivery the delivery from `@VerifiedDelivery()`, of the provider `paypal`
 * @param webhookId the id of the webhook at PayPal, of the same app and mode as `http`
 * @returns whether PayPal says `SUCCESS`; `false` without a call where a header is missing or the body is no JSON
 * @throws the error of the call, when PayPal cannot be reached: then it is not known whether the webhook is genuine
 * @see https://developer.paypal.com/api/rest/webhooks/rest/
 *
 * @example
 * ```ts
 * if (!(await confirmPaypalWebhook(http, delivery, webhookId))) throw new UnauthorizedException();
 * ```
 */
export async function confirmPaypalWebhook(
  http: HttpService,
  delivery: Pick<WebhookDelivery, 'rawBody' | 'headers'>,
  webhookId: string,
): Promise<boolean> {
  const parts = Object.entries(ASKED_WITH).map(([name, header]) => [name, delivery.headers[header]] as const);
  const event = jsonText(delivery.rawBody);
  if (event === undefined || parts.some(([, value]) => value === undefined)) return false;
  // The event is sent as the text that was received. PayPal compares it with the event that it has signed, and a
  // number in another spelling would not match.
  const asked = JSON.stringify({ ...Object.fromEntries(parts), webhook_id: webhookId });
  const { data } = await firstValueFrom(
    http.post<{ verification_status?: string }>(
      '/v1/notifications/verify-webhook-signature',
      `${asked.slice(0, -1)},"webhook_event":${event}}`,
      { headers: { 'Content-Type': 'application/json' } },
    ),
  );
  return data.verification_status === 'SUCCESS';
}

/** The body, where it is exactly one JSON value. Any other text could change the question that PayPal is asked. */
function jsonText(rawBody: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(rawBody);
    JSON.parse(text);
    return text;
  } catch {
    return undefined;
  }
}
