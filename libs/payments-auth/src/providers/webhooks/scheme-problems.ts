import { isJsonObject } from '../../building-blocks/json-value.js';
import type { WebhookScheme } from './webhook-scheme.js';

/**
 * The problems with a provider's webhooks: for example a scheme that can never verify a message, or that verifies less
 * than it seems to.
 */
export function schemeProblems(webhooks: unknown, definition: Readonly<Record<string, unknown>>): string[] {
  if (webhooks === undefined) return [];
  if (!isJsonObject(webhooks) || Object.keys(webhooks).length === 0)
    return ['webhooks: expected named schemes, as in { signature: hmacWebhook({ … }) }'];
  if ('~work' in webhooks)
    return ['webhooks: this is one scheme without a name; write { signature: hmacWebhook({ … }) }'];
  const place = {
    credentials: namesOf(definition['credentials']),
    publicCredentials: publicIn(definition['credentials']),
    environments: namesOf(definition['environments']),
  };
  return Object.entries(webhooks as Readonly<Record<string, WebhookScheme<string> | undefined>>).flatMap(
    ([name, scheme]) => {
      const at = `webhooks.${name}`;
      if (!/^\w[\w.-]{0,63}$/.test(name))
        return [`${at}: expected a name of letters, digits, dots and hyphens; the log and routes name it`];
      if (scheme?.['~work'] === undefined)
        return [`${at}: expected the result of hmacWebhook({ … }) or of another builder`];
      return scheme['~work'].problems(place).map((problem) => below(at, problem));
    },
  );
}

/** A problem, with the whole path of its part. */
function below(at: string, problem: string): string {
  return /^[\w.~-]+: /.test(problem) ? `${at}.${problem}` : `${at}: ${problem}`;
}

function namesOf(value: unknown): readonly string[] {
  return isJsonObject(value) ? Object.keys(value) : [];
}

function publicIn(credentials: unknown): readonly string[] {
  return Object.entries(isJsonObject(credentials) ? credentials : {})
    .filter(([, field]) => isJsonObject(field) && field['secret'] === false)
    .map(([name]) => name);
}
