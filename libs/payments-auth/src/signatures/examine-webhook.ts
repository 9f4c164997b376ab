import { isUtf8 } from 'node:buffer';
import type {
  ConstantWebhook,
  KeyedWebhook,
  UnsignedWebhook,
  WebhookDefinition,
} from '../providers/signature-definition.js';
import type { Credentials } from '../strategies/strategy.js';
import { isJsonObject } from '../building-blocks/json-value.js';
import type { CoveredPart } from './covered-part.js';
import { hmac, sameDigest, sha256 } from './digest.js';
import { withoutFields } from '../building-blocks/json-object.js';
import { presentedSignature, presentedTimestamp } from './presented-signature.js';
import { coveredPart, type ReadBody } from './signed-part.js';
import type { WebhookDelivery } from './webhook-delivery.js';
import type { WebhookMessage } from './webhook-message.js';

/** Why a message is not believed. For the operator's log; the sender learns nothing. */
type WebhookRefusal = 'no-body' | 'malformed' | 'unsigned' | 'wrong-signature' | 'stale';

/** What a message turned out to be. */
export type Examination =
  { readonly refusal: WebhookRefusal } | { readonly refusal?: undefined; readonly evidence: Evidence };

/** A delivery but for whom it is for. */
type Evidence = Omit<WebhookDelivery, 'provider' | 'account'>;

/**
 * Examines a message by its provider's rules. Pure, and never throws: whatever came, the answer is an examination.
 *
 * Every key is tried on every presented signature, and each comparison takes the same time, so that how long it takes
 * says nothing of any secret.
 *
 * @param candidates the static credentials of the account, newest first: each one's key is accepted (rotation)
 */
export function examineWebhook(
  webhook: WebhookDefinition,
  message: WebhookMessage,
  candidates: readonly Credentials[],
  nowMs: number,
): Examination {
  try {
    if (webhook.algorithm === 'none') return examineUnsigned(webhook, message);
    const { rawBody } = message;
    if (rawBody === undefined || rawBody.byteLength === 0) return { refusal: 'no-body' };
    // Text that is not UTF-8 would be repaired on reading, and then be other text than what was signed.
    if (!isUtf8(rawBody)) return { refusal: 'malformed' };
    const body = readBody(rawBody);
    return webhook.algorithm === 'sha256-constant'
      ? examineConstant(webhook, message, body, candidates)
      : examineKeyed(webhook, message, body, candidates, nowMs);
  } catch {
    // Not JSON, nested too deeply, half a surrogate pair: nothing that a provider sends.
    return { refusal: 'malformed' };
  }
}

function readBody(rawBody: Uint8Array): ReadBody {
  const bytes = Buffer.from(rawBody.buffer, rawBody.byteOffset, rawBody.byteLength);
  return { bytes, json: JSON.parse(bytes.toString('utf8')) };
}

function examineKeyed(
  webhook: KeyedWebhook,
  message: WebhookMessage,
  body: ReadBody,
  candidates: readonly Credentials[],
  nowMs: number,
): Examination {
  const presented = presentedSignature(
    webhook.signature,
    message,
    isJsonObject(body.json) ? body.json : undefined,
  );
  const signedAt = presentedTimestamp(webhook, presented, message);

  let genuine: CoveredPart | undefined;
  for (const candidate of candidates) {
    const key = candidate[webhook.key];
    // An empty key would let anybody sign.
    if (key === undefined || key === '') continue;
    const part = coveredPart(webhook.signed, body, signedAt?.text, candidate);
    if (part === undefined) continue;
    const expected = hmac(webhook.algorithm, key, part.message, webhook.encoding);
    for (const value of presented.values) if (sameDigest(expected, value)) genuine = part;
  }
  if (presented.values.length === 0) return { refusal: 'unsigned' };
  if (genuine === undefined) return { refusal: 'wrong-signature' };
  if (webhook.timestamp !== undefined) {
    const toleranceMs = webhook.timestamp.toleranceMs;
    if (signedAt === undefined || !(Math.abs(nowMs - signedAt.atMs) <= toleranceMs))
      return { refusal: 'stale' };
  }
  return {
    evidence: {
      payload: genuine.payload,
      deliveryId: sha256(genuine.lasting),
      proves: genuine.proves,
      ...(signedAt === undefined ? {} : { signedAtMs: signedAt.atMs }),
    },
  };
}

function examineConstant(
  webhook: ConstantWebhook,
  message: WebhookMessage,
  body: ReadBody,
  candidates: readonly Credentials[],
): Examination {
  if (!isJsonObject(body.json)) return { refusal: 'malformed' };
  const presented = presentedSignature(webhook.signature, message, body.json);
  let genuine = false;
  for (const candidate of candidates) {
    const parts = webhook.of.map((field) => candidate[field]);
    if (parts.some((part) => part === undefined || part === '')) continue;
    const expected = sha256(parts.join(webhook.separator ?? ':'), webhook.encoding);
    for (const value of presented.values) genuine = sameDigest(expected, value) || genuine;
  }
  if (!genuine) return { refusal: presented.values.length === 0 ? 'unsigned' : 'wrong-signature' };

  // The signature is the same secret in every message: it goes no further, and counts for nothing in the id.
  const payload =
    'field' in webhook.signature ? withoutFields(body.json, [webhook.signature.field]) : body.json;
  return {
    evidence: {
      payload,
      deliveryId: sha256(JSON.stringify(payload)),
      proves: 'sender',
      ...(webhook.confirmWith === undefined ? {} : { confirmWith: webhook.confirmWith }),
    },
  };
}

function examineUnsigned(
  { fields, confirmWith }: UnsignedWebhook,
  { parameters, rawBody }: WebhookMessage,
): Examination {
  const source = parameters ?? (rawBody && readBody(rawBody).json);
  if (!isJsonObject(source)) return { refusal: 'malformed' };
  const payload: Record<string, string> = {};
  for (const field of fields) {
    const value = Object.hasOwn(source, field) ? source[field] : undefined;
    if (typeof value !== 'string' || value === '') return { refusal: 'malformed' };
    payload[field] = value;
  }
  return {
    evidence: { payload, deliveryId: sha256(JSON.stringify(payload)), proves: 'nothing', confirmWith },
  };
}
