// Owns: XML signatures and Redirect signatures that Signet makes. Leaves to build.ts: the text that is signed.
//
// Nothing is parsed here: build.ts writes canonical text, so a signature costs two hashes and one private-key operation.
import { createPublicKey, hash as digestOf, type KeyObject, sign as signData } from 'node:crypto';
import { promisify } from 'node:util';
import {
  DIGEST_ALGORITHMS,
  type DigestAlgorithm,
  DSIG,
  ENVELOPED_SIGNATURE,
  EXCLUSIVE_C14N,
  SIGNATURE_ALGORITHMS,
  type SignatureAlgorithm,
} from './algorithms.ts';
import {
  canonical,
  element,
  type Fragment,
  indexOfChild,
  insertAt,
  type Namespace,
  prepare,
  seamAt,
  type XmlElement,
} from './build.ts';
import { type Certificate, isStrongKey, readCertificate } from './key.ts';

/** A private key with what its signatures say about it. */
export interface XmlSigner {
  readonly algorithm: SignatureAlgorithm;
  /** The URI of the algorithm, for SignatureMethod and SigAlg. */
  readonly algorithmUri: string;
  /** The signer's certificate as ds:X509Certificate has it. */
  readonly certificate: string;
  /** Never on the event loop's own time. ECDSA values are r | s (XML Signature 1.1 §6.4.3). */
  readonly sign: (data: Uint8Array) => Promise<Buffer>;
  /** ds:KeyInfo with the certificate, written once. */
  readonly keyInfo: Fragment;
  /** CanonicalizationMethod and SignatureMethod, written once. */
  readonly methods: readonly Fragment[];
}

/** How and where an element is signed. */
export interface Signing {
  /** Value of the element's ID attribute. */
  readonly id: string;
  readonly signer: XmlSigner;
  /** The schemas put the signature after saml:Issuer in messages and assertions, and first in metadata. */
  readonly after: 'Issuer' | 'start';
  readonly digest?: DigestAlgorithm;
}

/**
 * Makes a signer. Throws a TypeError when the key is weak (RSA below 2048 bits, an unusual curve), does not fit the
 * algorithm, or is not the key of the certificate.
 */
export function createXmlSigner(from: {
  readonly privateKey: KeyObject;
  readonly certificatePem: string;
  readonly algorithm: SignatureAlgorithm;
}): XmlSigner {
  const { privateKey, algorithm } = from;
  const { hash, key: keyType } = SIGNATURE_ALGORITHMS[algorithm];
  if (privateKey.type !== 'private' || privateKey.asymmetricKeyType !== keyType) {
    throw new TypeError(`${algorithm} needs a private ${keyType} key`);
  }
  if (!isStrongKey(privateKey)) throw new TypeError('the signing key is weaker than RSA-2048 or P-256');
  const certificate = readCertificate(from.certificatePem);
  if (certificate === null) throw new TypeError('the signing certificate cannot be read');
  if (!certificate.key.equals(createPublicKey(privateKey))) {
    throw new TypeError('the signing certificate is for another key');
  }
  // An RSA key goes as it is: the form with options costs a tenth of a signature more.
  const key = keyType === 'rsa' ? privateKey : { key: privateKey, dsaEncoding: 'ieee-p1363' as const };
  return xmlSigner({ algorithm, certificate, sign: (data) => signOnThreadPool(hash, data, key) });
}

/** The same for a private key that somebody else holds: `sign` makes signatures of the algorithm, over octets. */
export function xmlSigner(from: {
  readonly algorithm: SignatureAlgorithm;
  readonly certificate: Certificate;
  readonly sign: (data: Uint8Array) => Promise<Buffer>;
}): XmlSigner {
  const { algorithm, certificate, sign } = from;
  const { uri } = SIGNATURE_ALGORITHMS[algorithm];
  return {
    algorithm,
    algorithmUri: uri,
    certificate: certificate.base64,
    sign,
    keyInfo: prepare(ds('KeyInfo', {}, ds('X509Data', {}, ds('X509Certificate', {}, certificate.base64)))),
    methods: [
      prepare(ds('CanonicalizationMethod', { Algorithm: EXCLUSIVE_C14N })),
      prepare(ds('SignatureMethod', { Algorithm: uri })),
    ],
  };
}

/**
 * Signs an element as a whole (enveloped signature, exclusive canonicalization); the result may stand in another
 * element that is signed in turn. Throws a TypeError when the element has no such ID or no Issuer to sign after.
 * @see saml-core §5.4
 */
export async function signElement(
  root: XmlElement,
  { id, signer, after, digest = 'sha256' }: Signing,
): Promise<Fragment> {
  if (!NCNAME.test(id) || !root.attributes.some(([name, value]) => name === 'ID' && value === id)) {
    throw new TypeError('an element is signed by its ID attribute, which must be a name');
  }
  const issuer = indexOfChild(root, 'Issuer');
  if (after === 'Issuer' && issuer < 0) throw new TypeError('there is no Issuer to sign after');
  const seam = seamAt(root, after === 'Issuer' ? issuer + 1 : 0);
  const digestValue = digestOf(digest, seam.text, 'base64');
  const signedInfo = ds(
    'SignedInfo',
    {},
    ...signer.methods,
    ds(
      'Reference',
      { URI: `#${id}` },
      root.schemaTypes ? TRANSFORMS_WITH_SCHEMA_TYPES : TRANSFORMS,
      DIGEST_METHODS[digest],
      ds('DigestValue', {}, digestValue),
    ),
  );
  const value = await signer.sign(Buffer.from(canonical(signedInfo)));
  const signatureValue = ds('SignatureValue', {}, value.toString('base64'));
  return insertAt(seam, ds('Signature', {}, signedInfo, signatureValue, signer.keyInfo));
}

/**
 * Signs the octets of a Redirect message, `SAMLRequest=…[&RelayState=…]&SigAlg=…` exactly as they will be sent.
 * @see saml-bindings §3.4.4.1
 */
export function signQuery(octets: string, signer: XmlSigner): Promise<Buffer> {
  return signer.sign(Buffer.from(octets));
}

const signOnThreadPool = promisify(signData);

const NCNAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const DS: Namespace = { prefix: 'ds', uri: DSIG };
const EC: Namespace = { prefix: 'ec', uri: EXCLUSIVE_C14N };

function ds(
  localName: string,
  attributes: Readonly<Record<string, string>>,
  ...children: (XmlElement | Fragment | string)[]
) {
  return element(DS, localName, attributes, ...children);
}

function transforms(...parameters: readonly XmlElement[]): Fragment {
  return prepare(
    ds(
      'Transforms',
      {},
      ds('Transform', { Algorithm: ENVELOPED_SIGNATURE }),
      ds('Transform', { Algorithm: EXCLUSIVE_C14N }, ...parameters),
    ),
  );
}

const TRANSFORMS = transforms();
// The prefix in xsi:type="xs:string" is no visible use of it: without this its declaration would not be signed.
const TRANSFORMS_WITH_SCHEMA_TYPES = transforms(element(EC, 'InclusiveNamespaces', { PrefixList: 'xs' }));

const DIGEST_METHODS = {
  sha256: prepare(ds('DigestMethod', { Algorithm: DIGEST_ALGORITHMS.sha256 })),
  sha384: prepare(ds('DigestMethod', { Algorithm: DIGEST_ALGORITHMS.sha384 })),
  sha512: prepare(ds('DigestMethod', { Algorithm: DIGEST_ALGORITHMS.sha512 })),
} satisfies Record<DigestAlgorithm, Fragment>;
