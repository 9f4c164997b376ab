import type { DynamicModule, Provider } from '@nestjs/common';
import type { Sandbox } from 'payments-sandbox';
import {
  type AnyProviderDefinition,
  BUILT_IN_PROVIDERS,
  type BuiltInProviderName,
  type Clock,
  PAYMENTS_AUTH_CLOCK,
  PaymentsAuthError,
  PaymentsAuthModule,
  type PaymentsAuthModuleOptions,
  PaymentsAuthService,
} from '../index.js';
import { type FixedCredentials, fixedCredentials, fixedProvider, invalidBaseUrls } from './fixed-provider.js';
import { type Answer, answerWith, unanswered } from './no-network.js';

type Providers = NonNullable<PaymentsAuthModuleOptions['providers']>;

/** The options of {@link PaymentsAuthTestingModule.forRoot}. */
export interface FixedCredentialsOptions {
  /** Built-in providers by name, and definitions of your own. */
  readonly providers: readonly (BuiltInProviderName | AnyProviderDefinition)[];
  /** Answers every request, as the provider's API would. @default a request without an answer fails, and says so */
  readonly answer?: Answer;
  /**
   * Values instead of the fixed ones, and of optional fields, by provider.
   *
   * @default `test-<provider>-<field>` for what is required, `test-<provider>-<account>-<field>` for an account
   */
  readonly credentials?: FixedCredentials;
  /** @default the system's */
  readonly clock?: Clock;
}

/** The options of {@link PaymentsAuthTestingModule.withSandbox} besides the sandbox. */
export interface WithSandboxOptions {
  /** The clock for expiry and renewals. Give the same one to `startSandbox`. @default the system's */
  readonly clock?: Clock;
  /** Further options of each provider, besides its base URLs and merchants, and further providers. */
  readonly providers?: Providers;
}

/** `PaymentsAuthModule` for tests. Import only one of the two. */
export class PaymentsAuthTestingModule {
  /**
   * Fixed credentials and no network. Requests go through the same code as in production, with destination check,
   * headers and cleaning, and end at `answer`. There is no login, and no credential expires.
   *
   * @example
   * ```ts
   * PaymentsAuthTestingModule.forRoot({
   *   providers: ['wakapay'],
   *   answer: () => Response.json({ currency: 'USD', balance: '12.00' }),
   * });
   * ```
   */
  static forRoot(options: FixedCredentialsOptions): DynamicModule {
    const { answer, credentials, clock, names } = checked(options);
    const definitions = names.map(definitionOf);
    const providers: Providers = Object.fromEntries(
      definitions.map((definition) => [
        definition.name,
        {
          provider: fixedProvider(definition),
          baseUrl: invalidBaseUrls(definition),
          credentials: fixedCredentials(definition, credentials[definition.name]),
          accounts: forAnyApplication((account) =>
            fixedCredentials(definition, credentials[definition.name], account),
          ),
        },
      ]),
    );
    return withProviders(PaymentsAuthModule.forRoot({ providers }), [
      ...driven(clock),
      howToAdd(
        (name) =>
          `Write PaymentsAuthTestingModule.forRoot({ providers: [${[...definitions.map((each) => each.name), name].map((each) => `'${each}'`).join(', ')}] }), or a definition in the place of a name.`,
      ),
      {
        provide: 'PAYMENTS_AUTH_TESTING:NO_NETWORK',
        inject: [PaymentsAuthService],
        useFactory: (paymentsAuth: PaymentsAuthService) => {
          for (const { name } of definitions) answerWith(answer, paymentsAuth.http(name), name);
          return true;
        },
      },
    ]);
  }

