import type { SignedPart } from '../providers/signature-definition.js';
import { isJsonObject } from '../building-blocks/json-value.js';
import type { CoveredPart } from './covered-part.js';
import type { JsonObject } from '../building-blocks/json-object.js';

type Scalar = string | number | boolean | null;

/**
 * The fields that a message itself lists as signed (Kashier's `signatureKeys`). The list is the sender's word and not
 * signed, so it decides nothing but which text is hashed: what it leaves out is not in the payload, and a list without
 * the required fields is refused.
 */
export function signedFields(
  { fieldsOf, listedIn, required }: Extract<SignedPart, { fieldsOf: string }>,
  json: JsonObject,
): CoveredPart | undefined {
  const data = json[fieldsOf];
  const names = isJsonObject(data) ? data[listedIn] : undefined;
  if (!isJsonObject(data) || !isListOfNames(names)) return undefined;

  const picked: [string, Scalar][] = [];
  for (const name of [...new Set(names)].toSorted()) {
    if (!Object.hasOwn(data, name)) continue;
    const value = data[name];
    // The query string does not say what is inside an object, so it could be changed.
    if (!isScalar(value)) return undefined;
    picked.push([name, value]);
  }
  const payload = Object.fromEntries(picked);
  if (!required.every((name) => Object.hasOwn(payload, name) && says(payload[name]))) return undefined;
  const message = picked.map(([name, value]) => pair(name, value)).join('&');
  return { message, lasting: message, payload, proves: 'payload' };
}

function pair(name: string, value: Scalar): string {
  return value === null ? encoded(name) : `${encoded(name)}=${encoded(String(value))}`;
}

/** RFC 3986: what `encodeURIComponent` leaves alone beyond the unreserved characters is encoded too. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function isListOfNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function says(value: Scalar | undefined): boolean {
  return typeof value === 'number' || (typeof value === 'string' && value !== '');
}
