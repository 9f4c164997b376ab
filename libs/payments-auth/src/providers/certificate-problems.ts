import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Credentials } from '../strategies/strategy.js';
import { isEncrypted } from './credential-value.js';

/** The problem with a credential, or with all of them where no field is named. It repeats no part of a value. */
export interface FieldProblem {
  readonly field?: string;
  readonly what: string;
}

/** The certificate that a definition has made from credentials. */
export interface MadeCertificate {
  readonly cert?: unknown;
  readonly key?: unknown;
  readonly pfx?: unknown;
  readonly passphrase?: unknown;
  readonly ca?: unknown;
}

/**
 * The problem with a client certificate; `undefined` when there is none.
 *
 * @param read the fields that `tls` has read
 */
export function certificateProblem(
  made: MadeCertificate,
  credentials: Credentials,
  read: readonly string[],
): FieldProblem | undefined {
  const { cert, key, pfx, passphrase, ca } = made;
  const at = (value: unknown, what: string): FieldProblem => {
    const field =
      fieldOf(value, credentials, value === key ? /key/i : /cert|crt|ca/i) ??
      onlyDecoded(made, credentials, read);
    if (field !== undefined) return { field, what };
    const parts = { cert, key, pfx, passphrase };
    const part = Object.entries(parts).find(([, each]) => each === value)?.[0] ?? 'ca';
    return { what: `the ${part} that tls returns ${what}` };
  };
  const noAuthority = [ca ?? []].flat().find((each) => !isCertificate(each));
  if (noAuthority !== undefined)
    return at(noAuthority, 'holds no certificate, and tls returns it as the certificate of an authority');
  if (pfx !== undefined) {
    const why = connectingProblem({ pfx: pfx as Buffer, ...opened(passphrase) });
    if (why === undefined) return undefined;
    return /mac verify|decrypt|password/i.test(why)
      ? at(passphrase, 'does not open the PKCS#12 file')
      : at(pfx, 'holds no PKCS#12 file with a certificate and its key');
  }
  if (typeof cert !== 'string' || typeof key !== 'string') return undefined;
  if (!isCertificate(cert)) return at(cert, `holds ${contentOf(cert)}, and a certificate is expected`);
  if (!key.includes('PRIVATE KEY-----'))
    return at(key, `holds ${contentOf(key)}, and a private key is expected`);
  try {
    const privateKey = createPrivateKey({ key: inLines(key), ...opened(passphrase) });
    if (!new X509Certificate(inLines(cert)).checkPrivateKey(privateKey))
      return at(key, `is not the key of the certificate${named(cert, credentials)}`);
  } catch {
    if (!isEncrypted(key)) return at(key, 'holds a private key that cannot be read');
    return passphrase === undefined
      ? at(key, 'is encrypted, and there is no passphrase for it')
      : at(passphrase, `does not open the private key${named(key, credentials)}`);
  }
  return connectingProblem({ cert: inLines(cert), key: inLines(key), ...opened(passphrase) }) === undefined
    ? undefined
    : at(cert, 'holds a certificate with which no connection can be made');
}

/** The kind of a PEM, in words. */
export function contentOf(pem: string): string {
  if (pem.includes('BEGIN CERTIFICATE-----')) return 'a certificate';
  if (pem.includes('PRIVATE KEY-----')) return 'a private key';
  return pem.includes('PUBLIC KEY-----') ? 'a public key' : 'something else';
}

/**
 * The field whose value a definition returns unchanged.
 *
 * @param likely matches the name of the field, where several fields have the same value: somebody may have given the
 *   certificate as the key too
 */
export function fieldOf(value: unknown, credentials: Credentials, likely = /./): string | undefined {
  if (value === undefined) return undefined;
  const fields = Object.keys(credentials).filter((name) => credentials[name] === value);
  return fields.find((name) => likely.test(name)) ?? fields[0];
}

/** The one field that `tls` has read and whose value it does not return unchanged: `tls` has decoded it. */
function onlyDecoded(
  { cert, key, pfx, passphrase, ca }: MadeCertificate,
  credentials: Credentials,
  read: readonly string[],
): string | undefined {
  const asTheyAre = [cert, key, pfx, passphrase, ca].flat();
  const [field, ...others] = read.filter(
    (name) => credentials[name] !== undefined && !asTheyAre.includes(credentials[name]),
  );
  return others.length === 0 ? field : undefined;
}

function named(value: unknown, credentials: Credentials): string {
  const field = fieldOf(value, credentials);
  return field === undefined ? '' : ` in "${field}"`;
}

function opened(passphrase: unknown): { passphrase?: string } {
  return typeof passphrase === 'string' ? { passphrase } : {};
}

function isCertificate(value: unknown): boolean {
  try {
    return Boolean(new X509Certificate(typeof value === 'string' ? inLines(value) : (value as Buffer)));
  } catch {
    return false;
  }
}

function connectingProblem(options: SecureContextOptions): string | undefined {
  try {
    createSecureContext(options);
    return undefined;
  } catch (error) {
    return String((error as { message?: unknown }).message);
  }
}

/** The PEM of a variable may have `\n` where its lines end. */
export function inLines(pem: string): string {
  return pem.replaceAll('\\n', '\n');
}
