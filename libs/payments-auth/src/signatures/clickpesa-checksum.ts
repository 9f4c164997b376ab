import { isJsonObject } from '../building-blocks/json-value.js';
import { jsonText, type JsonTextFormat } from '../building-blocks/json-text.js';
import { hmac } from '../building-blocks/digests.js';
import { withoutFields } from '../building-blocks/json-object.js';

/** Fields that ClickPesa leaves out of its checksum. */
const LEFT_OUT = ['checksum', 'checksumMethod'];

/**
 * ClickPesa's checksum of a body: HMAC-SHA256, in lower-case hex. The `HttpService` for ClickPesa adds it by itself
 * once a checksum key is configured; use this function for bodies that are sent in another way.
 *
 * @param body what will be sent; read as `JSON.stringify` writes it, without `checksum` and `checksumMethod`
 * @param format the setting of the merchant's account; `canonical` since January 2026
 * @throws TypeError when the body is not a JSON object, or the key is empty
 * @see https://docs.clickpesa.com/home/checksum
 */
export function clickPesaChecksum(
  body: object,
  checksumKey: string,
  format: JsonTextFormat = 'canonical',
): string {
  if (typeof checksumKey !== 'string' || checksumKey === '') {
    throw new TypeError('clickPesaChecksum: the checksum key is missing. An empty key signs nothing.');
  }
  const json: unknown = JSON.parse(JSON.stringify(body) ?? 'null');
  if (!isJsonObject(json)) throw new TypeError('clickPesaChecksum: the body has to be a JSON object.');
  return hmac('sha256', checksumKey, jsonText(withoutFields(json, LEFT_OUT), format));
}
