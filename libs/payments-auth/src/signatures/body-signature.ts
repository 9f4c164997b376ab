import type { BodyFormat, BodyFormatDefinition } from '../providers/signature-definition.js';
import type { ProviderDefinition } from '../providers/provider-definition.js';
import type { Credentials } from '../strategies/strategy.js';
import { isJsonObject } from '../strategies/json-value.js';
import { bodyText } from './body-text.js';
import { hmac } from './digest.js';
import { type JsonObject, withoutFields } from './json-object.js';

/**
 * A serialised body with the signature that its provider asks for. Anything that is not a JSON object comes back as
 * it came, and so does everything when the provider signs no bodies or no key is configured.
 *
 * Called for every attempt with the body as the caller's transforms left it, so that a replay with other credentials
 * carries their signature. The caller's text is kept to the letter and the signature added at its end: writing it
 * anew could change a number.
 */
export function signBody(definition: ProviderDefinition, credentials: Credentials, body: string): string {
  const signature = definition.bodySignature;
  const key = signature === undefined ? undefined : credentials[signature.key];
  if (signature === undefined || key === undefined || key === '') return body;
  const json = parsedObject(body);
  if (json === undefined) return body;

  const leftOut = [signature.field, ...(signature.without ?? [])];
  const value = bodySignature(withoutFields(json, leftOut), key, formatOf(signature.format, credentials));
  const text = Object.hasOwn(json, signature.field)
    ? JSON.stringify(withoutFields(json, [signature.field]))
    : body.trimEnd();
  const separator = Object.keys(withoutFields(json, [signature.field])).length === 0 ? '' : ',';
  return `${text.slice(0, -1)}${separator}${JSON.stringify(signature.field)}:"${value}"}`;
}

/** The signature of a body, in lower-case hex. */
export function bodySignature(body: JsonObject, key: string, format: BodyFormat): string {
  return hmac('hmac-sha256', key, bodyText(body, format));
}

/** The format that the application configured, or the provider's own. Another word than the two is the provider's own. */
export function formatOf(format: BodyFormatDefinition, credentials: Credentials): BodyFormat {
  const configured = format.credential === undefined ? undefined : credentials[format.credential];
  return configured === 'canonical' || configured === 'legacy' ? configured : format.default;
}

function parsedObject(body: string): JsonObject | undefined {
  if (!body.trimStart().startsWith('{')) return undefined;
  try {
    const json: unknown = JSON.parse(body);
    return isJsonObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}
