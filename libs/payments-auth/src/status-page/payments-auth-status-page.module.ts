import { type CanActivate, type DynamicModule, Module, type ModuleMetadata, type Type } from '@nestjs/common';
import { PaymentsAuthError } from '../index.js';
import { PaymentsAuthStatusPage } from './payments-auth-status-page.service.js';
import { statusPageController } from './status-page.controller.js';
import { STATUS_PAGE_GUARDS } from './status-page.guard.js';
import { StatusRecorder } from './status-recorder.service.js';

/** The path of the page, and the guards that decide who may see it. */
export interface PaymentsAuthStatusPageOptions {
  /** Below the application's own prefix. @default 'payments-auth' */
  path?: string;
  /**
   * Classes of the application that decide who may see the page. All of them have to allow the request. At least one is
   * required: an environment variable does not tell who sends a request, and behind a sidecar every request comes from
   * loopback.
   */
  guards: readonly Type<CanActivate>[];
  /** Modules that export what the guards need, where these are not global. */
  imports?: ModuleMetadata['imports'];
}

const DEFAULT_PATH = 'payments-auth';
const PATH = /^\/?[\w~-][\w.~-]*(?:\/[\w~-][\w.~-]*)*$/;

/**
 * A page for operators, in the application itself. It shows every credential with its last two minutes, the cause of
 * a problem, and what to do. It is read-only, holds no secret, and loads nothing from other servers.
 *
 * @example
 * ```ts
 * PaymentsAuthStatusPageModule.forRoot({ path: 'internal/payments-auth', guards: [OperatorsOnly] })
 * ```
 */
@Module({})
export class PaymentsAuthStatusPageModule {
  /** @throws PaymentsAuthError INVALID_OPTIONS without a guard, or with a path that is not valid */
  static forRoot(options: PaymentsAuthStatusPageOptions): DynamicModule {
    const {
      path = DEFAULT_PATH,
      guards,
      imports = [],
    } = {
      __proto__: null,
      ...options,
    } as PaymentsAuthStatusPageOptions;
    const problems = [...pathProblems(path), ...guardProblems(guards)];
    if (problems.length > 0) throw invalid(problems);
    return {
      module: PaymentsAuthStatusPageModule,
      imports,
      controllers: [statusPageController(path)],
      providers: [
        ...guards,
        StatusRecorder,
        PaymentsAuthStatusPage,
        {
          provide: STATUS_PAGE_GUARDS,
          inject: [...guards],
          useFactory: (...instances: CanActivate[]) => checked(instances),
        },
      ],
      exports: [PaymentsAuthStatusPage],
    };
  }
}

function pathProblems(path: unknown): string[] {
  return typeof path === 'string' && PATH.test(path)
    ? []
    : [
        `path: must be one such as "${DEFAULT_PATH}", of letters, digits, dots, hyphens and slashes between them`,
      ];
}

function guardProblems(guards: unknown): string[] {
  if (!Array.isArray(guards) || guards.length === 0)
    return [
      'guards: must name at least one guard class that decides who may see the page. It shows which merchants there are and what fails, and neither NODE_ENV nor the address of a request tells an operator from a stranger',
    ];
  return guards.flatMap((guard: unknown, at) =>
    typeof guard === 'function' ? [] : [`guards[${at}]: must be a class with canActivate()`],
  );
}

/** Nest ignores a guard without canActivate(), and then everybody could see the page. */
function checked(guards: readonly CanActivate[]): readonly CanActivate[] {
  const problems = guards.flatMap((guard, at) =>
    typeof (guard as Partial<CanActivate> | undefined)?.canActivate === 'function'
      ? []
      : [`guards[${at}]: must be a class with canActivate()`],
  );
  if (problems.length > 0) throw invalid(problems);
  return guards;
}

function invalid(problems: readonly string[]): PaymentsAuthError {
  return new PaymentsAuthError(
    'INVALID_OPTIONS',
    `PaymentsAuthStatusPageModule.forRoot cannot be used as it is: ${problems.join('; ')}.`,
    { problems },
  );
}
