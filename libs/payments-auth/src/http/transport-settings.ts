import { Agent } from 'node:https';
import type { HttpSettings } from '../providers/configured-provider.js';

/** The settings that hold sockets, or secrets of a proxy: applied inside the adapter, and in no visible config. */
export interface TransportSettings {
  readonly httpAgent?: unknown;
  readonly httpsAgent?: unknown;
  readonly proxy?: HttpSettings['proxy'];
  readonly http2Options?: object;
}

/** Splits a provider's axios settings into those that callers may see and those that they may not. */
export function splitSettings(settings: HttpSettings): {
  visible: Omit<HttpSettings, keyof TransportSettings | 'ca'>;
  transport: TransportSettings;
} {
  const { ca, httpAgent, httpsAgent, proxy, http2Options, ...visible } = settings as HttpSettings &
    TransportSettings;
  const trusting =
    ca === undefined
      ? undefined
      : new Agent({ ca: ca as string | Buffer | (string | Buffer)[], keepAlive: true });
  return {
    visible,
    transport: Object.freeze({
      ...(httpAgent === undefined ? {} : { httpAgent }),
      ...((httpsAgent ?? trusting) === undefined ? {} : { httpsAgent: httpsAgent ?? trusting }),
      ...(proxy === undefined ? {} : { proxy }),
      ...(http2Options === undefined ? {} : { http2Options }),
    }),
  };
}
