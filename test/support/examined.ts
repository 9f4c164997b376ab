import { examineWebhook } from '../../libs/payments-auth/src/signatures/examine-webhook.js';
import {
  ReceivedMessage,
  type ReceivedParts,
} from '../../libs/payments-auth/src/providers/webhooks/received-message.js';
import type {
  PublishedKeys,
  SchemeCredentials,
  WebhookScheme,
} from '../../libs/payments-auth/src/providers/webhooks/webhook-scheme.js';

type Schemes = Readonly<Record<string, WebhookScheme<string>>> | undefined;

/** A key source without any published key. */
const NO_KEYS: PublishedKeys = {
  fromSet: async () => undefined,
  ofCertificate: async () => undefined,
};

/** The result of the schemes that need not be named: the reason of a refusal, or the delivery of a genuine message. */
export async function examined(
  schemes: Schemes,
  parts: ReceivedParts,
  candidates: readonly SchemeCredentials[],
  nowMs = 0,
  named?: readonly string[],
): Promise<{ refusal: string } | { evidence: Record<string, unknown> }> {
  const active = Object.entries(schemes ?? {}).filter(([name, scheme]) =>
    named === undefined ? scheme['~work']?.onlyWhenNamed !== true : named.includes(name),
  );
  const examination = await examineWebhook(active, {
    message: new ReceivedMessage(parts),
    candidates,
    nowMs,
    keys: NO_KEYS,
    http: () => {
      throw new Error('nobody calls');
    },
  });
  if (examination.refusal !== undefined) return { refusal: examination.refusal };
  const { evidence, proves, work } = examination;
  return { evidence: { ...evidence[0], proves, confirmWith: work.confirmWith } };
}
