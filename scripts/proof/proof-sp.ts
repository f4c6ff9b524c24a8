// Owns: a service provider that reads the identity provider's metadata now and then, as real ones do, and believes only
// the certificates that stood there when it last looked. Counts which certificate signed what.
import { createHash } from 'node:crypto';
import { bareSp } from '../../test/support/sign-in.ts';
import { type IdpDescription, makeSamlSp, readIdpMetadata, type SpIdentity } from '../saml-sp.ts';
import type { ProofSp } from './visitor.ts';

export interface ReadingSp extends ProofSp {
  readonly close: () => void;
}

/** Responses by certificate: the first 16 hex digits of its SHA-256. */
export type SignedCounts = Map<string, number>;

export interface ReadingSpParts {
  readonly identity: SpIdentity;
  readonly metadataUrl: string;
  /** Between two looks at the metadata. */
  readonly everyMs: number;
  readonly signed: SignedCounts;
}

/** Two service providers that exist as metadata and keys only: the visitors carry their messages. */
export function newIdentities(): Promise<readonly SpIdentity[]> {
  return Promise.all([bareSp(1), bareSp(2)]);
}

/** Reads the metadata once before it answers. */
export async function startReadingSp({ identity, metadataUrl, everyMs, signed }: ReadingSpParts): Promise<ReadingSp> {
  let known: IdpDescription = await readMetadata(metadataUrl);
  // Metadata that cannot be had just now changes nothing: what was read last stays.
  const timer = setInterval(() => {
    readMetadata(metadataUrl).then(
      (read) => {
        known = read;
      },
      () => {},
    );
  }, everyMs);
  const idp: IdpDescription = {
    entityId: known.entityId,
    ssoUrl: known.ssoUrl,
    get certificatePems() {
      return known.certificatePems;
    },
  };
  return {
    identity,
    saml: makeSamlSp(identity, idp),
    signedBy: (samlResponse) => {
      const named = namedCertificate(samlResponse);
      if (!known.certificatePems.map(fingerprintOf).includes(named)) {
        throw new Error('the response names a certificate that the metadata did not show');
      }
      signed.set(named, (signed.get(named) ?? 0) + 1);
    },
    close: () => clearInterval(timer),
  };
}

async function readMetadata(url: string): Promise<IdpDescription> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(5000) });
  if (!answer.ok) throw new Error(`the metadata's address answers ${answer.status}`);
  return readIdpMetadata(await answer.text());
}

function namedCertificate(samlResponse: string): string {
  const xml = Buffer.from(samlResponse, 'base64').toString('utf8');
  return fingerprintOf(/<(?:\w+:)?X509Certificate>([^<]+)</.exec(xml)?.[1] ?? '');
}

/** Of a certificate in PEM, or in base64 as it stands in XML. */
export function fingerprintOf(certificate: string): string {
  const der = Buffer.from(certificate.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return createHash('sha256').update(der).digest('hex').slice(0, 16);
}
