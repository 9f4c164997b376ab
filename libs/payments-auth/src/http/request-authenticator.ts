import { types } from 'node:util';
import type { InternalAxiosRequestConfig } from 'axios';
import { applicationAxios } from '../application-axios.js';
import type { AuthenticatedRequest, RequestToAuthenticate } from '../credentials/credential.service.js';
import type { AccountName, CredentialSpenders } from '../credentials/credential-spender.js';
import { ownCopy } from '../own-properties.js';
import type { Clock } from '../payments-auth.clock.js';
import { within } from '../within.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { authenticateAttempt } from './attempt-config.js';
import { addDefaultHeaders } from './default-headers.js';
import { AccountDestinations } from './account-destinations.js';
import type { PaymentsAuthRequest } from './payments-auth-request.js';
import { invalidRequest, settledRequest } from './settled-request.js';
import { signAttempt, signingFailed, type SigningParts } from './sign-attempt.js';

const urls = new applicationAxios.Axios({});

const DEFAULT_TIMEOUT_MS = 30_000;

/** Gives requests of other clients what a call through axios would carry: headers, signature, and its place checked. */
export class RequestAuthenticator {
  readonly #provider: ConfiguredProvider;
  readonly #spenders: CredentialSpenders;
  readonly #clock: Clock;
  readonly #destinations: AccountDestinations;

  constructor(provider: ConfiguredProvider, spenders: CredentialSpenders, clock: Clock) {
    this.#provider = provider;
    this.#spenders = spenders;
    this.#clock = clock;
    this.#destinations = new AccountDestinations(provider);
  }

  /** @throws PaymentsAuthError INVALID_REQUEST, INSECURE_DESTINATION, SIGNING_FAILED, and whatever ends a wait for a credential */
  async authenticate(account: AccountName, request: RequestToAuthenticate): Promise<AuthenticatedRequest> {
    const provider = this.#provider;
    const { method, url, headers, body } = ownCopy(request);
    const { scopes, audience, host } = this.#settled(ownCopy(request));
    const config = ownCopy({
      method: method.toLowerCase(),
      url: String(url),
      baseURL: provider.hosts[provider.defaultHost],
      headers: new applicationAxios.AxiosHeaders(),
      data: body,
    } as InternalAxiosRequestConfig);
    for (const [name, value] of entriesOf(headers)) config.headers.set(name, value);
    const spender = this.#spenders.spender(account, scopes, audience);
    // Before anybody logs in for a request that will not be sent.
    this.#destinations.check(ownCopy(config), host);
    const credential = spender.peek() ?? (await spender.obtain());
    const destination = this.#destinations.of(credential).check(config, host);
    authenticateAttempt(config, credential.headers);
    if (provider.definition.defaultHeaders !== undefined)
      addDefaultHeaders(config, credential, provider, destination);
    if (provider.definition.sign === undefined) config.url = new URL(urls.getUri(config)).href;
    else
      await this.#sign(config, {
        visible: { headers: new applicationAxios.AxiosHeaders() } as InternalAxiosRequestConfig,
        provider,
        credential,
        destination,
        nowMs: this.#clock.now(),
        attempt: 1,
        previous: undefined,
      });
    const sent = config.data as AuthenticatedRequest['body'];
    return ownCopy({
      url: config.url as string,
      headers: Object.fromEntries(
        Object.entries(config.headers.toJSON()).map(([name, value]) => [name, String(value)]),
      ),
      ...(sent === undefined ? {} : { body: sent }),
      credential,
    });
  }

  /** Here no deadline of a call stands around a signer that does not answer. */
  async #sign(config: InternalAxiosRequestConfig, parts: SigningParts): Promise<void> {
    const signing = signAttempt(config, parts);
    if (!(signing instanceof Promise)) return;
    const mostMs = this.#provider.http().timeout || DEFAULT_TIMEOUT_MS;
    await within(this.#clock, mostMs, signing, () => {
      throw signingFailed(new Error(`the signer did not answer within ${mostMs} ms`), parts);
    });
  }

  /** A slip here would sign for the wrong merchant, or something else than what is sent. So nothing is signed. */
  #settled(request: RequestToAuthenticate): PaymentsAuthRequest {
    const { name } = this.#provider;
    const { method, url, headers: _, body, ...said } = request;
    if (typeof method !== 'string' || method === '')
      throw invalidRequest(name, 'method', 'must be a text such as "POST"');
    if (typeof url !== 'string' && !(url instanceof URL))
      throw invalidRequest(name, 'url', 'must be a URL or a path below the base URL');
    if (body !== undefined && typeof body !== 'string' && !types.isUint8Array(body))
      throw invalidRequest(name, 'body', 'must be a text or bytes: what is signed is what is sent');
    for (const key of ['account', 'replay'])
      if (Object.hasOwn(said, key))
        throw invalidRequest(
          name,
          key,
          'is not for authenticate(). Say the account with credentials.account(id)',
        );
    const given = Object.entries(said).filter(([, value]) => value !== undefined);
    return settledRequest(name, Object.fromEntries(given), 'request');
  }
}

function entriesOf(headers: RequestToAuthenticate['headers']): [string, string | string[]][] {
  if (headers === undefined) return [];
  if (headers instanceof Headers) return [...headers];
  return Object.entries(headers).flatMap(([name, value]): [string, string | string[]][] =>
    value === undefined ? [] : [[name, typeof value === 'object' ? [...value] : String(value)]],
  );
}
