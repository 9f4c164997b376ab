import type { Sandbox } from 'payments-sandbox';

/**
 * Replaces the secret manager, or the database, from which a real application reads its keys. The sandbox invents and
 * rotates the keys, and this class returns the current ones.
 */
export class SecretManager {
  readonly #sandbox: Sandbox;
  readonly #cashfin: { clientSecret: string; webhookSecret: string }[] = [];

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
  }

  /** The newest key and the one before it, newest first: some servers of a provider may not know a new key at once. */
  cashfin(): { clientSecret: string; webhookSecret: string }[] {
    const { clientSecret, webhookSecret } = this.#sandbox.provider('cashfin').credentials;
    if (this.#cashfin[0]?.clientSecret !== clientSecret)
      this.#cashfin.unshift({ clientSecret, webhookSecret });
    return this.#cashfin.slice(0, 2);
  }

  kashier(): { secretKey: string; apiKey: string } {
    const { secretKey, apiKey } = this.#sandbox.provider('kashier').credentials;
    return { secretKey, apiKey };
  }

  pesapal(): { consumerKey: string; consumerSecret: string } {
    return this.#sandbox.provider('pesapal').credentials;
  }

  clickpesa(): { clientId: string; apiKey: string; checksumKey?: string } {
    return this.#sandbox.provider('clickpesa').credentials;
  }

  wakapay(merchant?: string): { apiKey: string; apiSecret: string } {
    const wakapay = this.#sandbox.provider('wakapay');
    return merchant === undefined ? wakapay.credentials : wakapay.credentialsOf(merchant);
  }

  cryptofuse(): { clientId: string; clientSecret: string } {
    return this.#sandbox.provider('cryptofuse').credentials;
  }
}
