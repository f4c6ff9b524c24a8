// Owns: answering with Signet's own metadata. Leaves to wire.ts: on which listener.
import type { Body } from '../../core/reply.ts';
import type { Random } from '../../lib/random.ts';
import { type IdpMetadata, writeIdpMetadata } from '../../saml/metadata-write.ts';
import type { XmlSigner } from '../../xml/sign.ts';
import { newId } from './respond.ts';

export interface MetadataEndpoint {
  /** The document as it was written when the process started. */
  readonly reply: Body;
}

/** Writes, and signs if asked, once: the document changes only with the configuration. */
export async function createMetadataEndpoint(
  metadata: IdpMetadata,
  signer: XmlSigner | null,
  random: Random,
): Promise<MetadataEndpoint> {
  const text = await writeIdpMetadata(metadata, signer === null ? null : { signer, id: newId(random) });
  const headers = { 'Cache-Control': 'public, max-age=3600' };
  return { reply: { kind: 'body', status: 200, contentType: 'application/samlmetadata+xml', text, headers } };
}
