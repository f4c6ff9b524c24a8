// Owns: whether certificates lead from an authenticator's make to a configured root. RFC 5280 §6.1, as much as attestation needs.
// Why not the library's: it keeps roots in one global place, reads the clock itself, treats "no roots" as trusted, and
// fetches revocation lists from addresses that stand in certificates.
import { X509Certificate } from 'node:crypto';
import type { EpochSeconds } from '../lib/clock.ts';

const CHAIN_MAX = 6;
const WEAK = /md5|sha1/i;

/** Whether the chain, leaf first, ends at one of the roots and everything in it is valid now. No roots: never. */
export function leadsToRoot(
  chain: readonly Uint8Array[],
  roots: readonly X509Certificate[],
  now: EpochSeconds,
): boolean {
  if (chain.length === 0 || chain.length > CHAIN_MAX) return false;
  const certificates = chain.map(parse).filter((certificate) => certificate !== null);
  const last = certificates.at(-1);
  if (last === undefined || certificates.length < chain.length) return false;
  if (!certificates.every((certificate) => isValidAt(certificate, now) && isStrong(certificate))) return false;
  const linked = certificates.every((certificate, i) => {
    const issuer = certificates[i + 1];
    return issuer === undefined || isIssuedBy(certificate, issuer);
  });
  return linked && roots.some((root) => isValidAt(root, now) && (last.raw.equals(root.raw) || isIssuedBy(last, root)));
}

/** Only an authority may issue: otherwise any authenticator's own certificate could vouch for others. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isValidAt({ validFromDate, validToDate }: X509Certificate, now: EpochSeconds): boolean {
  return validFromDate.getTime() <= now * 1000 && now * 1000 <= validToDate.getTime();
}

function isStrong({ signatureAlgorithm }: X509Certificate): boolean {
  return signatureAlgorithm !== undefined && !WEAK.test(signatureAlgorithm);
}

function parse(certificate: Uint8Array): X509Certificate | null {
  try {
    return new X509Certificate(certificate);
  } catch {
    return null;
  }
}
