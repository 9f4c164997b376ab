import { createPublicKey, sign } from 'node:crypto';

/** A part of a certificate in DER: a tag, a length, and the content. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

const sequence = (...parts: readonly Buffer[]) => der(0x30, ...parts);
const hexOf = (tag: number, hex: string) => der(tag, Buffer.from(hex, 'hex'));
const commonName = (name: string) =>
  sequence(der(0x31, sequence(hexOf(0x06, '550403'), der(0x0c, Buffer.from(name)))));
const time = (year: number) => der(0x18, Buffer.from(`${year}0101000000Z`));

/** ecdsa-with-SHA256. */
const ALGORITHM = sequence(hexOf(0x06, '2a8648ce3d040302'));

interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** The private half of the key that is certified. */
  readonly key: string;
  /** A private key on P-256. */
  readonly issuerKey: string;
  readonly isAuthority?: boolean;
}

/** An X.509 certificate (RFC 5280) in PEM, with only the parts that a check of the chain reads. */
export function certificate({
  subject,
  issuer,
  key,
  issuerKey,
  isAuthority = false,
}: CertificateFacts): string {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const constraints = sequence(
    hexOf(0x06, '551d13'),
    hexOf(0x01, 'ff'),
    der(0x04, sequence(...(isAuthority ? [hexOf(0x01, 'ff')] : []))),
  );
  const names = sequence(hexOf(0x06, '551d11'), der(0x04, sequence(der(0x82, Buffer.from(subject)))));
  const body = sequence(
    der(0xa0, hexOf(0x02, '02')),
    hexOf(0x02, isAuthority ? '01' : '02'),
    ALGORITHM,
    commonName(issuer),
    sequence(time(2020), time(2099)),
    commonName(subject),
    publicKey,
    der(0xa3, sequence(...(isAuthority ? [constraints] : [constraints, names]))),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, issuerKey));
  const lines =
    sequence(body, ALGORITHM, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
