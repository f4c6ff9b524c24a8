// Owns: XML Encryption of what Signet sends. Leaves to callers: when to encrypt (sign first, then encrypt).
//
// xml-encryption makes the ciphertexts. Its XML comes from a template with white space that a signature around it would
// have to cover, so only the ciphertexts are taken and build.ts writes the elements.
// @see XML Encryption 1.1; saml-core §6
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { Element } from '@xmldom/xmldom';
import { type EncryptOptions, encrypt } from 'xml-encryption';
import { DIGEST_ALGORITHMS, DSIG } from './algorithms.ts';
import { canonical, element, type Fragment, type Namespace, prepare, type XmlElement } from './build.ts';
import { type Certificate, isStrongKey } from './key.ts';
import { child, isXmlProblem, parseMetadata, textOf } from './parse.ts';

const XENC: Namespace = { prefix: 'xenc', uri: 'http://www.w3.org/2001/04/xmlenc#' };
const XENC11: Namespace = { prefix: 'xenc11', uri: 'http://www.w3.org/2009/xmlenc11#' };
const DS: Namespace = { prefix: 'ds', uri: DSIG };

/** How the content is encrypted. CBC is not authenticated: only for a party that knows nothing better. */
export const CONTENT_ALGORITHMS = {
  'aes256-gcm': 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
  'aes128-gcm': 'http://www.w3.org/2009/xmlenc11#aes128-gcm',
  'aes256-cbc': 'http://www.w3.org/2001/04/xmlenc#aes256-cbc',
} as const;
export type ContentAlgorithm = keyof typeof CONTENT_ALGORITHMS;

/** How the content key is wrapped; RSA PKCS #1 v1.5 is not among them. `mgf`: the hash of MGF1 where it is written. */
export const KEY_TRANSPORTS = {
  // SHA-1 has no weakness that matters inside OAEP, and xmlsec1 1.2 (mellon, lasso) reads nothing else.
  'rsa-oaep-mgf1p': { uri: 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p', digest: 'sha1', mgf: null },
  'rsa-oaep-mgf1p-sha256': { uri: 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p', digest: 'sha256', mgf: null },
  'rsa-oaep-sha256': { uri: 'http://www.w3.org/2009/xmlenc11#rsa-oaep', digest: 'sha256', mgf: 'sha256' },
} as const;
export type KeyTransport = keyof typeof KEY_TRANSPORTS;

/** Whom to encrypt for, and how; made once per party. */
export interface Recipient {
  readonly key: KeyObject;
  readonly certificatePem: string;
  readonly contentAlgorithm: ContentAlgorithm;
  readonly keyTransport: KeyTransport;
  /** The two EncryptionMethod elements, written once. */
  readonly contentMethod: Fragment;
  readonly keyMethod: Fragment;
}

/** Makes a recipient. Throws a TypeError unless the certificate has an RSA key of at least 2048 bits. */
export function createRecipient(from: {
  readonly certificate: Certificate;
  readonly contentAlgorithm: ContentAlgorithm;
  readonly keyTransport: KeyTransport;
}): Recipient {
  const { certificate, contentAlgorithm, keyTransport } = from;
  if (certificate.key.asymmetricKeyType !== 'rsa' || !isStrongKey(certificate.key)) {
    throw new TypeError('encryption needs a certificate with an RSA key of at least 2048 bits');
  }
  const { uri, digest, mgf } = KEY_TRANSPORTS[keyTransport];
  return {
    key: certificate.key,
    certificatePem: `-----BEGIN CERTIFICATE-----\n${certificate.base64}\n-----END CERTIFICATE-----\n`,
    contentAlgorithm,
    keyTransport,
    contentMethod: prepare(element(XENC, 'EncryptionMethod', { Algorithm: CONTENT_ALGORITHMS[contentAlgorithm] })),
    keyMethod: prepare(
      element(
        XENC,
        'EncryptionMethod',
        { Algorithm: uri },
        element(DS, 'DigestMethod', { Algorithm: DIGEST_URIS[digest] }),
        mgf === null ? undefined : element(XENC11, 'MGF', { Algorithm: MGF_URIS[mgf] }),
      ),
    ),
  };
}

/** Encrypts an element under a fresh key for the recipient: an xenc:EncryptedData with the wrapped key inside. */
export async function encryptElement(content: Fragment | XmlElement, recipient: Recipient): Promise<XmlElement> {
  const { key, certificatePem, contentAlgorithm, keyTransport, contentMethod, keyMethod } = recipient;
  const { uri, digest, mgf } = KEY_TRANSPORTS[keyTransport];
  const options: EncryptOptions = {
    rsa_pub: key.export({ type: 'spki', format: 'pem' }),
    pem: certificatePem,
    encryptionAlgorithm: CONTENT_ALGORITHMS[contentAlgorithm],
    keyEncryptionAlgorithm: uri,
    keyEncryptionDigest: digest,
    // The library counts CBC among these; it is the one that a party may ask for, and it stands in its settings.
    disallowEncryptionWithInsecureAlgorithm: contentAlgorithm !== 'aes256-cbc',
    warnInsecureAlgorithm: false,
  };
  if (mgf !== null) options.keyEncryptionMgf = mgf;
  const { wrappedKey, ciphertext } = takeCiphertexts(await encryptText(canonical(content), options));
  const encryptedKey = element(XENC, 'EncryptedKey', {}, keyMethod, cipherData(wrappedKey));
  return element(
    XENC,
    'EncryptedData',
    { Type: 'http://www.w3.org/2001/04/xmlenc#Element' },
    contentMethod,
    element(DS, 'KeyInfo', {}, encryptedKey),
    cipherData(ciphertext),
  );
}

const DIGEST_URIS = { sha1: 'http://www.w3.org/2000/09/xmldsig#sha1', sha256: DIGEST_ALGORITHMS.sha256 } as const;
const MGF_URIS = { sha256: 'http://www.w3.org/2009/xmlenc11#mgf1sha256' } as const;

const encryptText = promisify(encrypt);

function cipherData(base64: string): XmlElement {
  return element(XENC, 'CipherData', {}, element(XENC, 'CipherValue', {}, base64));
}

function takeCiphertexts(xml: string | undefined): { readonly wrappedKey: string; readonly ciphertext: string } {
  const parsed = parseMetadata(xml ?? '');
  if (parsed.kind === 'xml-problem') throw new Error(`xml-encryption wrote XML that cannot be read: ${parsed.detail}`);
  const { root } = parsed;
  const encryptedKey = path(root, [DS, 'KeyInfo'], [XENC, 'EncryptedKey']);
  return { wrappedKey: cipherValue(encryptedKey), ciphertext: cipherValue(root) };
}

function cipherValue(holder: Element): string {
  const text = textOf(path(holder, [XENC, 'CipherData'], [XENC, 'CipherValue']));
  if (isXmlProblem(text)) throw new Error('xml-encryption wrote an empty ciphertext');
  return text;
}

function path(from: Element, ...steps: readonly (readonly [Namespace, string])[]): Element {
  let at = from;
  for (const [{ uri }, name] of steps) {
    const next = child(at, uri, name);
    if (next === null || isXmlProblem(next)) throw new Error(`xml-encryption wrote no single ${name}`);
    at = next;
  }
  return at;
}
