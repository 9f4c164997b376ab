import { randomUUID } from 'node:crypto';
import { BadGatewayException, Controller, Get, Inject, NotFoundException, Param, Post } from '@nestjs/common';
import { type CredentialStatus, isPaymentsAuthError, PaymentsAuthService } from 'nestjs-payments-auth';
import { firstValueFrom, type Observable } from 'rxjs';
import type { AxiosResponse } from 'axios';
import type { PaymentAction } from '../payments/payment-action.js';
import { PAYMENT_ACTIONS } from '../payments/payments.module.js';

/** The result of a call. */
export interface CallResult {
  status: number;
  replayed: boolean;
  data: unknown;
}

@Controller()
export class DemoController {
  constructor(
    @Inject(PAYMENT_ACTIONS) private readonly actions: readonly PaymentAction[],
    private readonly paymentsAuth: PaymentsAuthService,
  ) {}

  @Get('status')
  status(): CredentialStatus[] {
    return this.paymentsAuth.status();
  }

  @Get('providers/:provider/read')
  read(@Param('provider') provider: string): Promise<CallResult> {
    return this.#result(this.#action(provider).read());
  }

  @Post('providers/:provider/pay')
  pay(@Param('provider') provider: string): Promise<CallResult> {
    return this.#result(this.#action(provider).pay(`demo-${randomUUID()}`));
  }

  #action(provider: string): PaymentAction {
    const action = this.actions.find((each) => each.provider === provider);
    if (action !== undefined) return action;
    const known = this.actions.map((each) => each.provider).join(', ');
    throw new NotFoundException(`There is no provider "${provider}". There are ${known}.`);
  }

  async #result(call: Observable<AxiosResponse<unknown>>): Promise<CallResult> {
    try {
      const { status, data, paymentsAuth } = await firstValueFrom(call);
      return { status, replayed: paymentsAuth?.replayed ?? false, data };
    } catch (error) {
      const code = isPaymentsAuthError(error) ? `${error.code}: ` : '';
      throw new BadGatewayException(`${code}${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
