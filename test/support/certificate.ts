import {
  createHash,
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';

/** A TLS identity of one test. Only the test itself trusts it. */
export interface Certificate {
  /** PEM. */
  readonly key: string;
  /** PEM. A client also takes it as its authority. */
  readonly cert: string;
}

const HOUR_MS = 3_600_000;

export interface CertificateOptions {
  /** The certificate that signs it. @default itself */
  readonly by?: Certificate;
  /** Whether it may sign other certificates. @default false */
  readonly isAuthority?: boolean;
  /** When it ends. @default tomorrow */
  readonly endsAtMs?: number;
  /** The key that it certifies. @default a new one on P-256 */
  readonly keyPair?: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
}

/**
 * Makes an X.509 certificate (RFC 5280) for `names`. So a machine that runs the tests does not need `openssl`, and the
 * repository holds no private key.
 */
export function createCertificate(
  names: readonly string[] = ['localhost', '127.0.0.1'],
  { by, isAuthority = false, endsAtMs = Date.now() + 24 * HOUR_MS, keyPair }: CertificateOptions = {},
): Certificate {
  const { privateKey, publicKey } = keyPair ?? generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = nameOf(names[0] ?? 'test');
  const issuer = by === undefined ? name : nameOf(new X509Certificate(by.cert).subject.replace('CN=', ''));
  const alternatives = sequence(objectId('551d11'), octets(sequence(...names.map(generalName))));
  const maySign = sequence(objectId('551d13'), yes(), octets(sequence(yes())));
  const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'));
  const toBeSigned = sequence(
    tagged(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ecdsaWithSha256,
    issuer,
    sequence(utcTime(Math.min(Date.now(), endsAtMs) - HOUR_MS), utcTime(endsAtMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(alternatives, ...(isAuthority ? [maySign] : []))),
  );
  const signature = bits(sign('sha256', toBeSigned, by?.key ?? privateKey));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: pem('CERTIFICATE', sequence(toBeSigned, ecdsaWithSha256, signature)),
  };
}

/** 1.2.840.113549.1, the root of all object identifiers of PKCS, and those of PKCS#12 and its parts. */
const PKCS = '2a864886f70d01';
const DATA = `${PKCS}0701`;
const KEY_BAG = `${PKCS}0c0a0101`;
const CERTIFICATE_BAG = `${PKCS}0c0a0103`;
const X509_CERTIFICATE = `${PKCS}091601`;
const ROUNDS = 2048;

/** A certificate and its key in one file (PKCS#12, RFC 7292), sealed with a passphrase, the key inside in clear. */
export function pkcs12({ key, cert }: Certificate, passphrase: string): Buffer {
  const bag = (kind: string, content: Buffer) => sequence(objectId(kind), tagged(0xa0, content));
  const bags = sequence(
    bag(KEY_BAG, createPrivateKey(key).export({ type: 'pkcs8', format: 'der' })),
    bag(
      CERTIFICATE_BAG,
      sequence(objectId(X509_CERTIFICATE), tagged(0xa0, octets(new X509Certificate(cert).raw))),
    ),
  );
  const data = (content: Buffer) => sequence(objectId(DATA), tagged(0xa0, octets(content)));
  const safe = sequence(data(bags));
  const salt = randomBytes(8);
  const mac = createHmac('sha1', macKey(passphrase, salt)).update(safe).digest();
  const sha1 = sequence(objectId('2b0e03021a'), tagged(0x05));
  const rounds = Buffer.alloc(2);
  rounds.writeUInt16BE(ROUNDS);
  return sequence(
    integer(Buffer.of(3)),
    data(safe),
    sequence(sequence(sha1, octets(mac)), octets(salt), integer(rounds)),
  );
}

/** Derives the key of a MAC with SHA-1 (RFC 7292, appendix B.2). The key fits into one block. */
function macKey(passphrase: string, salt: Buffer): Buffer {
  const secret = Buffer.from(`${passphrase}\0`, 'utf16le').swap16();
  let key: Buffer = Buffer.concat([Buffer.alloc(64, 3), inBlocks(salt), inBlocks(secret)]);
  for (let round = 0; round < ROUNDS; round += 1) key = createHash('sha1').update(key).digest();
  return key;
}

/** Repeats the bytes until they fill blocks of 64 bytes. */
function inBlocks(text: Buffer): Buffer {
  return Buffer.alloc(64 * Math.ceil(text.length / 64), text);
}

function nameOf(commonName: string): Buffer {
  return sequence(set(sequence(objectId('550403'), utf8(commonName))));
}

function generalName(name: string): Buffer {
  if (isIP(name) === 4) return tagged(0x87, Buffer.from(name.split('.').map(Number)));
  return tagged(0x82, Buffer.from(name, 'latin1'));
}

/** One element of DER (X.690): tag, length, value. */
function tagged(tag: number, ...contents: Buffer[]): Buffer {
  const value = Buffer.concat(contents);
  const { length } = value;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), value]);
}

const yes = () => tagged(0x01, Buffer.of(0xff));
const sequence = (...contents: Buffer[]) => tagged(0x30, ...contents);
const set = (...contents: Buffer[]) => tagged(0x31, ...contents);
const integer = (value: Buffer) => tagged(0x02, value);
const bits = (value: Buffer) => tagged(0x03, Buffer.of(0), value);
const octets = (value: Buffer) => tagged(0x04, value);
const objectId = (hex: string) => tagged(0x06, Buffer.from(hex, 'hex'));
const utf8 = (text: string) => tagged(0x0c, Buffer.from(text));
const utcTime = (atMs: number) =>
  tagged(0x17, Buffer.from(`${new Date(atMs).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`));

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
