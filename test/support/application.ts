import { inspect } from 'node:util';
import type { INestApplication, LoggerService, ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  type Clock,
  PAYMENTS_AUTH_CLOCK,
  PaymentsAuthModule,
  type PaymentsAuthModuleOptions,
  PaymentsAuthService,
  type ProviderChoice,
} from 'nestjs-payments-auth';

/** The logged lines, by level, without colours and timestamps. */
export class LogLines implements LoggerService {
  readonly lines: { level: string; context: string; message: string }[] = [];

  log = this.#at('log');
  warn = this.#at('warn');
  error = this.#at('error');
  debug = this.#at('debug');
  verbose = this.#at('verbose');

  /** The messages of one level, and of one context where that is given. */
  of(level: string, context?: string): string[] {
    return this.lines
      .filter((line) => line.level === level && (context === undefined || line.context === context))
      .map(({ message }) => message);
  }

  #at(level: string) {
    return (message: unknown, ...parameters: unknown[]) => {
      const context = parameters.at(-1);
      this.lines.push({
        level,
        context: typeof context === 'string' ? context : '',
        message: typeof message === 'string' ? message : inspect(message),
      });
    };
  }
}

/** The options of a test's application. Without them it is the smallest one. */
export interface ApplicationSettings extends Pick<ModuleMetadata, 'imports' | 'providers' | 'controllers'> {
  /** The clock for expiry and renewals. @default the system's */
  readonly clock?: Clock;
  /** @default a logger that no test reads */
  readonly logger?: LoggerService;
  /** The environment while the application starts; nothing else of these names is set. @default none */
  readonly variables?: Readonly<Record<string, string>>;
}

/** A running application with the module in it. */
export interface TestApplication {
  readonly app: INestApplication;
  readonly paymentsAuth: PaymentsAuthService;
  readonly logger: LoggerService;
  readonly close: () => Promise<void>;
}

const VARIABLES = /^(CASHFIN|KASHIER|PESAPAL|CLICKPESA|WAKAPAY|CRYPTOFUSE)_/;

/** Starts an application that imports `PaymentsAuthModule.forRoot(options)`; it listens on no port. */
export async function startApplication<const P extends { readonly [N in keyof P]: ProviderChoice }>(
  options?: PaymentsAuthModuleOptions<P>,
  settings: ApplicationSettings = {},
): Promise<TestApplication> {
  return startModules([PaymentsAuthModule.forRoot(options)], settings);
}

/** Starts an application with these modules. */
export async function startModules(
  imports: NonNullable<ModuleMetadata['imports']>,
  settings: ApplicationSettings = {},
): Promise<TestApplication> {
  const { clock, logger = new LogLines(), variables = {}, providers = [], controllers = [] } = settings;
  const restore = setVariables(variables);
  try {
    const builder = Test.createTestingModule({
      imports: [...imports, ...(settings.imports ?? [])],
      providers,
      controllers,
    });
    if (clock !== undefined) builder.overrideProvider(PAYMENTS_AUTH_CLOCK).useValue(clock);
    const module = await builder.setLogger(logger).compile();
    const app = module.createNestApplication({ logger, rawBody: true });
    await app.init();
    return { app, paymentsAuth: app.get(PaymentsAuthService), logger, close: () => app.close() };
  } finally {
    restore();
  }
}

/** Removes the variables of providers that this machine has, so that no test depends on them. */
function setVariables(variables: Readonly<Record<string, string>>): () => void {
  const before = { ...process.env };
  for (const name of Object.keys(process.env)) if (VARIABLES.test(name)) delete process.env[name];
  Object.assign(process.env, variables);
  return () => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  };
}
