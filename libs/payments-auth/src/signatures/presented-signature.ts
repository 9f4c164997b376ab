import type { KeyedWebhook, SignatureLocation } from '../providers/signature-definition.js';
import type { JsonObject } from '../building-blocks/json-object.js';
import { soleHeader, type WebhookMessage } from './webhook-message.js';

/** More signatures than that in one header are no rotation. */
const MOST_SIGNATURES = 8;

/** What a message says of its own signature. */
export interface PresentedSignature {
  /** One of them has to be right; none when the message carries no signature, or an ambiguous one. */
  readonly values: readonly string[];
  /** As it is written in the message, and so as it is signed. */
  readonly timestamp?: string;
}

/** Reads the signature of a message from where its provider puts it. */
export function presentedSignature(
  location: SignatureLocation,
  message: WebhookMessage,
  body: JsonObject | undefined,
): PresentedSignature {
  if ('field' in location) {
    const value =
      body !== undefined && Object.hasOwn(body, location.field) ? body[location.field] : undefined;
    return { values: typeof value === 'string' ? [value] : [] };
  }
  const header = soleHeader(message, location.header);
  if (header === undefined) return { values: [] };
  return 'list' in location ? listed(header, location.list) : { values: [header] };
}

/** `t=1700000000,v1=…,v1=…` */
function listed(header: string, names: { signature: string; timestamp: string }): PresentedSignature {
  const values: string[] = [];
  const timestamps: string[] = [];
  for (const item of header.split(',')) {
    const at = item.indexOf('=');
    const name = item.slice(0, at).trim();
    const value = item.slice(at + 1).trim();
    if (at > 0 && name === names.signature) values.push(value);
    if (at > 0 && name === names.timestamp) timestamps.push(value);
  }
  return timestamps.length === 1 && values.length <= MOST_SIGNATURES
    ? { values, timestamp: timestamps[0] }
    : { values: [] };
}

/** When a message says it was signed, as text and in milliseconds; `undefined` when it does not say so clearly. */
export function presentedTimestamp(
  { timestamp }: KeyedWebhook,
  presented: PresentedSignature,
  message: WebhookMessage,
): { text: string; atMs: number } | undefined {
  const text = timestamp?.header === undefined ? presented.timestamp : soleHeader(message, timestamp.header);
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  return { text, atMs: Number(text) * (timestamp?.unit === 'milliseconds' ? 1 : 1_000) };
}
