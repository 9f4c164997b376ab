import type { SignedPart } from '../providers/signature-definition.js';
import type { Credentials } from '../strategies/strategy.js';
import { isJsonObject } from '../building-blocks/json-value.js';
import { formatOf } from './body-signature.js';
import { jsonText } from '../building-blocks/json-text.js';
import type { CoveredPart } from './covered-part.js';
import { type JsonObject, withoutFields } from '../building-blocks/json-object.js';
import { signedFields } from './signed-fields.js';

/** A message whose body has been read. */
export interface ReadBody {
  readonly bytes: Buffer;
  readonly json: unknown;
}

/** Finds out what a keyed signature covers; `undefined` when the message cannot be one of this provider's. */
export function coveredPart(
  signed: SignedPart,
  { bytes, json }: ReadBody,
  timestamp: string | undefined,
  credentials: Credentials,
): CoveredPart | undefined {
  if (signed === 'raw-body') return { message: bytes, lasting: bytes, payload: json, proves: 'payload' };
  if ('template' in signed) {
    const message = filledTemplate(signed.template, bytes, timestamp);
    return message && { message, lasting: bytes, payload: json, proves: 'payload' };
  }
  if (!isJsonObject(json)) return undefined;
  return 'json' in signed ? coveredJson(signed, json, credentials) : signedFields(signed, json);
}

function filledTemplate(template: string, body: Buffer, timestamp: string | undefined): Buffer | undefined {
  if (timestamp === undefined && template.includes('{timestamp}')) return undefined;
  return Buffer.concat(
    template
      .split(/(\{body\}|\{timestamp\})/)
      .map((part) =>
        part === '{body}' ? body : Buffer.from(part === '{timestamp}' ? (timestamp ?? '') : part),
      ),
  );
}

function coveredJson(
  signed: Extract<SignedPart, { json: unknown }>,
  json: JsonObject,
  credentials: Credentials,
): CoveredPart | undefined {
  // Never by the message's own word: the text of a canonical message, as the value of one field, has the same legacy
  // checksum, so anybody could turn the one into the other.
  const format = formatOf(signed.json, credentials);
  const body = withoutFields(json, signed.without);
  const message = jsonText(body, format);
  return { message, lasting: message, payload: body, proves: format === 'canonical' ? 'payload' : 'values' };
}
