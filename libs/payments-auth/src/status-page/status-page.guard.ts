import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { isObservable, lastValueFrom } from 'rxjs';

/** The guards of the application, made and checked. */
export const STATUS_PAGE_GUARDS = 'PAYMENTS_AUTH:STATUS_PAGE_GUARDS';

/** Asks every guard of the application. A request is let in only when all of them let it in. */
@Injectable()
export class StatusPageGuard implements CanActivate {
  readonly #guards: readonly CanActivate[];

  /** @param guards at least one */
  constructor(@Inject(STATUS_PAGE_GUARDS) guards: readonly CanActivate[]) {
    this.#guards = guards;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    for (const guard of this.#guards) {
      const answer = await guard.canActivate(context);
      // A guard without types may return anything. Only `true` lets a request in.
      const letsIn: unknown = isObservable(answer)
        ? await lastValueFrom(answer, { defaultValue: false })
        : answer;
      if (letsIn !== true) return false;
    }
    return this.#guards.length > 0;
  }
}
