import { headerOf, jsonObjectOf, type ReceivedRequest, textOf } from '../../core/received-request.js';

/** The identity that a request claims, and the secret that proves it. */
export type Claim = (
  request: ReceivedRequest,
) => readonly [identity: string, secret: string, ...rest: string[]] | undefined;

/** A key that is its own identity: `Authorization: Bearer sk_…`, or the bare key where the scheme is empty. */
export const inAuthorization =
  (scheme = 'Bearer'): Claim =>
  (request) => {
    const value = headerOf(request, 'authorization') ?? '';
    const start = scheme === '' ? '' : `${scheme} `;
    const key = value.startsWith(start) ? value.slice(start.length) : '';
    return key === '' ? undefined : [key, key];
  };

/** A key that is its own identity, in a header of its own. */
export const inHeader =
  (name: string): Claim =>
  (request) => {
    const key = headerOf(request, name);
    return key === undefined ? undefined : [key, key];
  };

/** `Authorization: Basic`, spelt exactly so: user name and password, neither of them form-encoded. */
export const inBasic: Claim = (request) => {
  const encoded = /^Basic ([A-Za-z0-9+/]+=*)$/.exec(headerOf(request, 'authorization') ?? '')?.[1] ?? '';
  const [, user = '', password = ''] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
  return user === '' ? undefined : [user, password];
};

/** The user name is the key, and the password is empty. */
export const inBasicAlone: Claim = (request) => {
  const [user = '', password = ''] = inBasic(request) ?? [];
  return user === '' || password !== '' ? undefined : [user, user];
};

type Names = readonly [identity: string, secret: string, ...rest: string[]];

const inNamed =
  (read: (request: ReceivedRequest) => (name: string) => string | undefined) =>
  (...names: Names): Claim =>
  (request) => {
    const values = names.map(read(request));
    return values.every((value) => value !== undefined) ? (values as unknown as Names) : undefined;
  };

export const inHeaders = inNamed((request) => (name) => headerOf(request, name));

export const inJson = inNamed((request) => {
  const body = jsonObjectOf(request);
  return (name) => textOf(body, name);
});

export const inForm = inNamed((request) => {
  const form = formOf(request);
  return (name) => form.get(name) ?? undefined;
});

/** An OAuth client, by `Authorization: Basic` or in the form (RFC 6749, section 2.3.1). */
export const asOAuthClient: Claim = (request) =>
  headerOf(request, 'authorization') === undefined
    ? inForm('client_id', 'client_secret')(request)
    : formDecoded(inBasic(request));

/** RFC 6749 form-encodes both parts before they are joined. Alphabets without `%` and `+` read the same either way. */
function formDecoded(pair: ReturnType<Claim>): ReturnType<Claim> {
  try {
    const [id, secret] = (pair ?? []).map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
    return id === undefined || secret === undefined ? undefined : [id, secret];
  } catch {
    return pair;
  }
}

/** The form in the body; empty where the body is something else. */
export function formOf(request: ReceivedRequest): URLSearchParams {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(headerOf(request, 'content-type') ?? '');
  return new URLSearchParams(isForm ? request.body.toString('utf8') : '');
}
