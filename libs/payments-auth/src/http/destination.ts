import type { InternalAxiosRequestConfig } from 'axios';
import { applicationAxios } from '../application-axios.js';
import { ownCopy, trustsStrangers } from '../own-properties.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { isBelow } from '../strategies/base-path.js';
import { divertingAgent } from '../strategies/plain-http-agent.js';
import { isLoopback } from '../strategies/loopback.js';
import { SealedAgent } from './sealed-agent.js';

/** Where one call goes: checked, and one of the provider's own hosts. */
export interface Destination {
  /** Upper case. */
  readonly method: string;
  /** By the name the definition gives it (`fep`); the default host's name where a call names none. */
  readonly host: string;
  /** Below the base URL, without query. */
  readonly path: string;
  /** As `URL` writes it: `https:`. */
  readonly protocol: string;
  readonly hostname: string;
  readonly origin: string;
  /** Path and query, without what `params` adds. */
  readonly pathAndQuery: string;
}

interface DeclaredHost {
  readonly name: string;
  readonly baseUrl: string;
  readonly protocol: string;
  readonly hostname: string;
  /** Host name and port. */
  readonly host: string;
  readonly origin: string;
  /** Without trailing slash; empty for a base URL without a path. */
  readonly path: string;
  /** Whether a credential may be sent there at all. */
  readonly confidential: boolean;
}

/**
 * The URLs of most calls: segments of plain characters below the base URL, and perhaps a query. Such a URL cannot
 * lead elsewhere, however it is joined and parsed, so these calls are spared the joining and parsing.
 */
const PLAIN_PATH = /^\/?[\w-][\w.~-]*(?:\/[\w-][\w.~-]*)*\/?(?:\?[\w.~!$&()*+,;=:@/?%-]+)?$/;

/** The settings of a provider that decide where the connections of its calls end. */
export interface Routing {
  readonly httpAgent?: unknown;
  readonly http2Options?: object;
}

/** A URL, found below a declared host. */
interface Located {
  readonly declared: DeclaredHost;
  /** Below the base URL, without query. */
  readonly below: string;
  readonly pathAndQuery: string;
}

/** Joins base URL and URL as the application's own axios does, so that what is checked is what is sent. */
const urls = new applicationAxios.Axios({});

/** Options of the HTTP/2 transport that decide where a connection ends. */
export const HTTP2_ROUTING = ['host', 'port', 'path', 'servername', 'socket', 'createConnection'] as const;

/**
 * The places a provider's credential may go to (R15). The check runs in the adapter, on the very URL that is requested
 * next. So no interceptor can change the destination after the check.
 */
export class Destinations {
  readonly #provider: string;
  readonly #hosts: readonly DeclaredHost[];
  readonly #defaultBaseUrl: string | undefined;

  readonly #templates: Readonly<Record<string, string>> | undefined;
  readonly #transport: Routing;

  /**
   * @param transport the provider's settings, for calls that bring none of their own
   * @param templates the hosts with their placeholders, where the provider's hosts are filled from an account's
   *   credentials
   */
  constructor(
    provider: Pick<ConfiguredProvider, 'name' | 'hosts' | 'defaultHost' | 'insecureHosts'>,
    transport: Routing = ownCopy({}),
    templates?: Readonly<Record<string, string>>,
  ) {
    this.#templates = templates;
    this.#transport = transport;
    this.#provider = provider.name;
    this.#defaultBaseUrl = (templates ?? provider.hosts)[provider.defaultHost];
    const insecureHosts = provider.insecureHosts.map((each) => each.toLowerCase());
    this.#hosts = Object.entries(provider.hosts)
      .map(([name, baseUrl]) => {
        const { protocol, hostname, host, origin, pathname } = new URL(baseUrl);
        const confidential =
          protocol === 'https:' || isLoopback(hostname) || insecureHosts.includes(hostname);
        return {
          name,
          baseUrl,
          protocol,
          hostname,
          host,
          origin,
          confidential,
          path: pathname.replace(/\/+$/, ''),
        };
      })
      // Two hosts can share an origin: the longer base path is the closer match.
      .toSorted((a, b) => b.path.length - a.path.length);
  }

