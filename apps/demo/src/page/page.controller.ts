import { readFileSync } from 'node:fs';
import {
  Controller,
  Get,
  Header,
  HttpCode,
  Inject,
  type MessageEvent,
  NotFoundException,
  Param,
  Post,
  Sse,
} from '@nestjs/common';
import type { Sandbox } from 'payments-sandbox';
import { interval, map, type Observable, startWith } from 'rxjs';
import { SANDBOX } from '../sandbox.tokens.js';
import { LiveView } from './live-view.js';
import { BUTTONS, isButton } from './sandbox-buttons.js';

/** How often the page hears how things are. */
const EVERY_MS = 500;

@Controller()
export class PageController {
  readonly #page = readFileSync(new URL('./page.html', import.meta.url), 'utf8');

  constructor(
    private readonly view: LiveView,
    @Inject(SANDBOX) private readonly sandbox: Sandbox,
  ) {}

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(): string {
    return this.#page;
  }

  @Sse('live')
  live(): Observable<MessageEvent> {
    return interval(EVERY_MS).pipe(
      startWith(0),
      map(() => ({ data: this.view.rows() })),
    );
  }

  @Post('sandbox/:provider/:button')
  @HttpCode(204)
  press(@Param('provider') provider: string, @Param('button') button: string): void {
    const name = this.sandbox.names.find((each) => each === provider);
    if (name === undefined || !isButton(button)) {
      const buttons = Object.keys(BUTTONS).join(', ');
      throw new NotFoundException(`There is no ${provider}/${button}. Buttons are ${buttons}.`);
    }
    BUTTONS[button](this.sandbox.provider(name));
  }
}
