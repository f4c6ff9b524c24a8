// Owns: answering with Signet's own metadata. Leaves to node/listeners.ts: on which listener.
import type { Body } from '../../core/reply.ts';
import type { Random } from '../../lib/random.ts';
import { type IdpMetadata, writeIdpMetadata } from '../../saml/metadata-write.ts';
import type { SigningKeySet } from '../../signing/key-set-folder.ts';
import { newId } from './respond.ts';
import type { Signers } from './signers.ts';

export interface MetadataEndpointParts {
  /** What does not change while a node runs. */
  readonly metadata: Omit<IdpMetadata, 'certificates'>;
  readonly keys: () => SigningKeySet;
  readonly signers: () => Signers;
  /** Whether the document itself is signed. */
  readonly sign: boolean;
  readonly random: Random;
}

/** How long anybody between us and a party may keep the document, at most, in seconds. */
export const METADATA_MAX_AGE = 3600;

/** The document as it is now: written, and signed if asked, once for each set of signing keys. */
export function createMetadataEndpoint(parts: MetadataEndpointParts): () => Promise<Body> {
  let written: { readonly keys: SigningKeySet; readonly body: Promise<Body> } | null = null;
  return () => {
    const keys = parts.keys();
    if (written?.keys === keys) return written.body;
    const made = { keys, body: write(parts, keys) };
    written = made;
    // Whoever holds the key did not answer: the next one who asks tries again.
    made.body.catch(() => {
      if (written === made) written = null;
    });
    return made.body;
  };
}

async function write({ metadata, signers, sign, random }: MetadataEndpointParts, set: SigningKeySet): Promise<Body> {
  const certificates = set.keys.flatMap(({ certificate }) => (certificate === null ? [] : [certificate.base64]));
  const signing = sign ? { signer: signers().preferred, id: newId(random) } : null;
  const text = await writeIdpMetadata({ ...metadata, certificates }, signing);
  const maxAge = Math.min(METADATA_MAX_AGE, metadata.cacheDuration);
  const headers = { 'Cache-Control': `public, max-age=${maxAge}` };
  return { kind: 'body', status: 200, contentType: 'application/samlmetadata+xml', text, headers };
}
