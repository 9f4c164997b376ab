import {
  Controller,
  Get,
  HttpCode,
  Inject,
  NotFoundException,
  Param,
  Post,
  Query,
  Res,
  UseGuards,
} from '@nestjs/common';
import { PaymentsAuthStatusPage } from 'nestjs-payments-auth/status-page';
import type { Sandbox } from 'payments-sandbox';
import type { PaymentAction } from '../payments/payment-action.js';
import { EVERY_ACTION, SANDBOX } from '../sandbox.tokens.js';
import { type DemoSnapshot, demoSnapshot } from './demo-snapshot.js';
import { OnThisMachine } from './on-this-machine.guard.js';
import { BUTTONS, isButton } from './sandbox-buttons.js';

interface Answer {
  header(name: string, value: string): unknown;
  send(body: string): unknown;
}

/** The status page of the library, with buttons for the sandbox. */
@Controller()
@UseGuards(OnThisMachine)
export class PageController {
  constructor(
    private readonly statusPage: PaymentsAuthStatusPage,
    @Inject(SANDBOX) private readonly sandbox: Sandbox,
    @Inject(EVERY_ACTION) private readonly actions: readonly PaymentAction[],
  ) {}

  @Get()
  page(@Res() answer: Answer): void {
    for (const [name, value] of Object.entries(this.statusPage.headers)) answer.header(name, value);
    answer.send(this.statusPage.html);
  }

  @Get('status.json')
  async status(
    @Query('search') search?: string,
    @Query('troubled') troubled?: string,
  ): Promise<DemoSnapshot> {
    const snapshot = await this.statusPage.snapshot({
      ...(typeof search === 'string' ? { search } : {}),
      troubled: troubled !== undefined,
    });
    return demoSnapshot(snapshot, this.sandbox, this.actions);
  }

  @Post('sandbox/:provider/:button')
  @HttpCode(204)
  press(@Param('provider') provider: string, @Param('button') button: string): void {
    const name = this.sandbox.names.find((each) => each === provider);
    if (name === undefined || !isButton(button)) {
      const buttons = Object.keys(BUTTONS).join(', ');
      throw new NotFoundException(`There is no ${provider}/${button}. Buttons are ${buttons}.`);
    }
    BUTTONS[button].press(this.sandbox.provider(name));
  }
}
