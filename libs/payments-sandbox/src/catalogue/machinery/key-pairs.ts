import { checkPrimeSync, createECDH, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { SeededRandom } from '../../core/seeded-random.js';
import type { Invented } from './invented.js';

/** A private key in PEM, which is the same for the same seed. A rotation does not change it. */
const pem = (make: (random: SeededRandom) => KeyObject): Invented => ({
  rotates: false,
  invent: (random) => make(random).export({ type: 'pkcs8', format: 'pem' }).toString(),
});

const CURVES = {
  'P-256': ['prime256v1', 32],
  'P-521': ['secp521r1', 66],
} as const;

export const ecKey = (curve: keyof typeof CURVES): Invented =>
  pem((random) => {
    const [name, bytes] = CURVES[curve];
    // The first byte is 0: the number stays below the order of the curve.
    const d = Buffer.from(`00${random.hex(2 * bytes - 2)}`, 'hex');
    const ecdh = createECDH(name);
    ecdh.setPrivateKey(d);
    const point = ecdh.getPublicKey();
    const coordinate = (from: number) => point.subarray(from, from + bytes).toString('base64url');
    const jwk = {
      kty: 'EC',
      crv: curve,
      d: d.toString('base64url'),
      x: coordinate(1),
      y: coordinate(1 + bytes),
    };
    return createPrivateKey({ key: jwk, format: 'jwk' });
  });

/** PKCS #8 before the 32 bytes of an Ed25519 key (RFC 8410). */
const ED25519_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The seed and then the public key, in base64, as Coinbase issues them. */
export const ed25519Base64: Invented = {
  rotates: true,
  invent: (random) => {
    const seed = Buffer.from(random.hex(64), 'hex');
    const { x = '' } = createPublicKey(ed25519Of(seed)).export({ format: 'jwk' });
    return Buffer.concat([seed, Buffer.from(x, 'base64url')]).toString('base64');
  },
};

export function ed25519Of(seed: Buffer): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([ED25519_HEAD, seed.subarray(0, 32)]),
    format: 'der',
    type: 'pkcs8',
  });
}

/** Finding primes takes most of a second. So every merchant of one seed gets the same key, that of the platform. */
const rsaKeys = new Map<string, string>();

export const rsaKey: Invented = {
  rotates: false,
  invent: (_random, shared) => {
    const start = shared.hex(512);
    const found = rsaKeys.get(start) ?? pem(() => rsaFrom(start)).invent(shared, shared);
    rsaKeys.set(start, found);
    return found;
  },
};

function rsaFrom(hex: string): KeyObject {
  const [p, q] = [primeFrom(hex.slice(0, 256)), primeFrom(hex.slice(256))];
  const d = inverse(65_537n, (p - 1n) * (q - 1n));
  const parts = { n: p * q, e: 65_537n, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  const jwk = Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, encoded(value)]));
  return createPrivateKey({ key: { kty: 'RSA', ...jwk }, format: 'jwk' });
}

const SMALL_PRIMES = Array.from({ length: 1_000 }, (_, n) => 2 * n + 3).filter(
  (n) => !Array.from({ length: 30 }, (_, k) => 2 * k + 3).some((k) => k < n && n % k === 0),
);

/** The first prime of 1 024 bits from this number on, with both of its highest bits set. */
function primeFrom(hex: string): bigint {
  const start = BigInt(`0x${hex}`) | (3n << 1_022n) | 1n;
  const rests = SMALL_PRIMES.map((small) => Number(start % BigInt(small)));
  for (let step = 0; ; step += 2) {
    if (SMALL_PRIMES.some((small, index) => ((rests[index] ?? 0) + step) % small === 0)) continue;
    const candidate = start + BigInt(step);
    if (candidate % 65_537n !== 1n && checkPrimeSync(candidate)) return candidate;
  }
}

/** The modular inverse, by the extended Euclidean algorithm. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [rest, next, s, t] = [modulus, value % modulus, 0n, 1n];
  while (next !== 0n) {
    const quotient = rest / next;
    [rest, next] = [next, rest - quotient * next];
    [s, t] = [t, s - quotient * t];
  }
  return ((s % modulus) + modulus) % modulus;
}

function encoded(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url');
}
