import { isJsonObject } from '../../building-blocks/json-value.js';
import type { WebhookScheme } from './webhook-scheme.js';

/** What is wrong with a provider's webhooks: above all what could never verify a message, or would verify less than it looks like. */
export function schemeProblems(webhooks: unknown, definition: Readonly<Record<string, unknown>>): string[] {
  if (webhooks === undefined) return [];
  if (!isJsonObject(webhooks) || Object.keys(webhooks).length === 0)
    return ['webhooks: expected named schemes, as in { signature: hmacWebhook({ … }) }'];
  const place = {
    credentials: namesOf(definition['credentials']),
    environments: namesOf(definition['environments']),
  };
  return Object.entries(webhooks as Readonly<Record<string, WebhookScheme<string> | undefined>>).flatMap(
    ([name, scheme]) =>
      scheme?.['~work'] === undefined
        ? [`webhooks.${name}: expected hmacWebhook({ … }) or what another of the builders gives`]
        : scheme['~work'].problems(place).map((problem) => `webhooks.${name}: ${problem}`),
  );
}

function namesOf(value: unknown): readonly string[] {
  return isJsonObject(value) ? Object.keys(value) : [];
}
