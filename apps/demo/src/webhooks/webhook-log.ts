import { Injectable } from '@nestjs/common';
import type { WebhookDelivery } from 'nestjs-payments-auth';

/** The latest message of each provider that reached a handler. */
@Injectable()
export class WebhookLog {
  readonly #latest = new Map<string, WebhookDelivery>();

  handled(delivery: WebhookDelivery): void {
    this.#latest.set(delivery.provider, delivery);
  }

  latest(provider: string): WebhookDelivery | undefined {
    return this.#latest.get(provider);
  }
}
