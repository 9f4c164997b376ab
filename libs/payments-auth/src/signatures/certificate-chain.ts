import { type KeyObject, X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
/** The longest chain that is followed. */
const MOST_CERTIFICATES = 10;

/** The certificates at which a chain may end, in PEM. Each text may hold several of them. */
export type Authorities = readonly (string | Buffer)[];

/**
 * The key of the first certificate in a PEM, when a chain leads from it over the others to a root that Node trusts,
 * or to one of `authorities`. `undefined` when no chain does, or when a certificate of the chain is not valid now.
 */
export function trustedKey(pem: string, authorities: Authorities, nowMs: number): KeyObject | undefined {
  const [leaf, ...others] = certificatesIn(pem);
  if (leaf === undefined) return undefined;
  const known = [...trustedRoots(), ...authorities.flatMap((each) => certificatesIn(String(each)))];
  return leadsToRoot(leaf, others, known, nowMs, MOST_CERTIFICATES) ? leaf.publicKey : undefined;
}

function leadsToRoot(
  certificate: X509Certificate,
  others: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  nowMs: number,
  most: number,
): boolean {
  if (most === 0 || !isValid(certificate, nowMs)) return false;
  if (roots.some((root) => root.fingerprint256 === certificate.fingerprint256)) return true;
  if (roots.some((root) => isIssuer(root, certificate) && isValid(root, nowMs))) return true;
  return others.some(
    // Without `ca`, the holder of any certificate could issue another one.
    (issuer) =>
      issuer !== certificate &&
      issuer.ca &&
      isIssuer(issuer, certificate) &&
      leadsToRoot(
        issuer,
        others.filter((each) => each !== issuer),
        roots,
        nowMs,
        most - 1,
      ),
  );
}

function isIssuer(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return (
    issuer.subject === certificate.issuer &&
    certificate.checkIssued(issuer) &&
    certificate.verify(issuer.publicKey)
  );
}

function isValid({ validFrom, validTo }: X509Certificate, nowMs: number): boolean {
  return Date.parse(validFrom) <= nowMs && nowMs <= Date.parse(validTo);
}

let roots: readonly X509Certificate[] | undefined;

/** Node's own roots. They are parsed once, when the first certificate comes. */
function trustedRoots(): readonly X509Certificate[] {
  roots ??= rootCertificates.flatMap(certificatesIn);
  return roots;
}

/** A certificate that cannot be read is left out. */
function certificatesIn(pem: string): X509Certificate[] {
  return [...pem.matchAll(PEM)].slice(0, MOST_CERTIFICATES).flatMap(([text]) => {
    try {
      return [new X509Certificate(text)];
    } catch {
      return [];
    }
  });
}
