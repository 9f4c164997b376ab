import { ownCopy } from '../own-properties.js';
import type { HeaderValues, RequestBody, TokenRequest } from './strategy.js';

/** The parts of a token request, before they are serialised. */
export interface TokenRequestParts {
  readonly method?: TokenRequest['method'];
  readonly path: string;
  readonly headers?: HeaderValues;
  /** Absent: an empty body without a content type. */
  readonly body?: RequestBody;
}

/** Serialises a token request. JSON is what is asked for in return, unless `headers` say otherwise. */
export function tokenRequest(parts: TokenRequestParts): TokenRequest {
  const { method = 'POST', path, headers, body } = ownCopy(parts);
  return ownCopy({
    method,
    path,
    headers: {
      Accept: 'application/json',
      ...(body === undefined ? {} : { 'Content-Type': contentTypeOf(ownCopy(body)) }),
      ...present(headers ?? {}),
    },
    ...(body === undefined ? {} : { body: serialised(ownCopy(body)) }),
  });
}

function contentTypeOf(body: RequestBody): string {
  if ('text' in body) return body.contentType;
  return 'json' in body ? 'application/json' : 'application/x-www-form-urlencoded';
}

function serialised(body: RequestBody): string {
  if ('text' in body) return body.text;
  return 'json' in body ? JSON.stringify(body.json) : new URLSearchParams(present(body.form)).toString();
}

function present(fields: HeaderValues): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
