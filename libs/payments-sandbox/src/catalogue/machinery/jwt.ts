import { type KeyObject, verify } from 'node:crypto';

/** A JSON Web Token, or a detached JWS: its parts as they were sent. */
export interface ReadJwt {
  readonly header: Readonly<Record<string, unknown>>;
  /** Empty where the payload is detached. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signed: string;
  readonly signature: Buffer;
}

/** How each algorithm of RFC 7518 is checked by Node. */
const ALGORITHMS = {
  RS256: { hash: 'sha256' },
  ES256: { hash: 'sha256', dsaEncoding: 'ieee-p1363' },
  ES512: { hash: 'sha512', dsaEncoding: 'ieee-p1363' },
  EdDSA: { hash: null },
} as const;

/** Reads the parts, and does not check the signature. */
export function readJwt(text: string): ReadJwt | undefined {
  const [head = '', payload = '', signature = '', ...more] = text.split('.');
  const [header, claims] = [objectIn(head), payload === '' ? {} : objectIn(payload)];
  if (header === undefined || claims === undefined || signature === '' || more.length > 0) return undefined;
  return { header, claims, signed: `${head}.${payload}`, signature: Buffer.from(signature, 'base64url') };
}

/** The parts, if the signature is valid. @param detached the payload that is not in the text */
export function verifiedJwt(
  text: string,
  key: KeyObject,
  algorithm: keyof typeof ALGORITHMS,
  detached?: string | Buffer,
): ReadJwt | undefined {
  const jwt = readJwt(text);
  if (jwt?.header['alg'] !== algorithm) return undefined;
  const { hash, ...how } = ALGORITHMS[algorithm];
  const signed =
    detached === undefined ? jwt.signed : `${jwt.signed}${Buffer.from(detached).toString('base64url')}`;
  return verify(hash, Buffer.from(signed), { key, ...how }, jwt.signature) ? jwt : undefined;
}

function objectIn(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
