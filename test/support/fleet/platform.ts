/** The provider whose refresh tokens are good for one use. */
export const PROVIDER = 'mercadopago-oauth';

/** Where the platform keeps the refresh token of each merchant: a hash in Redis, as it might be a table of a database. */
export const TABLE = 'platform:refresh-tokens';

/** The steps of a rotation, in their order. */
export const STEPS = ['load', 'note', 'answer', 'save', 'saved', 'publish', 'published'] as const;
export type Step = (typeof STEPS)[number];

/** What a process of the platform is told. */
export interface PlatformSettings {
  readonly redisUrl: string;
  readonly baseUrl: string;
  /** A file that it writes to. */
  readonly journal: string;
  /** The platform's own client, the same for all merchants. */
  readonly client: { readonly clientId: string; readonly clientSecret: string };
  /** Whose refresh tokens it rotates, in this order, so many at once. */
  readonly accounts: readonly string[];
  readonly atOnce: number;
  /** It ends by SIGKILL when it reaches the step for the n-th time. */
  readonly dieAt?: { readonly step: Step; readonly hit: number };
}

/** What a process says of itself, in the order in which it happened. `atNs` is by a clock that all processes share. */
export type JournalEntry = { readonly atNs?: string } & (
  | { readonly type: 'open'; readonly account: string }
  | { readonly type: 'closed'; readonly account: string; readonly forMs: number }
  | { readonly type: 'event'; readonly event: string; readonly account: string }
  | { readonly type: 'error-line'; readonly text: string }
  | { readonly type: 'rotated'; readonly account: string }
  | { readonly type: 'failed'; readonly account: string; readonly code: string }
  | { readonly type: 'killed'; readonly step: Step; readonly account: string }
  | { readonly type: 'done' }
);
