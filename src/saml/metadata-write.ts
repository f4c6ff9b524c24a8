// Owns: Signet's own metadata (saml-metadata §2.3, §2.4.3): what parties read to trust it.
import type { SubjectIdentifierKind } from '../core/subject-identifier.ts';
import { canonical, element, type XmlElement } from '../xml/build.ts';
import { signElement, type XmlSigner } from '../xml/sign.ts';
import { BINDING, NAME_ID_FORMAT, NS } from './names.ts';

export interface IdpMetadata {
  readonly entityId: string;
  /** `…/saml/idp/sso`. */
  readonly ssoUrl: string;
  /** base64 as in ds:X509Certificate: those in use first, then the next, so that parties trust it before it signs, and those whose signatures may still be on their way. */
  readonly certificates: readonly string[];
  readonly wantAuthnRequestsSigned: boolean;
  readonly errorUrl: string | null;
  /** Domains that Signet may assert scoped attributes of. */
  readonly scopes: readonly string[];
  readonly displayName: string | null;
  /** How long parties may go on with what they have read, in seconds (saml-metadata §2.3.2). */
  readonly cacheDuration: number;
}

/** In the order of preference when nobody asks. */
const FORMATS: readonly SubjectIdentifierKind[] = ['transient', 'persistent', 'emailAddress', 'unspecified'];

/** Writes the document; signed when a signer is given (`id`: the signed element's ID, new for every document). */
export async function writeIdpMetadata(
  metadata: IdpMetadata,
  signing: { readonly signer: XmlSigner; readonly id: string } | null,
): Promise<string> {
  const root = entityDescriptor(metadata, signing?.id);
  const text =
    signing === null
      ? canonical(root)
      : canonical(await signElement(root, { id: signing.id, signer: signing.signer, after: 'start' }));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${text}\n`;
}

function entityDescriptor(metadata: IdpMetadata, id: string | undefined): XmlElement {
  const attributes = { ID: id, cacheDuration: `PT${metadata.cacheDuration}S`, entityID: metadata.entityId };
  return md('EntityDescriptor', attributes, idpDescriptor(metadata));
}

function idpDescriptor(metadata: IdpMetadata): XmlElement {
  return md(
    'IDPSSODescriptor',
    {
      WantAuthnRequestsSigned: String(metadata.wantAuthnRequestsSigned),
      errorURL: metadata.errorUrl ?? undefined,
      protocolSupportEnumeration: NS.protocol.uri,
    },
    extensions(metadata),
    ...metadata.certificates.map(keyDescriptor),
    ...FORMATS.map((kind) => md('NameIDFormat', {}, NAME_ID_FORMAT[kind])),
    md('SingleSignOnService', { Binding: BINDING.redirect, Location: metadata.ssoUrl }),
    md('SingleSignOnService', { Binding: BINDING.post, Location: metadata.ssoUrl }),
  );
}

function extensions({ scopes, displayName }: IdpMetadata): XmlElement | undefined {
  if (scopes.length === 0 && displayName === null) return undefined;
  const ui =
    displayName === null
      ? undefined
      : element(NS.ui, 'UIInfo', {}, element(NS.ui, 'DisplayName', { 'xml:lang': 'en' }, displayName));
  return md(
    'Extensions',
    {},
    ...scopes.map((scope) => element(NS.shibboleth, 'Scope', { regexp: 'false' }, scope)),
    ui,
  );
}

function keyDescriptor(certificate: string): XmlElement {
  return md(
    'KeyDescriptor',
    { use: 'signing' },
    element(
      NS.signature,
      'KeyInfo',
      {},
      element(NS.signature, 'X509Data', {}, element(NS.signature, 'X509Certificate', {}, certificate)),
    ),
  );
}

function md(
  localName: string,
  attributes: Readonly<Record<string, string | undefined>>,
  ...children: readonly (XmlElement | string | undefined)[]
): XmlElement {
  return element(NS.metadata, localName, attributes, ...children);
}
