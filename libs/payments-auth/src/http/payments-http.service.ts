import { HttpService } from '@nestjs/axios';
import type { InternalAxiosRequestConfig } from 'axios';
import type { CredentialSpenders } from '../credentials/credential-spender.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import type { ExchangeEnvironment } from './attempt.js';
import { ownConfig } from './attempt-config.js';
import { Exchange } from './exchange.js';
import { unsentFailure } from './call-failure.js';
import { createPristineAxios } from './pristine-defaults.js';
import { settledRequest } from './settled-request.js';
import { MOST_ANSWER_BYTES, sealAgents, splitSettings } from './transport-settings.js';

/** By default, axios waits without a limit. */
const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * The `HttpService` of one provider. It has the class of `@nestjs/axios`, and is used like any other. Requests
 * through it are authenticated; the application's own axios is neither used nor touched (R21).
 */
export function createPaymentsHttpService(
  provider: ConfiguredProvider,
  spenders: CredentialSpenders,
  environment: ExchangeEnvironment,
): HttpService {
  const { visible, transport } = splitSettings(provider.http());
  const instance = createPristineAxios();
  const { headers, ...settings } = visible;
  Object.assign(
    instance.defaults,
    { timeout: DEFAULT_TIMEOUT_MS, maxContentLength: MOST_ANSWER_BYTES },
    settings,
    {
      baseURL: provider.hosts[provider.defaultHost],
    },
  );
  Object.assign(instance.defaults.headers, headers);

  const exchange = new Exchange(provider, spenders, transport, environment);
  const onInvalid = (error: unknown) => {
    const failure = unsentFailure(error);
    if (failure !== undefined) spenders.unsent(undefined, failure);
  };
  instance.interceptors.request.use(
    (config) => install(exchange, config, provider.name, onInvalid),
    undefined,
    { synchronous: true },
  );
  return new HttpService(instance);
}

/** A key on the adapter that this library installs. Its value is the adapter inside it. */
const INNER = Symbol('the adapter of the caller');

interface InstalledAdapter {
  (config: InternalAxiosRequestConfig): ReturnType<Exchange['send']>;
  [INNER]?: { readonly adapter: InternalAxiosRequestConfig['adapter'] };
}

/** Puts the exchange around the adapter of one call. If an exchange is there already, it is taken off first. */
function install(
  exchange: Exchange,
  handed: InternalAxiosRequestConfig,
  provider: string,
  onInvalid: (error: unknown) => void,
): InternalAxiosRequestConfig {
  const config = ownConfig(handed);
  const given = config.adapter as InstalledAdapter | undefined;
  const adapter = given?.[INNER] === undefined ? config.adapter : given[INNER].adapter;
  const installed: InstalledAdapter = (sent) => {
    const final = ownConfig(sent);
    try {
      if (final.paymentsAuth !== undefined) final.paymentsAuth = settledRequest(provider, final.paymentsAuth);
    } catch (error) {
      onInvalid(error);
      return Promise.reject(error);
    }
    return exchange.send(final, adapter);
  };
  installed[INNER] = { adapter };
  config.adapter = installed;
  // The agents are sealed now, and not when the call is sent: a call can fail before that, and agents show what other
  // calls carry.
  sealAgents(config);
  return config;
}