  /**
   * Every provider that runs in a sandbox, with its merchants and its newest keys, over real sockets. No token is
   * fetched before its first use, so that the test itself causes every token request.
   *
   * @example
   * ```ts
   * const sandbox = await startSandbox();
   * Test.createTestingModule({ imports: [PaymentsAuthTestingModule.withSandbox(sandbox)] });
   * ```
   */
  static withSandbox(sandbox: Sandbox, { clock, providers }: WithSandboxOptions = {}): DynamicModule {
    requireSandbox(sandbox);
    const running: Providers = Object.fromEntries(
      sandbox.names.map((name) => {
        const provider = sandbox.provider(name);
        return [
          name,
          {
            baseUrl: provider.baseUrls,
            credentials: () => provider.credentials,
            accounts: forAnyApplication((id) =>
              provider.accounts.includes(id) ? provider.credentialsOf(id) : undefined,
            ),
            keepWarm: 'when-used' as const,
            ...providers?.[name],
          },
        ];
      }),
    );
    return withProviders(PaymentsAuthModule.forRoot({ providers: { ...providers, ...running } }), [
      ...driven(clock),
      howToAdd(
        (name) =>
          `The sandbox does not run it: write startSandbox({ providers: [${[...sandbox.names, name].map((each) => `'${each}'`).join(', ')}] }), or give it to withSandbox(sandbox, { providers }).`,
      ),
    ]);
  }
}

/** @throws PaymentsAuthError INVALID_OPTIONS that says what to write */
function checked(options: FixedCredentialsOptions | undefined) {
  const {
    providers,
    answer = unanswered,
    credentials = {},
    clock,
  } = options ?? ({} as Partial<FixedCredentialsOptions>);
  if (!Array.isArray(providers) || providers.length === 0)
    throw wrongUse(
      "PaymentsAuthTestingModule.forRoot needs a list of providers: forRoot({ providers: ['wakapay'] }). Put their values into `credentials`.",
    );
  if (typeof answer !== 'function')
    throw wrongUse(
      'The `answer` of PaymentsAuthTestingModule.forRoot must be a function: answer: (request) => Response.json({ … }).',
    );
  return { answer, credentials, clock, names: providers as FixedCredentialsOptions['providers'] };
}

/** @throws PaymentsAuthError INVALID_OPTIONS that says what to write */
function requireSandbox(sandbox: unknown): void {
  const { names, provider, then } = (sandbox ?? {}) as Partial<Sandbox> & { readonly then?: unknown };
  if (Array.isArray(names) && typeof provider === 'function') return;
  throw wrongUse(
    typeof then === 'function'
      ? 'The sandbox is not started yet. Await it: withSandbox(await startSandbox()).'
      : 'PaymentsAuthTestingModule.withSandbox needs a running sandbox: withSandbox(await startSandbox()), from payments-sandbox.',
  );
}

function wrongUse(message: string): PaymentsAuthError {
  return new PaymentsAuthError('INVALID_OPTIONS', message);
}

/** The words for a test that uses a provider which its module does not have. */
function howToAdd(say: (name: string) => string): Provider {
  return { provide: 'PAYMENTS_AUTH:HOW_TO_ADD', useValue: say };
}

function definitionOf(choice: BuiltInProviderName | AnyProviderDefinition): AnyProviderDefinition {
  if (typeof choice === 'object' && choice !== null && 'credentials' in choice) return choice;
  const builtIn = BUILT_IN_PROVIDERS.find(({ name }) => name === choice);
  if (builtIn === undefined)
    throw wrongUse(
      `There is no built-in provider "${choice}". Give its definition instead of its name, or one of ${BUILT_IN_PROVIDERS.map(({ name }) => name).join(', ')}.`,
    );
  return builtIn;
}

/**
 * Every application has accounts here, also if it does not use them. A call may name an account, and does not have
 * to.
 */
function forAnyApplication<T>(accounts: (account: string) => T): (account: string) => T {
  return Object.assign((account: string) => accounts(account), {
    [Symbol.for('nestjs-payments-auth.takes-unnamed')]: true,
  });
}

/** Nest uses the last provider of a token. */
function withProviders(definition: DynamicModule, providers: readonly Provider[]): DynamicModule {
  return { ...definition, providers: [...(definition.providers ?? []), ...providers] };
}

function driven(clock: Clock | undefined): Provider[] {
  return clock === undefined ? [] : [{ provide: PAYMENTS_AUTH_CLOCK, useValue: clock }];
}
