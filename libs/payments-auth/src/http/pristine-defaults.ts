import type { AxiosDefaults, AxiosInstance } from 'axios';
import { applicationAxios } from '../application-axios.js';

const METHODS = ['delete', 'get', 'head', 'options', 'post', 'put', 'patch', 'query'] as const;

/**
 * A new axios instance with the defaults axios is delivered with.
 *
 * `axios.create` starts from the application's defaults, and an application may have put anything there: a base URL,
 * an `Authorization` header, an agent. None of these belongs on a payment, so only the defaults that axios itself
 * needs are kept.
 */
export function createPristineAxios(): AxiosInstance {
  const instance = applicationAxios.create();
  const { transitional, transformRequest, transformResponse, env } = instance.defaults;
  const pristine: Partial<AxiosDefaults> = {
    transitional,
    adapter: ['xhr', 'http', 'fetch'],
    // Only axios's own transforms are kept: the application may have added others.
    transformRequest: named('transformRequest', transformRequest),
    transformResponse: named('transformResponse', transformResponse),
    xsrfCookieName: 'XSRF-TOKEN',
    xsrfHeaderName: 'X-XSRF-TOKEN',
    maxContentLength: -1,
    maxBodyLength: -1,
    env,
    validateStatus: (status) => status >= 200 && status < 300,
    headers: {
      common: { Accept: 'application/json, text/plain, */*', 'Content-Type': undefined },
      ...Object.fromEntries(METHODS.map((method) => [method, {}])),
    } as AxiosDefaults['headers'],
  };
  // The instance reads the object that it was made with, so this object is emptied and filled again.
  for (const key of Object.keys(instance.defaults))
    delete (instance.defaults as Record<string, unknown>)[key];
  return Object.assign(instance, { defaults: Object.assign(instance.defaults, pristine) });
}

function named<T extends { name: string }>(name: string, transforms: T | T[] | undefined): T[] {
  const all = Array.isArray(transforms) ? transforms : [transforms];
  const own = all.find((transform) => transform?.name === name) ?? all[0];
  return own === undefined ? [] : [own];
}
