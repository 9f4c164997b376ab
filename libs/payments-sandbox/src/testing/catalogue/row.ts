import type { WebhookEvent } from '../../signing/webhook-shape.js';

export type Keys = Readonly<Record<string, string>>;

/** A request as a provider's documents show it. */
export interface Sent {
  readonly method: string;
  readonly host?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The body for a status: an object to match, or the whole text. */
export type Expected = readonly [status: number, body: object | string];

/**
 * Examples from the documents of one provider. They are written apart from the counterpart, so that a test finds
 * a mistake in either of them.
 */
export interface Row {
  readonly login?: {
    readonly sent: (keys: Keys) => Sent;
    /** The object that the answer matches, and the path of the token in the answer. */
    readonly answer: object;
    readonly status?: number;
    readonly token: string;
    readonly wrong: Expected;
  };
  /** The headers of a call. `url` is the URL of the call, and `nowMs` the time of the sandbox. */
  readonly carries: (given: {
    readonly keys: Keys;
    readonly token: string;
    readonly method: string;
    readonly url: URL;
    readonly body: string;
    readonly nowMs: number;
  }) => Readonly<Record<string, string>>;
  readonly refused: Expected;
  readonly forbidden?: Expected;
  readonly webhooks?: readonly {
    readonly scheme: string;
    readonly keys: Keys;
    readonly event: WebhookEvent;
    readonly atMs?: number;
    readonly url?: string;
    readonly id?: string;
    /** A header, `query.name`, `body.name` or `form.name`, and its value in the vector. */
    readonly stands: readonly [where: string, value: string];
  }[];
}

export const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

export const asJson = (body: unknown) => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

export const asForm = (fields: Readonly<Record<string, string | undefined>>, authorization?: string) => ({
  headers: {
    'content-type': 'application/x-www-form-urlencoded',
    ...(authorization === undefined ? {} : { authorization }),
  },
  body: new URLSearchParams(fields as Record<string, string>).toString(),
});

export const bearer = ({ token }: { readonly token: string }) => ({ authorization: `Bearer ${token}` });

export const secretKey = ({ keys }: { readonly keys: Keys }) => ({
  authorization: `Bearer ${keys['secretKey']}`,
});
