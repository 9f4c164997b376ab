import {
  Controller,
  Get,
  Inject,
  NotFoundException,
  Query,
  Res,
  type Type,
  UseGuards,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { isPaymentsAuthError } from '../index.js';
import { PaymentsAuthStatusPage } from './payments-auth-status-page.service.js';
import { StatusPageGuard } from './status-page.guard.js';

/** The functions that the responses of Express and Fastify have in common. */
interface Answer {
  header(name: string, value: string): unknown;
  send(body: string): unknown;
}

type Values = Readonly<Record<string, unknown>>;

const JSON_HEADERS = {
  'Content-Type': 'application/json; charset=utf-8',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * The controller of the page and its data at `path`. Its routes only read, and interceptors of the application do not
 * change its answers.
 */
export function statusPageController(path: string): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseGuards(StatusPageGuard)
  class StatusPageController {
    readonly #page: PaymentsAuthStatusPage;

    constructor(@Inject(PaymentsAuthStatusPage) page: PaymentsAuthStatusPage) {
      this.#page = page;
    }

    @Get()
    page(@Res() answer: Answer): void {
      send(answer, this.#page.headers, this.#page.html);
    }

    @Get('status.json')
    async status(@Query() query: Values, @Res() answer: Answer): Promise<void> {
      const filter = Object.fromEntries(
        ['provider', 'account', 'search'].flatMap((name) => {
          const value = textOf(query, name);
          return value === undefined ? [] : [[name, value]];
        }),
      );
      const troubled = textOf(query, 'troubled') !== undefined;
      send(answer, JSON_HEADERS, JSON.stringify(await this.#page.snapshot({ ...filter, troubled })));
    }

    @Get('explain.json')
    async explain(@Query() query: Values, @Res() answer: Answer): Promise<void> {
      const [provider, account] = [textOf(query, 'provider'), textOf(query, 'account')];
      if (provider === undefined) throw new NotFoundException('Name a provider: explain.json?provider=…');
      try {
        const explanation = await this.#page.explain(provider, account);
        const whose = { provider, ...(account === undefined ? {} : { account }) };
        const beside = this.#page.troublesBeside(provider);
        send(answer, JSON_HEADERS, JSON.stringify({ ...whose, explanation, ...beside }));
      } catch (error) {
        if (!isPaymentsAuthError(error)) throw error;
        // The words of the error are for the developer who makes a call, and here an operator asks.
        if (error.code === 'ACCOUNT_UNKNOWN' && account === undefined)
          throw new NotFoundException(
            `Provider "${provider}" has accounts, and none of its own. Name one: ${provider}/ACCOUNT.`,
          );
        throw new NotFoundException(error.message);
      }
    }
  }
  return StatusPageController;
}

function send(answer: Answer, headers: Readonly<Record<string, string>>, body: string): void {
  for (const [name, value] of Object.entries(headers)) answer.header(name, value);
  answer.send(body);
}

function textOf(query: Values, name: string): string | undefined {
  const value = query[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
