import { HttpService } from '@nestjs/axios';
import type {
  AxiosInstance,
  AxiosInterceptorManager,
  AxiosRequestConfig,
  InternalAxiosRequestConfig,
} from 'axios';
import { applicationAxios } from '../application-axios.js';
import { type AccountName, OWN_ACCOUNT } from '../credentials/credential.service.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import { settledRequest } from './settled-request.js';

/**
 * The `HttpService` of a provider, bound to one account: every call through it is a call of that account. It shares
 * the settings, interceptors and connections of the service that it is made from, and takes almost no memory.
 *
 * @param onInvalid called for a call that is not sent, because it names another account or has a mistake in
 *   `paymentsAuth`
 */
export function boundHttpService(
  base: HttpService,
  provider: string,
  account: AccountName,
  onInvalid: (error: unknown) => void,
): HttpService {
  const { axiosRef } = base;
  // The instance is made as axios makes its own, and shares the defaults of the other service.
  const context = new applicationAxios.Axios(axiosRef.defaults as AxiosRequestConfig);
  const methods = Object.getOwnPropertyNames(applicationAxios.Axios.prototype)
    .filter((name) => name !== 'constructor')
    .map((name) => [name, (context as never as Record<string, () => unknown>)[name]?.bind(context)]);
  const instance = Object.assign(context.request.bind(context), Object.fromEntries(methods), {
    defaults: context.defaults,
    interceptors: context.interceptors,
  }) as AxiosInstance;
  const { request, response } = context.interceptors as unknown as Interceptors;
  const inherited = axiosRef.interceptors as unknown as Interceptors;
  // The first request interceptor in the list runs last. So no interceptor changes the account after `bind`.
  precede(request, (each) => {
    each({ fulfilled: (config) => bind(config, provider, account, onInvalid), synchronous: true });
    inherited.request.forEach(each);
  });
  precede(response, (each) => inherited.response.forEach(each));
  return new HttpService(instance);
}

/** The part of axios's interceptors that axios itself uses, although its types do not name it. */
interface Handler {
  readonly fulfilled?: (config: InternalAxiosRequestConfig) => InternalAxiosRequestConfig;
  readonly synchronous?: boolean;
}
type Manager = AxiosInterceptorManager<never> & { forEach(visit: (handler: Handler) => void): void };
interface Interceptors {
  readonly request: Manager;
  readonly response: Manager;
}

function precede(manager: Manager, first: (visit: (handler: Handler) => void) => void): void {
  const own = manager.forEach.bind(manager);
  manager.forEach = (visit) => {
    first(visit);
    own(visit);
  };
}

function bind(
  config: InternalAxiosRequestConfig,
  provider: string,
  account: AccountName,
  onInvalid: (error: unknown) => void,
): InternalAxiosRequestConfig {
  const { paymentsAuth } = config;
  try {
    const said = paymentsAuth === undefined ? undefined : settledRequest(provider, paymentsAuth);
    if (said !== undefined && Object.hasOwn(said, 'account') && said.account !== account)
      throw namesAnother(provider, account);
    config.paymentsAuth = { ...said, account: account as string };
  } catch (error) {
    // axios 1.20 does not end a call with the error that a synchronous interceptor throws. So the adapter throws it.
    config.adapter = async () => {
      onInvalid(error);
      throw error;
    };
  }
  return config;
}

function namesAnother(provider: string, account: AccountName): PaymentsAuthError {
  const bound = account === OWN_ACCOUNT ? "the provider's own account" : `account "${String(account)}"`;
  return new PaymentsAuthError(
    'INVALID_REQUEST',
    `This HttpService of provider "${provider}" is bound to ${bound}, and the call names another one. Leave paymentsAuth.account out, or use the unbound service.`,
    {
      provider,
      reason: 'a call of a service that is bound to one account names another one',
      ...(typeof account === 'string' ? { account } : {}),
    },
  );
}
