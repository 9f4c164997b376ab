/** The provider whose refresh tokens are good for one use. */
export const PROVIDER = 'mercadopago-oauth';

/** Where the platform keeps the refresh token of each merchant: a hash in Redis, as it might be a table of a database. */
export const TABLE = 'platform:refresh-tokens';

/** The steps of a rotation, in their order. */
export const STEPS = ['load', 'note', 'answer', 'save', 'saved', 'publish', 'published'] as const;
export type Step = (typeof STEPS)[number];

/** The settings of a process of the platform. */
export interface PlatformSettings {
  readonly redisUrl: string;
  readonly baseUrl: string;
  /** A file that it writes to. */
  readonly journal: string;
  /** The platform's own client, the same for all merchants. */
  readonly client: { readonly clientId: string; readonly clientSecret: string };
  /** The merchants whose refresh tokens the process rotates, in this order. */
  readonly accounts: readonly string[];
  /** How many merchants it rotates at the same time. */
  readonly atOnce: number;
  /** The process kills itself with SIGKILL when it reaches the step for the n-th time (`hit`). */
  readonly dieAt?: { readonly step: Step; readonly hit: number };
}

/** An entry in the journal of a process. `atNs` is the time of a clock that all processes share. */
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
