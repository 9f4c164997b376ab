import { createHash, createPublicKey, verify } from 'node:crypto';
import type { ReceivedRequest } from '../../core/received-request.js';
import { header } from './counterpart.js';

/** The parts that a signature of RFC 9421 covers, as `Signature-Input` lists them. */
interface Covered {
  readonly components: readonly string[];
  /** The value as it was sent: the components in brackets, and the parameters. */
  readonly input: string;
}

/** Reads the parts of a request. */
type Part = (component: string) => string | undefined;

/** `label=("@method" "@authority" …);created=…;keyid="…"` */
export function coveredBy(signatureInput: string, label: string): Covered | undefined {
  const input = signatureInput.startsWith(`${label}=(`) ? signatureInput.slice(label.length + 1) : undefined;
  const list = /^\(([^)]*)\)/.exec(input ?? '')?.[1];
  if (input === undefined || list === undefined) return undefined;
  return { input, components: [...list.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name) };
}

/** The signature base (RFC 9421, section 2.5); `undefined` where a component is missing. */
export function signatureBase({ components, input }: Covered, part: Part): string | undefined {
  const values = components.map(part);
  if (values.includes(undefined)) return undefined;
  const lines = components.map((name, index) => `"${name}": ${values[index] ?? ''}`);
  return [...lines, `"@signature-params": ${input}`].join('\n');
}

/** A named parameter: `keyid`, `created`. */
export function parameterOf({ input }: Covered, name: string): string | undefined {
  return new RegExp(`;${name}="?([^";]+)"?`).exec(input)?.[1];
}

export function partsOf(request: ReceivedRequest): Part {
  const [path = ''] = request.url.split('?');
  const derived: Readonly<Record<string, string>> = {
    '@method': request.method,
    '@authority': header(request, 'host'),
    '@path': path,
    '@request-target': request.url,
  };
  return (name) => derived[name] ?? (header(request, name) || undefined);
}

/** Whether `Content-Digest` is the digest of the bytes that arrived. Both spellings of SHA-256 are in use. */
export function digestHolds(request: ReceivedRequest): boolean {
  const [, name = '', value] = /^(sha-?256|sha-512)=:([^:]+):$/.exec(header(request, 'content-digest')) ?? [];
  const hash = name === 'sha-512' ? 'sha512' : 'sha256';
  return value === createHash(hash).update(request.body).digest('base64');
}

/** The bytes between the colons of `label=:…:`. */
export function signatureBytes(value: string, label: string): Buffer {
  const [, encoded = ''] = new RegExp(`^${label}=:([^:]+):$`).exec(value) ?? [];
  return Buffer.from(encoded, 'base64');
}

/** ECDSA in either encoding: documents and samples disagree. */
export function ecdsaHolds(
  hash: 'sha256' | 'sha512',
  base: string,
  privatePem: string,
  bytes: Buffer,
): boolean {
  const key = createPublicKey(privatePem);
  return (['der', 'ieee-p1363'] as const).some((dsaEncoding) => {
    try {
      return verify(hash, Buffer.from(base), { key, dsaEncoding }, bytes);
    } catch {
      return false;
    }
  });
}
