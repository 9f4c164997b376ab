import { types } from 'node:util';
import type { InternalAxiosRequestConfig } from 'axios';
import { applicationAxios } from '../application-axios.js';
import type {
  AccountName,
  AuthenticatedRequest,
  RequestToAuthenticate,
} from '../credentials/credential.service.js';
import type { CredentialSpender, CredentialSpenders } from '../credentials/credential-spender.js';
import { ownCopy } from '../own-properties.js';
import type { Clock } from '../payments-auth.clock.js';
import { isPaymentsAuthError } from '../payments-auth.errors.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import type { Credential } from '../credentials/credential.js';
import { authenticateAttempt } from './attempt-config.js';
import { unsentFailure } from './call-failure.js';
import { addDefaultHeaders } from './default-headers.js';
import { AccountDestinations } from './account-destinations.js';
import { kindOf } from '../strategies/header-text.js';
import type { PaymentsAuthRequest } from './payments-auth-request.js';
import { invalidRequest, settledRequest } from './settled-request.js';
import { signAttempt, signedInTime, type SigningParts } from './sign-attempt.js';

const urls = new applicationAxios.Axios({});

/** The characters that Node sends in a header: Latin-1 with the tab, and without other control characters. */
const SENDABLE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whose credential a request is made with, as far as that is known. */
interface Spent {
  spender: CredentialSpender | undefined;
  credential: Credential | undefined;
}

/**
 * Gives requests of other clients the same parts as a call through axios: headers and signature, after its
 * destination is checked.
 */
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

  /**
   * @throws PaymentsAuthError INVALID_REQUEST, INSECURE_DESTINATION, SIGNING_FAILED, and whatever ends a wait for a
   *   credential
   */
  async authenticate(account: AccountName, request: RequestToAuthenticate): Promise<AuthenticatedRequest> {
    const spent: Spent = { spender: undefined, credential: undefined };
    try {
      const made = await this.#made(account, request, spent);
      spent.spender?.journal.left();
      return made;
    } catch (error) {
      this.#tell(account, error, spent);
      throw error;
    }
  }

  /** Reports a failure, unless a login has reported it already. */
  #tell(account: AccountName, error: unknown, { spender, credential }: Spent): void {
    const failure = unsentFailure(error);
    if (failure === undefined) return;
    if (failure.code === 'INVALID_REQUEST') this.#spenders.unsent(account, failure);
    else if (credential !== undefined || failure.code === 'INSECURE_DESTINATION')
      spender?.journal.unsent(failure, credential);
  }

  async #made(
    account: AccountName,
    request: RequestToAuthenticate,
    spent: Spent,
  ): Promise<AuthenticatedRequest> {
    const provider = this.#provider;
    const { method, url, headers, body, said } = this.#settled(request);
    const { scopes, audience, host } = said;
    const config = ownCopy({
      method: method.toLowerCase(),
      url,
      baseURL: provider.hosts[provider.defaultHost],
      headers: new applicationAxios.AxiosHeaders(),
      data: body,
    } as InternalAxiosRequestConfig);
    for (const [name, value] of headers) config.headers.set(name, value);
    const spender = this.#spenders.spender(account, scopes, audience);
    spent.spender = spender;
    // This check comes before a login for a request that will not be sent.
    this.#destinations.check(ownCopy(config), host);
    const credential = spender.peek() ?? (await spender.obtain());
    spent.credential = credential;
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

  /**
   * No deadline of a call ends the wait for a signer here. So the `timeout` of the provider does, or a limit of its
   * own.
   */
  async #sign(config: InternalAxiosRequestConfig, parts: SigningParts): Promise<void> {
    const signing = signAttempt(config, parts);
    if (!(signing instanceof Promise)) return;
    await signedInTime(signing, parts, this.#clock, this.#provider.http().timeout || undefined);
  }

  /**
   * The headers of the request, checked. Without the check, a line break would be removed silently, and another value
   * would be signed than the caller gave.
   */
  #headersOf(headers: RequestToAuthenticate['headers']): [string, string | string[]][] {
    const given: unknown = headers;
    const { name: provider } = this.#provider;
    if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given)))
      throw invalidRequest(provider, 'headers', `must be an object of texts, and is ${kindOf(given)}`);
    const entries = entriesOf(headers);
    for (const [name, value] of entries) {
      if (!METHOD.test(name))
        throw invalidRequest(provider, `headers[${JSON.stringify(name)}]`, 'is not the name of a header');
      if (![value].flat().every((each) => SENDABLE.test(each)))
        throw invalidRequest(
          provider,
          `headers[${JSON.stringify(name)}]`,
          'has a line break in it, or a character that no header can carry',
        );
    }
    return entries;
  }

  /**
   * Reads the request once, so that the checked request is the signed one. A mistake here would sign for the wrong
   * merchant, or sign another request than the sent one. So a request with a mistake is not signed.
   */
  #settled(request: RequestToAuthenticate): SettledToAuthenticate {
    try {
      return this.#checked(ownCopy(request));
    } catch (error) {
      if (isPaymentsAuthError(error)) throw error;
      // A getter or a Proxy of the caller threw. Its error can hold anything, so no part of it is repeated.
      throw invalidRequest(
        this.#provider.name,
        'request',
        'cannot be read: reading it throws. Give a plain object',
      );
    }
  }

  #checked(request: RequestToAuthenticate): SettledToAuthenticate {
    const { name } = this.#provider;
    const { method, url: given, headers, body, ...said } = request;
    if (!(typeof method === 'string' && METHOD.test(method)))
      throw invalidRequest(name, 'method', 'must be a text such as "POST"');
    const url: unknown = given instanceof URL ? given.href : given;
    const problem = urlProblem(url);
    if (problem !== undefined) throw invalidRequest(name, 'url', problem);
    const entries = this.#headersOf(headers);
    if (body !== undefined && typeof body !== 'string' && !types.isUint8Array(body))
      throw invalidRequest(name, 'body', 'must be a text or bytes: what is signed is what is sent');
    for (const key of ['account', 'replay'])
      if (Object.hasOwn(said, key))
        throw invalidRequest(
          name,
          key,
          'is not for authenticate(). Say the account with credentials.account(id)',
        );
    const options = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
    return {
      method,
      url: url as string,
      headers: entries,
      body,
      said: settledRequest(name, options, 'request', REQUEST_PARTS),
    };
  }
}

/** A request of another client as it was read. */
interface SettledToAuthenticate {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly [name: string, value: string | string[]][];
  readonly body: RequestToAuthenticate['body'];
  readonly said: PaymentsAuthRequest;
}

/** The parts of a request to `authenticate()`. The account is not one of them. */
const REQUEST_PARTS = ['method', 'url', 'headers', 'body', 'scopes', 'audience', 'host'];
/** The characters of a method and of a header's name (RFC 9110, sections 5.1 and 9.1). */
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Says why a URL cannot be signed as it would be sent. The text does not repeat the URL, which may hold a secret. */
function urlProblem(text: unknown): string | undefined {
  if (typeof text !== 'string' || !URL.canParse(text, 'https://invented.test/'))
    return 'must be a URL or a path below the base URL';
  return text.includes('#') ? 'has a fragment ("#"), which is never sent; leave it out' : undefined;
}

function entriesOf(headers: RequestToAuthenticate['headers']): [string, string | string[]][] {
  if (headers === undefined) return [];
  if (headers instanceof Headers) return [...headers];
  return Object.entries(headers).flatMap(([name, value]): [string, string | string[]][] =>
    value === undefined ? [] : [[name, typeof value === 'object' ? [...value] : String(value)]],
  );
}
