import { checkFields, isAnything, isNumber, isOneOf, isText, optional } from '../core/checks.js';
import { FORGERIES, type WebhookOptions } from './webhook-sender.js';

/** Checks the options of a webhook that somebody outside this process has asked for. @throws {InvalidInputError} */
export function checkWebhookOptions(value: unknown): WebhookOptions & { readonly url: string } {
  checkFields(value, {
    url: isText,
    account: optional(isText),
    event: optional(isAnything),
    scheme: optional(isText),
    id: optional(isText),
    signedAtMs: optional(isNumber(0)),
    forge: optional(isOneOf(...FORGERIES)),
  });
  return value as unknown as WebhookOptions & { readonly url: string };
}
