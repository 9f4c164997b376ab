import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';

/** The way in which a provider signs with a private key. */
export type PublicKeyAlgorithm =
  'rsa-sha256' | 'rsa-sha512' | 'rsa-pss-sha256' | 'ecdsa-sha256' | 'ecdsa-sha512' | 'ed25519';

interface SignatureOptions {
  /** `null` where the algorithm contains its own hash. */
  readonly hash: 'sha256' | 'sha512' | null;
  readonly keyType: 'rsa' | 'ec' | 'ed25519';
  readonly settings: { readonly padding?: number; readonly saltLength?: number };
  /** The name of the algorithm in RFC 7518. */
  readonly jws: string;
}

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING };

export const signatureOptions: Readonly<Record<PublicKeyAlgorithm, SignatureOptions>> = {
  'rsa-sha256': { hash: 'sha256', keyType: 'rsa', settings: {}, jws: 'RS256' },
  'rsa-sha512': { hash: 'sha512', keyType: 'rsa', settings: {}, jws: 'RS512' },
  'rsa-pss-sha256': { hash: 'sha256', keyType: 'rsa', settings: PSS, jws: 'PS256' },
  'ecdsa-sha256': { hash: 'sha256', keyType: 'ec', settings: {}, jws: 'ES256' },
  'ecdsa-sha512': { hash: 'sha512', keyType: 'ec', settings: {}, jws: 'ES512' },
  ed25519: { hash: null, keyType: 'ed25519', settings: {}, jws: 'EdDSA' },
};

/** Both encodings of an elliptic signature: two numbers of a fixed length one after the other, or DER. */
const DSA_ENCODINGS = ['ieee-p1363', 'der'] as const;

/** Whether a signature is right. With a key of another kind than the algorithm's, no signature is right. */
export function acceptsSignature(
  algorithm: PublicKeyAlgorithm,
  key: KeyObject,
  text: Buffer,
  signature: Buffer | undefined,
): boolean {
  const { hash, keyType, settings } = signatureOptions[algorithm];
  if (signature === undefined || key.asymmetricKeyType !== keyType) return false;
  const encodings = keyType === 'ec' ? DSA_ENCODINGS : ([undefined] as const);
  return encodings.some((dsaEncoding) => {
    try {
      return verify(hash, text, { key, ...settings, ...(dsaEncoding && { dsaEncoding }) }, signature);
    } catch {
      return false;
    }
  });
}

/** How many parsed keys are kept: about one per provider. Parsing a key takes longer than verifying a signature. */
const MOST_PARSED = 256;
const parsed = new Map<string, KeyObject>();

/**
 * The public key in a PEM. A private key gives its public half, so that a test can configure one key for both.
 *
 * @throws the error of `node:crypto` for a text that is no key
 */
export function publicKeyOf(pem: string): KeyObject {
  const known = parsed.get(pem);
  if (known !== undefined) return known;
  const key = createPublicKey(unescaped(pem));
  if (parsed.size >= MOST_PARSED) parsed.clear();
  parsed.set(pem, key);
  return key;
}

/** A PEM from an environment variable often has `\n` in place of its line breaks. */
export function unescaped(pem: string): string {
  return pem.replaceAll('\\n', '\n');
}