  /**
   * Sets the base URL of `config`, where the call names a host or the hosts depend on the account. Then checks where
   * the call goes.
   *
   * @param host the named host that the call asks for
   * @throws PaymentsAuthError INSECURE_DESTINATION
   */
  check(config: InternalAxiosRequestConfig, host: string | undefined): Destination {
    if (host !== undefined) config.baseURL = this.#baseUrlOf(host);
    else if (this.#templates !== undefined) config.baseURL = this.#filled(config.baseURL);
    this.#refuseDetours(config);
    const { declared, below, pathAndQuery } = this.#plainly(config) ?? this.#parsed(config);
    const { protocol, hostname, origin } = declared;
    if (!declared.confidential)
      throw this.#error(
        `plain http to ${hostname} would show the credential to the network; it is allowed only to loopback and \`insecureHosts\``,
        declared.host,
      );
    if (protocol === 'http:') this.#refuseDiversions(config);
    else if (trustsStrangers())
      throw this.#error(
        '`Object.prototype.ca` is set, and Node would trust its certificates; find the code that sets it',
        declared.host,
      );
    this.#refuseOtherHostHeader(config, declared);
    const method = (config.method ?? 'get').toUpperCase();
    return { method, host: declared.name, path: below, protocol, hostname, origin, pathAndQuery };
  }

  /** A call begins with a base URL that has placeholders. This returns it with the values of the account. */
  #filled(baseURL: string | undefined): string | undefined {
    const [name] = Object.entries(this.#templates ?? {}).find(([, template]) => template === baseURL) ?? [];
    return name === undefined ? baseURL : this.#baseUrlOf(name);
  }

  #plainly({ baseURL, url }: InternalAxiosRequestConfig): Located | undefined {
    if (typeof url !== 'string' || !PLAIN_PATH.test(url)) return undefined;
    const declared = this.#hosts.find(({ baseUrl }) => baseUrl === baseURL);
    if (declared === undefined) return undefined;
    const joined = url.startsWith('/') ? url : `/${url}`;
    const query = joined.indexOf('?');
    return {
      declared,
      below: query < 0 ? joined : joined.slice(0, query),
      pathAndQuery: declared.path + joined,
    };
  }

  #parsed(config: InternalAxiosRequestConfig): Located {
    const url = this.#parse(config);
    if (url.username !== '' || url.password !== '')
      throw this.#error('its URL carries a user name, which would replace the credential', url.host);
    const declared = this.#hosts.find(({ origin, path }) => origin === url.origin && isBelow(path, url));
    if (declared === undefined)
      throw this.#error(`${this.#describe(url)} is not below one of the provider's base URLs`, url.host);
    // An object in place of a text could return another text when it is read again. So the checked text replaces it.
    config.baseURL = undefined;
    config.url = url.href;
    config.allowAbsoluteUrls = true;
    return {
      declared,
      below: url.pathname.slice(declared.path.length),
      pathAndQuery: url.pathname + url.search,
    };
  }

  #baseUrlOf(host: string): string {
    const declared = this.#hosts.find(({ name }) => name === host);
    if (declared !== undefined) return declared.baseUrl;
    const names = this.#hosts.map(({ name }) => `"${name}"`).join(', ');
    throw this.#error(`it has no host named "${host}"; there is ${names}`);
  }

  /** Refuses a setting that sends a request elsewhere than its URL says, or with other credentials. */
  #refuseDetours(config: InternalAxiosRequestConfig & { http2Options?: object }): void {
    if (config.auth) throw this.#error('axios’s `auth` would replace the credential');
    if (config.socketPath) throw this.#error('`socketPath` would send it to another program');
    if (config.transport) throw this.#error('`transport` could follow redirects; use an agent or an adapter');
    const { http2Options } = config;
    if (http2Options && HTTP2_ROUTING.some((option) => option in http2Options))
      throw this.#error('`http2Options` names another host');
  }

  /** Refuses what can divert a connection. On plain http, no certificate proves that it reached the intended host. */
  #refuseDiversions(
    config: InternalAxiosRequestConfig & { http2Options?: object; fetchOptions?: object },
  ): void {
    const { fetchOptions } = config;
    const http2Options = config.http2Options ?? this.#transport.http2Options;
    if (http2Options && 'lookup' in http2Options)
      throw this.#error('`http2Options.lookup` could divert plain http to another address');
    if (fetchOptions && 'dispatcher' in fetchOptions && fetchOptions.dispatcher !== undefined)
      throw this.#error('a `dispatcher` could divert plain http to another address');
    const diverting = divertingAgent(SealedAgent.open(config.httpAgent) ?? this.#transport.httpAgent);
    if (diverting !== undefined)
      throw this.#error(`${diverting} could divert plain http to another address; use an agent of node:http`);
  }

  #parse({ baseURL, url, allowAbsoluteUrls }: InternalAxiosRequestConfig): URL {
    try {
      return new URL(urls.getUri({ baseURL, url, allowAbsoluteUrls }));
    } catch {
      // The URL may hold a secret, and the parser's message may quote the URL.
      throw this.#error('its URL cannot be parsed');
    }
  }

  /** A `Host` header picks the tenant behind a shared address, and with https even the certificate that is checked. */
  #refuseOtherHostHeader(config: InternalAxiosRequestConfig, { host }: DeclaredHost): void {
    for (const name in config.headers) {
      if (name.length !== 4 || name.toLowerCase() !== 'host') continue;
      if (!Object.hasOwn(config.headers, name)) continue;
      if (String(config.headers[name]).trim().toLowerCase() !== host)
        throw this.#error('its `Host` header names another host than its URL', host);
    }
  }

  #describe({ protocol, host }: URL): string {
    return host === '' ? protocol : `a path on ${protocol}//${host}`;
  }

  /** @param host where the call would have gone, as far as that is known */
  #error(reason: string, host = ''): PaymentsAuthError {
    const own = this.#defaultBaseUrl === undefined ? '' : ` Its base URL is ${this.#defaultBaseUrl}.`;
    return new PaymentsAuthError(
      'INSECURE_DESTINATION',
      `A request with the credential of provider "${this.#provider}" was not sent: ${reason}.${own}`,
      { provider: this.#provider, reason, ...(host === '' ? {} : { host }) },
    );
  }
}
