/**
 * How a digest is made. `sha256-constant` is the hash of the credentials alone: the same in every message, and bound
 * to none.
 */
export type SignatureAlgorithm = 'hmac-sha256' | 'hmac-sha512' | 'sha256-constant';

/** How a digest is written. Compared to the letter: hex is lower case, base64 is padded. */
export type SignatureEncoding = 'hex' | 'base64';

/** Where a message carries its signature. */
export type SignatureLocation =
  /** The whole value of one header. */
  | { readonly header: string }
  /**
   * One header that lists pairs, as Stripe's `t=1700000000,v1=…` does. The signature may stand there more than once,
   * while the provider rotates its own keys; the timestamp stands there once.
   */
  | { readonly header: string; readonly list: { readonly signature: string; readonly timestamp: string } }
  /** A field at the top of the JSON body. */
  | { readonly field: string };

/** When a message was signed. Only where the timestamp is itself among what is signed. */
export interface SignatureTimestamp {
  /** The header it stands in; absent where it stands in the signature's own list. */
  readonly header?: string;
  /** @default 'seconds' */
  readonly unit?: 'seconds' | 'milliseconds';
  /** How far from now it may be, either way, in milliseconds. */
  readonly toleranceMs: number;
}

/** The two ways of ClickPesa's checksum. @see https://docs.clickpesa.com/home/checksum */
export type BodyFormat =
  /** The whole body as compact JSON, the keys of every object sorted. */
  | 'canonical'
  /** The values of the sorted top-level keys, one after the other: binds neither names nor boundaries. */
  | 'legacy';

/** Which {@link BodyFormat} applies. The merchant's setting, never the message's own word: that can be forged. */
export interface BodyFormatDefinition<F extends string = string> {
  readonly default: BodyFormat;
  /** The credential field in which the application says otherwise. */
  readonly credential?: F;
}

/** What a keyed signature covers. */
export type SignedPart<F extends string = string> =
  /** The body, byte for byte. */
  | 'raw-body'
  /** Text with `{timestamp}` and `{body}` in it: `{timestamp}.{body}`. */
  | { readonly template: string }
  /** The body as JSON, in a form of its own, without the fields that speak of the signature. */
  | {
      readonly json: BodyFormatDefinition<F>;
      readonly without: readonly string[];
    }
  /**
   * Some fields of an object, as a query string in the order of their names, with RFC 3986 encoding. The message
   * itself says which ones (`listedIn`), so `required` says what has to be among them.
   */
  | {
      readonly fieldsOf: string;
      readonly listedIn: string;
      readonly required: readonly string[];
    };

/** A message whose signature is made with a secret and with what it says. */
export interface KeyedWebhook<F extends string = string> {
  readonly algorithm: 'hmac-sha256' | 'hmac-sha512';
  /** The credential field that holds the key. With a list of credentials, each one's key is accepted. */
  readonly key: F;
  readonly signature: SignatureLocation;
  /** @default 'hex' */
  readonly encoding?: SignatureEncoding;
  readonly signed: SignedPart<F>;
  readonly timestamp?: SignatureTimestamp;
}

/** A message whose signature only shows that the sender knows the credentials. */
export interface ConstantWebhook<F extends string = string> {
  readonly algorithm: 'sha256-constant';
  /** The credential fields that are hashed, in this order. */
  readonly of: readonly F[];
  /** What stands between them. @default ':' */
  readonly separator?: string;
  readonly signature: SignatureLocation;
  /** @default 'hex' */
  readonly encoding?: SignatureEncoding;
  /** The call that says what really happened, where the provider documents one. */
  readonly confirmWith?: string;
}

/** A message that proves nothing: a hint to go and ask. */
export interface UnsignedWebhook {
  readonly algorithm: 'none';
  /** The fields of the body, or of the query of a GET, that name what to ask about. All of them must be there. */
  readonly fields: readonly string[];
  /** The call that has to be made before anything is believed. */
  readonly confirmWith: string;
}

/** How a provider proves that a message is its own. */
export type WebhookDefinition<F extends string = string> =
  KeyedWebhook<F> | ConstantWebhook<F> | UnsignedWebhook;

/** A signature that outgoing JSON bodies carry in a field of their own, once its key is configured. */
export interface BodySignatureDefinition<F extends string = string> {
  readonly algorithm: 'hmac-sha256';
  /** The credential field that holds the key; without a value, bodies go out unsigned. */
  readonly key: F;
  /** The field of the body that takes the signature, in lower-case hex. */
  readonly field: string;
  readonly format: BodyFormatDefinition<F>;
  /** Further fields of the body that the signature leaves out. */
  readonly without?: readonly string[];
}
