import { EventEmitter, once } from 'node:events';
import {
  CredentialRegistry,
  type CredentialRegistryOptions,
} from '../../libs/payments-auth/src/credentials/credential.registry.js';
import type { PaymentsAuthEvent } from '../../libs/payments-auth/src/credentials/payments-auth-event.js';
import type {
  ConfiguredProvider,
  CredentialsSource,
} from '../../libs/payments-auth/src/providers/configured-provider.js';
import type { ProviderDefinition } from '../../libs/payments-auth/src/providers/provider-definition.js';
import { AxiosTokenTransport } from '../../libs/payments-auth/src/strategies/axios-token-transport.js';
import type { Credentials, TokenStrategy } from '../../libs/payments-auth/src/strategies/strategy.js';
import { ManualClock } from '../../libs/payments-auth/src/testing/manual-clock.js';
import { configuredProvider } from './configured-provider.js';
import { quiet } from './waiting.js';
import { type Handler, json, type LoopbackServer, startLoopbackServer } from './loopback-server.js';

/** A provider in few words: a JSON login whose answer says how long its token lives. */
export const LOGIN_STRATEGY: TokenStrategy = {
  kind: 'login',
  path: '/token',
  documentedLifetimeMs: 3_600_000,
  limits: [],
  loginsEatQuota: false,
  usableAfterMs: 0,
  endsEarlierToken: false,
  request: ({ credentials: { key, secret }, scopes }) => ({
    method: 'POST',
    path: '/token',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key, secret, scopes }),
  }),
  read: ({ status, body }) => {
    const { token, expiresInMs, error } = (body ?? {}) as Record<string, unknown>;
    if (status === 401) return { outcome: 'rejected', reason: String(error) };
    if (typeof token !== 'string') return { outcome: 'unavailable', reason: `HTTP ${status}` };
    return {
      outcome: 'issued',
      token,
      lifetime: { lifetimeMs: Number(expiresInMs), from: 'relative' },
    };
  },
  revoke: ({ token }) => ({ method: 'POST', path: '/revoke', headers: {}, body: token }),
};

const ACME: ProviderDefinition = {
  name: 'acme',
  title: 'Acme',
  docs: 'https://acme.test/docs',
  environments: { live: 'https://acme.test' },
  credentials: { key: {}, secret: {} },
  headers: ({ token }) => ({ authorization: `Bearer ${token}` }),
  refusal: { refused: ({ status }) => status === 401, bare401: true },
};

export const LOGIN_DEFINITION: ProviderDefinition = { ...ACME, token: LOGIN_STRATEGY };

export const KEY_DEFINITION: ProviderDefinition = {
  ...ACME,
  name: 'keyed',
  credentials: { key: {}, extra: { optional: true } },
  headers: ({ credentials }) => ({ authorization: credentials['key'] as string }),
};

export const SECRET: Credentials = { key: 'test-key', secret: 'test-secret-not-real' };

type Resolve = (account: string) => ReturnType<CredentialsSource['resolve']>;

/** Credentials that stay as they are. */
export function fixed(resolve: Resolve): CredentialsSource {
  return { resolve, isDynamic: false, ttlMs: 300_000 };
}

/** Credentials that a function returns, and that can change between two calls. */
export function changing(resolve: Resolve): CredentialsSource {
  return { ...fixed(resolve), isDynamic: true };
}

/** Acme with a login. Parts that a test does not give have default values. */
export function configured(parts: Partial<ConfiguredProvider> = {}): ConfiguredProvider {
  return configuredProvider({ definition: LOGIN_DEFINITION, ...parts });
}

/** A request to the token endpoint. */
export interface Login {
  readonly key: string;
  readonly secret: string;
  readonly scopes: readonly string[];
}

export interface CredentialBed {
  readonly clock: ManualClock;
  readonly server: LoopbackServer;
  readonly registry: CredentialRegistry;
  readonly events: PaymentsAuthEvent[];
  /** The requests to the token endpoint, in the order of their arrival. */
  readonly logins: Login[];
  eventsOf<T extends PaymentsAuthEvent['type']>(type: T): Extract<PaymentsAuthEvent, { type: T }>[];
  /** Sets the answers of the token endpoint from now on. */
  answer: (login: Login, index: number, response: Parameters<Handler>[1]) => void | Promise<void>;
  /** Moves the clock to the time of the next renewal, and runs the scheduler. */
  runNextRenewal(): Promise<void>;
  close(): Promise<void>;
}

/** Issues token after token: `t1`, `t2`, …, each for `lifetimeMs`. */
export function issuing(lifetimeMs: number): CredentialBed['answer'] {
  return (_, index, response) => json(response, 200, { token: `t${index}`, expiresInMs: lifetimeMs });
}

/** A registry over one provider with a real token endpoint on loopback, and a clock that the test moves. */
export async function startCredentialBed(
  parts: Partial<ConfiguredProvider> = {},
  options: Partial<CredentialRegistryOptions> = {},
): Promise<CredentialBed> {
  const clock = new ManualClock();
  const logins: Login[] = [];
  const events: PaymentsAuthEvent[] = [];
  const server = await startLoopbackServer((request, response) => {
    if (request.url !== '/token') return void response.writeHead(200).end();
    const login = JSON.parse(request.body.toString()) as Login;
    logins.push(login);
    return bed.answer(login, logins.length, response);
  });
  const own = parts.accounts === undefined ? { own: fixed(() => [SECRET]) } : {};
  const provider = configured({ hosts: { api: server.url }, ...own, ...parts });
  const registry = new CredentialRegistry([provider], {
    clock,
    transport: () => new AxiosTokenTransport({ clock }),
    emit: (event) => events.push(event),
    ...options,
  });
  const bed: CredentialBed = {
    clock,
    server,
    registry,
    events,
    logins,
    eventsOf: (type) => events.filter((event) => event.type === type) as never,
    answer: issuing(3_600_000),
    runNextRenewal: async () => {
      const { length: before } = logins;
      // The first time can be that of the end of a predecessor. Then the scheduler makes no request.
      for (let wakes = 0; wakes < 2 && logins.length === before; wakes += 1) {
        await clock.advance(Math.ceil(registry.renewals.nextDueInMs() ?? 0) + 1);
        registry.renewals.runDue();
        await quiet();
      }
    },
    close: async () => {
      registry.close();
      await server.close();
    },
  };
  return bed;
}

/** An answer that waits for its release. */
export function held(answer: CredentialBed['answer']): {
  answer: CredentialBed['answer'];
  release: () => void;
} {
  const gate = new EventEmitter();
  const released = once(gate, 'open');
  return {
    answer: async (login, index, response) => {
      await released;
      await answer(login, index, response);
    },
    release: () => void gate.emit('open'),
  };
}

// The specs of credentials send their token requests here.
export { failure, quiet, until } from './waiting.js';
