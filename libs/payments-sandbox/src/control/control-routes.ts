import { checkFields, InvalidInputError, isNumber, isText, optional } from '../core/checks.js';
import { checkSettings } from '../core/provider-settings.js';
import { checkMisbehaviour } from '../faults/check-misbehaviour.js';
import type { SandboxProvider } from '../sandbox-provider.js';
import { checkWebhookOptions } from '../signing/check-webhook-options.js';
import { type ControlledSandbox, providerState, sandboxState } from './state.js';

/** One route of the control API. */
export interface ControlRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** `:provider` stands for the name of a provider. A route that changes something also takes `all`. */
  readonly path: string;
  /** One line that explains the route. `GET /` prints it. */
  readonly does: string;
  run(call: ControlCall): unknown;
}

interface ControlCall {
  readonly sandbox: ControlledSandbox;
  /** The providers that the path names. All of them where it names none. */
  readonly providers: readonly SandboxProvider[];
  readonly query: URLSearchParams;
  /** The JSON in the body; an empty object without one. */
  readonly body: unknown;
}

/** A route for one provider or for `all`. The answer has one entry for each provider. */
function perProvider(
  method: ControlRoute['method'],
  action: string,
  does: string,
  run: (provider: SandboxProvider, call: ControlCall) => unknown,
): ControlRoute {
  return {
    method,
    path: `/providers/:provider${action}`,
    does,
    run: async (call) => {
      const answers = call.providers.map(
        async (provider) => [provider.name, await run(provider, call)] as const,
      );
      return Object.fromEntries(await Promise.all(answers));
    },
  };
}

const ACCOUNT = { account: optional(isText) };

function accountOf(body: unknown): string | undefined {
  checkFields(body, ACCOUNT);
  return body['account'] as string | undefined;
}

export const CONTROL_ROUTES: readonly ControlRoute[] = [
  {
    method: 'GET',
    path: '/state',
    does: 'all of the state: providers, faults, settings, counts',
    run: ({ sandbox }) => sandboxState(sandbox),
  },
  {
    method: 'GET',
    path: '/environment',
    does: 'the environment variables that an application needs',
    run: ({ sandbox }) => sandbox.environment,
  },
  {
    method: 'POST',
    path: '/reset',
    does: 'ends faults, clears counts and log, and restores the settings of the start',
    run: ({ sandbox }) => {
      sandbox.reset();
      return sandboxState(sandbox);
    },
  },
  perProvider('GET', '', 'the state of one provider', (provider) => providerState(provider)),
  perProvider('GET', '/requests', 'the latest requests; ?limit=50', (provider, { query }) => {
    const limit = Number(query.get('limit') ?? 50);
    return Number.isSafeInteger(limit) && limit > 0 ? provider.requests.slice(-limit) : [];
  }),
  perProvider('GET', '/executions', 'how often each payment key was executed', (provider) =>
    Object.fromEntries(provider.executions),
  ),
  perProvider(
    'POST',
    '/faults',
    'plans a fault: {"fault":"slow","delayMs":500,"times":3,"account":"shop-2"}',
    (provider, { body }) => {
      provider.misbehave(checkMisbehaviour(body));
      return provider.faults;
    },
  ),
  perProvider('DELETE', '/faults', 'ends every fault', (provider) => {
    provider.behave();
    return provider.faults;
  }),
  perProvider('PATCH', '/settings', 'changes settings: {"tokensRefusedForMs":300}', (provider, { body }) => {
    provider.configure(checkSettings(body));
    return provider.settings;
  }),
  perProvider('POST', '/expire', 'lets every token (of an account) expire', (provider, { body }) => ({
    ended: provider.expireTokens(accountOf(body)),
  })),
  perProvider('POST', '/revoke', 'revokes every token (of an account)', (provider, { body }) => ({
    ended: provider.revokeTokens(accountOf(body)),
  })),
  perProvider('GET', '/refresh-tokens', 'every refresh token, and how often it was used', (provider) => [
    ...provider.refreshTokens,
  ]),
  perProvider('POST', '/revoke-refresh-token', "takes a merchant's consent back", (provider, { body }) => {
    provider.revokeRefreshToken(accountOf(body));
    return provider.refreshTokens;
  }),
  perProvider(
    'POST',
    '/rotate',
    'gives an account a new key: {"oldWorksForMs":0,"account":"own"}',
    (provider, { body }) => {
      checkFields(body, {
        ...ACCOUNT,
        oldWorksForMs: optional(isNumber(0)),
        newWorksAfterMs: optional(isNumber(0)),
      });
      return provider.rotate(body);
    },
  ),
  perProvider(
    'POST',
    '/suspend',
    'refuses every call of an account, although its logins succeed',
    (provider, { body }) => {
      provider.suspend(accountOf(body));
      return { suspended: true };
    },
  ),
  perProvider('POST', '/resume', 'ends the suspension of an account', (provider, { body }) => {
    provider.resume(accountOf(body));
    return { suspended: false };
  }),
  perProvider('POST', '/accounts', 'adds a merchant: {"account":"shop-2"}', (provider, { body }) => {
    checkFields(body, { account: isText });
    return provider.addAccount(body['account'] as string);
  }),
  perProvider(
    'POST',
    '/webhook',
    'sends a webhook: {"url":"http://127.0.0.1:3000/hook","forge":"wrong-key"}',
    sendWebhook,
  ),
  perProvider('POST', '/reset', 'does what /reset does, for one provider', (provider) => {
    provider.reset();
    return providerState(provider);
  }),
];

/** Finds the route, and the providers that it concerns. */
export function routeOf(
  sandbox: ControlledSandbox,
  method: string,
  path: string,
): { route: ControlRoute; providers: readonly SandboxProvider[] } | undefined {
  const [, name] = /^\/providers\/([^/]+)/.exec(path) ?? [];
  const pattern = name === undefined ? path : path.replace(name, ':provider');
  const route = CONTROL_ROUTES.find((known) => known.method === method && known.path === pattern);
  if (route === undefined) return undefined;
  if (name === undefined || name === 'all') return { route, providers: sandbox.running };
  const providers = sandbox.running.filter((provider) => provider.name === name);
  if (providers.length > 0) return { route, providers };
  const names = sandbox.running.map((provider) => provider.name).join(', ');
  throw new InvalidInputError([`provider must be one of ${names}, or all`]);
}

function sendWebhook(provider: SandboxProvider, { body }: ControlCall): Promise<unknown> {
  const { url, ...options } = checkWebhookOptions(body);
  return provider.sendWebhook(url, options);
}
