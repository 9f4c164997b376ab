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
