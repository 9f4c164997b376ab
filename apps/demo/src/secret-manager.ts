import type { Sandbox } from 'payments-sandbox';

/**
 * Stands for the secret manager that a real application reads its keys from: newest first, the one before it beside it,
 * so that both can be tried while a rotation spreads.
 */
export class SecretManager {
  readonly #sandbox: Sandbox;
  readonly #cashfin: { clientSecret: string }[] = [];

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
  }

  cashfin(): { clientSecret: string }[] {
    const { clientSecret } = this.#sandbox.provider('cashfin').credentials;
    if (this.#cashfin[0]?.clientSecret !== clientSecret) this.#cashfin.unshift({ clientSecret });
    return this.#cashfin.slice(0, 2);
  }

  kashier(): { secretKey: string; apiKey: string } {
    const { secretKey, apiKey } = this.#sandbox.provider('kashier').credentials;
    return { secretKey, apiKey };
  }
}
