import { constants, createHmac, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { isJsonObject } from './json-value.js';

/** The algorithms of RFC 7518 and RFC 8037 that payment providers ask for. */
export type JwsAlgorithm = 'HS256' | 'HS512' | KeyPairAlgorithm;
/** The algorithms that need a private key. */
export type KeyPairAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA';

/** The parts of a JWS before it is signed. */
export interface JwsParts {
  readonly algorithm: JwsAlgorithm;
  /** Further header parameters (`kid`, `typ`). */
  readonly header?: Readonly<Record<string, unknown>>;
  readonly payload: string | Uint8Array;
  /** Leaves the payload out of the result (RFC 7515, appendix F). @default false */
  readonly detached?: boolean;
}

/** Key type, curve, and the length of one of the two halves of an ECDSA signature. */
const CURVES = {
  ES256: { curve: 'prime256v1', named: 'P-256', bytes: 32 },
  ES384: { curve: 'secp384r1', named: 'P-384', bytes: 48 },
  ES512: { curve: 'secp521r1', named: 'P-521', bytes: 66 },
} as const;

/** RFC 7518, sections 3.3 and 3.5. */
const LEAST_RSA_BITS = 2_048;

/**
 * A JSON Web Signature (RFC 7515): compact, or detached. `alg` is the first header parameter.
 *
 * @param options.key for HS256 the shared secret, else a private key as PEM or JWK; line breaks of a PEM may be `\n`
 * @param options.header further header parameters; `b64: false` with `crit: ['b64']` is RFC 7797
 * @throws TypeError when the text is not a key, or not a key for the algorithm. No message repeats a part of a key.
 * @see https://www.rfc-editor.org/rfc/rfc7515
 */
export function jws(
  options: Omit<JwsParts, 'algorithm'> & {
    readonly algorithm: 'HS256' | KeyPairAlgorithm;
    readonly key: string;
  },
): string {
  return signedJws(options, options.key);
}

/** The same as {@link jws}, with HS512 too. */
export function signedJws(parts: JwsParts, key: string): string {
  const unsigned = new UnsignedJws(parts);
  return unsigned.signed(signatureOf(parts.algorithm, key, unsigned.bytes));
}

/** A JWS without its signature, for keys outside of the application. */
export class UnsignedJws {
  /** The bytes to sign. */
  readonly bytes: Uint8Array;
  readonly #algorithm: JwsAlgorithm;
  readonly #start: string;

  constructor(parts: JwsParts) {
    // A property that other code has set on `Object.prototype` is not read.
    const { algorithm, payload, detached = false, header: given } = { __proto__: null, ...parts } as JwsParts;
    const header = { __proto__: null, ...given } as Readonly<Record<string, unknown>>;
    if (header['alg'] !== undefined && header['alg'] !== algorithm)
      throw new TypeError(
        `jws: the header has alg ${JSON.stringify(header['alg'])}, but the algorithm is ${algorithm}; leave alg out of the header`,
      );
    const isEncoded = header['b64'] !== false;
    if (!isEncoded && !(detached && Array.isArray(header['crit']) && header['crit'].includes('b64')))
      throw new TypeError("jws: b64: false needs crit: ['b64'] and detached: true (RFC 7797)");
    const protectedHeader = base64url(JSON.stringify({ alg: algorithm, ...header }));
    const encoded = base64url(payload);
    this.#algorithm = algorithm;
    this.#start = `${protectedHeader}.${detached ? '' : encoded}.`;
    this.bytes = Buffer.concat([
      Buffer.from(`${protectedHeader}.`),
      isEncoded ? Buffer.from(encoded) : Buffer.from(payload as string),
    ]);
  }

  /** @param signature in the form of RFC 7518. An ECDSA signature may also be in DER, as a KMS returns it */
  signed(signature: Uint8Array): string {
    return this.#start + base64url(this.#plain(signature));
  }

  #plain(signature: Uint8Array): Uint8Array {
    if (!(this.#algorithm in CURVES)) return signature;
    const { bytes } = CURVES[this.#algorithm as keyof typeof CURVES];
    return signature.length === 2 * bytes ? signature : fromDer(signature, bytes);
  }
}

function signatureOf(algorithm: JwsAlgorithm, key: string, bytes: Uint8Array): Uint8Array {
  if (typeof key !== 'string' || key === '')
    throw new TypeError('jws: the key is empty. Give the shared secret, or a private key.');
  if (algorithm === 'HS256' || algorithm === 'HS512')
    return createHmac(algorithm === 'HS256' ? 'sha256' : 'sha512', secretBytes(key))
      .update(bytes)
      .digest();
  const privateKey = privateKeyOf(key);
  checkKey(algorithm, privateKey);
  switch (algorithm) {
    case 'RS256':
      return sign('sha256', bytes, privateKey);
    case 'PS256':
      return sign('sha256', bytes, {
        key: privateKey,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      });
    case 'EdDSA':
      return sign(null, bytes, privateKey);
    default:
      return sign(`sha${algorithm.slice(2)}`, bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  }
}

/**
 * Parsed keys are kept, because parsing a key takes as long as signing. Their number is bounded, because each merchant
 * may have its own key.
 */
const parsedKeys = new Map<string, KeyObject>();
const MOST_PARSED_KEYS = 256;

/**
 * A private key from a PEM (whose line breaks may be `\n`) or a JWK.
 *
 * @throws TypeError when it is neither
 */
export function privateKeyOf(text: string): KeyObject {
  let key = parsedKeys.get(text);
  if (key === undefined) {
    key = parsedKey(text);
    const oldest = parsedKeys.size < MOST_PARSED_KEYS ? undefined : parsedKeys.keys().next().value;
    if (oldest !== undefined) parsedKeys.delete(oldest);
    parsedKeys.set(text, key);
  }
  return key;
}

function parsedKey(text: string): KeyObject {
  try {
    if (text.trimStart().startsWith('{'))
      return createPrivateKey({ key: JSON.parse(text) as never, format: 'jwk' });
    return createPrivateKey(text.replaceAll('\\n', '\n'));
  } catch {
    // The error of JSON.parse quotes the text, so it is not passed on.
    throw new TypeError(
      'jws: the key is not a private key. Give a PEM (PKCS#8, PKCS#1 or SEC1, not encrypted) or a JWK.',
    );
  }
}

/** Checks the key, because Node signs with any key, and the receiver would refuse a signature by a wrong one. */
function checkKey(algorithm: KeyPairAlgorithm, key: KeyObject): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (algorithm in CURVES) {
    const { curve, named } = CURVES[algorithm as keyof typeof CURVES];
    if (type !== 'ec' || details?.namedCurve !== curve)
      throw new TypeError(
        `jws: ${algorithm} needs an EC key on the curve ${named}, and the key is ${kindOf(key)}`,
      );
  } else if (algorithm === 'EdDSA') {
    if (type !== 'ed25519' && type !== 'ed448')
      throw new TypeError(`jws: EdDSA needs an Ed25519 key, and the key is ${kindOf(key)}`);
  } else if (type !== 'rsa' && !(type === 'rsa-pss' && algorithm === 'PS256')) {
    throw new TypeError(`jws: ${algorithm} needs an RSA key, and the key is ${kindOf(key)}`);
  } else if ((details?.modulusLength ?? 0) < LEAST_RSA_BITS) {
    throw new TypeError(`jws: ${algorithm} needs an RSA key of at least ${LEAST_RSA_BITS} bits`);
  }
}

function kindOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  return [asymmetricKeyType, asymmetricKeyDetails?.namedCurve].filter(Boolean).join(' ');
}

/** The bytes of a shared secret, which is given as text or as a JWK. */
function secretBytes(key: string): Uint8Array {
  if (!key.startsWith('{')) return Buffer.from(key);
  try {
    const jwk: unknown = JSON.parse(key);
    const secret = isJsonObject(jwk) && jwk['kty'] === 'oct' ? jwk['k'] : undefined;
    if (typeof secret === 'string') return Buffer.from(secret, 'base64url');
  } catch {
    // The text is not a JWK, but a secret that begins with a brace.
  }
  return Buffer.from(key);
}

/** The two numbers of an ECDSA signature side by side (RFC 7518, section 3.4). DER writes them with their lengths. */
function fromDer(der: Uint8Array, bytes: number): Uint8Array {
  const wrong = new TypeError(
    `jws: the signer returned ${der.length} bytes; expected a signature of ${2 * bytes} bytes, or DER`,
  );
  let at = 0;
  const next = (tag: number): number => {
    if (der[at++] !== tag) throw wrong;
    const length = der[at++] ?? 0;
    // Two numbers of P-521 take more than 127 bytes, and then the length has a byte of its own.
    return length === 0x81 ? (der[at++] ?? 0) : length;
  };
  if (next(0x30) !== der.length - at) throw wrong;
  const halves = [0, 1].map(() => {
    const length = next(0x02);
    const number = Buffer.from(der.subarray(at, (at += length)));
    const significant = number.subarray(number.findIndex((byte) => byte !== 0));
    if (number.length !== length || significant.length > bytes) throw wrong;
    return Buffer.concat([Buffer.alloc(bytes - significant.length), significant]);
  });
  if (at !== der.length) throw wrong;
  return Buffer.concat(halves);
}

function base64url(data: string | Uint8Array): string {
  return Buffer.from(data as string).toString('base64url');
}
