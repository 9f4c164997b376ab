import type { BodyFormat, BodyFormatDefinition } from '../providers/signature-definition.js';
import type { ProviderDefinition } from '../providers/provider-definition.js';
import type { Credentials } from '../strategies/strategy.js';
import { checksumField } from '../building-blocks/checksum-field.js';
import { jsonText } from '../building-blocks/json-text.js';
import { hmac } from '../building-blocks/digests.js';
import type { JsonObject } from '../building-blocks/json-object.js';

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
  if (signature === undefined || typeof key !== 'string' || key === '') return body;
  const { field, without } = signature;
  return checksumField(body, {
    key,
    field,
    format: formatOf(signature.format, credentials),
    ...(without === undefined ? {} : { without }),
  });
}

/** The signature of a body, in lower-case hex. */
export function bodySignature(body: JsonObject, key: string, format: BodyFormat): string {
  return hmac('sha256', key, jsonText(body, format));
}

/** The format that the application configured, or the provider's own. Another word than the two is the provider's own. */
export function formatOf(format: BodyFormatDefinition, credentials: Credentials): BodyFormat {
  const configured = format.credential === undefined ? undefined : credentials[format.credential];
  return configured === 'canonical' || configured === 'legacy' ? configured : format.default;
}
