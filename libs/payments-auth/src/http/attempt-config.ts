import { define } from '../own-properties.js';
import type { InternalAxiosRequestConfig } from 'axios';
import { applicationAxios } from '../application-axios.js';

/** Like axios's own configs, it has `hasOwnProperty`, on which callers rely, and inherits nothing else. */
const CONFIG_PROTOTYPE: object = Object.freeze(
  define(Object.create(null) as object, 'hasOwnProperty', {
    value: (Object.prototype as { hasOwnProperty: unknown }).hasOwnProperty,
  }),
);

/**
 * A config that inherits nothing, like those that axios makes. An interceptor may have put a plain object in its
 * place. From a plain object, values of a polluted `Object.prototype` would be read: a proxy, or another merchant's
 * account.
 */
export function ownConfig(config: InternalAxiosRequestConfig): InternalAxiosRequestConfig {
  return Object.getPrototypeOf(config) === null ? config : startAttempt(config);
}

/** The config of one attempt: a copy of the call's config, with the secret parts. Only the adapter gets it. */
export function startAttempt(config: InternalAxiosRequestConfig): InternalAxiosRequestConfig {
  const attempt = Object.create(CONFIG_PROTOTYPE) as Record<string, unknown>;
  // A spread would take four times as long.
  for (const key of Object.keys(config)) attempt[key] = (config as unknown as Record<string, unknown>)[key];
  return attempt as unknown as InternalAxiosRequestConfig;
}

/**
 * Puts the credential on the attempt. Where the caller has set a header that the credential sets too, that header is
 * removed from the visible config as well, because its value was somebody's credential.
 */
export function authenticateAttempt(
  attempt: InternalAxiosRequestConfig,
  headers: Readonly<Record<string, string>>,
): void {
  const visible = attempt.headers;
  removeOverridden(visible, headers);
  attempt.headers = Object.assign(new applicationAxios.AxiosHeaders(), visible, headers);
}

/** Removes from the visible config each header that the attempt sets too: its value was somebody's credential. */
export function removeOverridden(headers: object, by: Readonly<Record<string, string>>): void {
  for (const overriding of Object.keys(by)) {
    const name = overriding.toLowerCase();
    for (const key of Object.keys(headers))
      if (key.length >= name.length && key.trim().toLowerCase() === name)
        Reflect.deleteProperty(headers, key);
  }
}
