import {
  BUILT_IN_PROVIDERS,
  type BuiltInDefinitions,
  standardWebhooks,
  type WebhookScheme,
} from 'nestjs-payments-auth';

type Schemes = Readonly<Record<string, WebhookScheme<string>>>;

/** The webhooks of every built-in provider, by its name, and those of the two common formats. */
export const WEBHOOKS = {
  ...Object.fromEntries(
    BUILT_IN_PROVIDERS.flatMap(({ name, webhooks }) =>
      webhooks === undefined ? [] : [[name, webhooks as Schemes]],
    ),
  ),
  'standard-webhooks': { signature: standardWebhooks({ key: 'webhookSecret' }) },
  svix: { signature: standardWebhooks({ key: 'webhookSecret', prefix: 'svix' }) },
} as unknown as Readonly<Record<keyof BuiltInDefinitions | 'standard-webhooks' | 'svix', Schemes>>;
