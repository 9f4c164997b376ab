import type { TokenRequest } from './strategy.js';

/** Header or form fields; one whose value is `undefined` is left out. */
export type Fields = Readonly<Record<string, string | undefined>>;

/** What is sent along. Absent: an empty body without a content type. */
export type RequestBody = { readonly json: unknown } | { readonly form: Fields };

/** The parts of a token request, before they are serialised. */
export interface TokenRequestParts {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Fields;
  readonly body?: RequestBody;
}

/** Serialises a token request. JSON is always what is asked for in return. */
export function tokenRequest({ method = 'POST', path, headers, body }: TokenRequestParts): TokenRequest {
  return {
    method,
    path,
    headers: {
      Accept: 'application/json',
      ...(body === undefined
        ? {}
        : { 'Content-Type': 'json' in body ? 'application/json' : 'application/x-www-form-urlencoded' }),
      ...present(headers ?? {}),
    },
    ...(body === undefined ? {} : { body: serialised(body) }),
  };
}

function serialised(body: RequestBody): string {
  return 'json' in body ? JSON.stringify(body.json) : new URLSearchParams(present(body.form)).toString();
}

function present(fields: Fields): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
