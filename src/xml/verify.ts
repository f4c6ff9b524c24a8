// Owns: whether a signature that others made is good, and the only way to a SignedElement.
// Leaves to signature-shape.ts: what a signature must look like. Leaves to callers: whose keys these are.
//
// What is returned is parsed afresh from the octets that were digested. Nobody reads the first tree again
// (CVE-2024-45409, CVE-2025-29774, CVE-2025-29775, CVE-2025-47949, CVE-2025-54419).
import { createHash, type KeyObject, verify as verifyData } from 'node:crypto';
import type { Element } from '@xmldom/xmldom';
import { type HashAlgorithm, type SignatureAlgorithm as LibrarySignatureAlgorithm, SignedXml } from 'xml-crypto';
import {
  DIGEST_ALGORITHMS,
  ENVELOPED_SIGNATURE,
  EXCLUSIVE_C14N,
  SIGNATURE_ALGORITHMS,
  type SignatureAlgorithm,
  signatureAlgorithmOf,
} from './algorithms.ts';
import { isStrongKey } from './key.ts';
import { attribute, type ParsedXml, parseMessage } from './parse.ts';
import { readShape, type SignatureProblem, type SignatureShape, signatureProblem } from './signature-shape.ts';

class VerifiedElement {
  readonly kind = 'signed';
  /** The root as it was signed, without the signature. */
  readonly root: Element;
  /** The key that verified it. */
  readonly key: KeyObject;
  // Makes the type nominal: only verifySigned has the constructor.
  readonly #verified = true;

  constructor(root: Element, key: KeyObject) {
    this.root = root;
    this.key = key;
  }

  static is(value: unknown): value is VerifiedElement {
    return typeof value === 'object' && value !== null && #verified in value;
  }
}

/** An element that a known key has signed, as a whole. Only {@link verifySigned} makes one. */
export type SignedElement = VerifiedElement;

/** Whether a value came out of {@link verifySigned}; a look-alike did not. */
export function isSignedElement(value: unknown): value is SignedElement {
  return VerifiedElement.is(value);
}

/**
 * Verifies a message whose root is signed, with any of the keys. Keys that are weak, or of another kind than the
 * signature's algorithm, are passed over. Nothing in the message chooses the key: KeyInfo is not read.
 * @see saml-core §5.4
 */
export function verifySigned(text: string, keys: readonly KeyObject[]): SignedElement | SignatureProblem {
  const parsed = parseMessage(text);
  if (parsed.kind === 'xml-problem') return signatureProblem('xml', `${parsed.code}: ${parsed.detail}`);
  const shape = readShape(parsed);
  if ('kind' in shape) return shape;
  const usable = usableKeys(keys, shape.algorithm);
  if (usable.length === 0) return signatureProblem('no-usable-key', `none of ${keys.length} fits ${shape.algorithm}`);
  let problem = signatureProblem('invalid', '');
  for (const key of usable) {
    const result = verifyWith(key, parsed, shape);
    if (result.kind === 'signed') return result;
    problem = result;
  }
  return problem;
}

/**
 * Verifies the signature of a Redirect message over the octets of the query exactly as they arrived,
 * `SAMLRequest=…[&RelayState=…]&SigAlg=…`; null means good.
 * @see saml-bindings §3.4.4.1
 */
export function verifyQuerySignature(
  octets: string | Uint8Array,
  signature: Uint8Array,
  sigAlg: string,
  keys: readonly KeyObject[],
): SignatureProblem | null {
  const algorithm = signatureAlgorithmOf(sigAlg);
  if (algorithm === null) return signatureProblem('algorithm', `SigAlg '${sigAlg}'`);
  const usable = usableKeys(keys, algorithm);
  if (usable.length === 0) return signatureProblem('no-usable-key', `none of ${keys.length} fits ${algorithm}`);
  const data = Buffer.from(octets);
  const { hash, key: keyType } = SIGNATURE_ALGORITHMS[algorithm];
  // The binding means r | s for ECDSA; OpenSAML for Java sends DER. Their lengths and first bytes tell them apart for
  // OpenSSL, and a signature that verifies in either form was made by the key.
  const encodings = keyType === 'ec' ? (['ieee-p1363', 'der'] as const) : (['der'] as const);
  const good = usable.some((key) =>
    encodings.some((dsaEncoding) => verifyData(hash, data, { key, dsaEncoding }, signature)),
  );
  return good ? null : signatureProblem('invalid', 'the signature of the query is wrong');
}

function usableKeys(keys: readonly KeyObject[], algorithm: SignatureAlgorithm): readonly KeyObject[] {
  const { key: keyType } = SIGNATURE_ALGORITHMS[algorithm];
  return keys.filter((key) => key.type === 'public' && key.asymmetricKeyType === keyType && isStrongKey(key));
}

function verifyWith(key: KeyObject, message: ParsedXml, shape: SignatureShape): SignedElement | SignatureProblem {
  // A new one for each key: after a failure its state is not to be trusted. Only what is listed here is enabled; its
  // own defaults include SHA-1 and inclusive canonicalization. getCertFromKeyInfo stays unset, so it does nothing.
  const signed = new SignedXml({ publicCert: key });
  signed.SignatureAlgorithms = signatureAlgorithms;
  signed.HashAlgorithms = hashAlgorithms;
  signed.CanonicalizationAlgorithms = canonicalizations(signed);
  try {
    signed.loadSignature(shape.signature);
    if (signed.signatureAlgorithm !== shape.algorithmUri || signed.canonicalizationAlgorithm !== EXCLUSIVE_C14N) {
      return signatureProblem('structure', 'the signature reads in two ways');
    }
    const references = signed.getReferences();
    if (references.length !== 1 || references[0]?.uri !== `#${attribute(message.root, 'ID')}`) {
      return signatureProblem('reference', 'the signature refers to something else than the root');
    }
    if (signed.checkSignature(message.text) !== true) return signatureProblem('invalid', 'the digest is wrong');
  } catch (error) {
    return signatureProblem('invalid', error instanceof Error ? error.message : String(error));
  }
  return reread(signed.getSignedReferences(), message, key);
}

/** The tree of what was digested, which must be the root that was announced. */
function reread(canonical: readonly string[], message: ParsedXml, key: KeyObject): SignedElement | SignatureProblem {
  const [text, ...others] = canonical;
  if (text === undefined || others.length > 0) return signatureProblem('reference', `${canonical.length} references`);
  const parsed = parseMessage(text);
  if (parsed.kind === 'xml-problem') return signatureProblem('xml', `${parsed.code}: ${parsed.detail}`);
  const { root } = parsed;
  const same =
    root.localName === message.root.localName &&
    root.namespaceURI === message.root.namespaceURI &&
    attribute(root, 'ID') === attribute(message.root, 'ID');
  return same ? new VerifiedElement(root, key) : signatureProblem('reference', 'another element was signed');
}

/** RSA PKCS #1 v1.5, or ECDSA with r | s, over SHA-2, as xml-crypto wants them. */
function libraryAlgorithm(algorithm: SignatureAlgorithm): new () => LibrarySignatureAlgorithm {
  const { uri, hash } = SIGNATURE_ALGORITHMS[algorithm];
  return class implements LibrarySignatureAlgorithm {
    getAlgorithmName(): string {
      return uri;
    }
    getSignature(): never {
      throw new Error('xml-crypto verifies here, and never signs');
    }
    verifySignature(material: string, key: unknown, signatureValue: string): boolean {
      return (
        key instanceof Object &&
        verifyData(
          hash,
          Buffer.from(material),
          { key: key as KeyObject, dsaEncoding: 'ieee-p1363' },
          Buffer.from(signatureValue, 'base64'),
        )
      );
    }
  };
}

function libraryHash(hash: string, uri: string): new () => HashAlgorithm {
  return class implements HashAlgorithm {
    getAlgorithmName(): string {
      return uri;
    }
    getHash(xml: string): string {
      return createHash(hash).update(xml).digest('base64');
    }
  };
}

const signatureAlgorithms = Object.fromEntries(
  (Object.keys(SIGNATURE_ALGORITHMS) as SignatureAlgorithm[]).map((name) => [
    SIGNATURE_ALGORITHMS[name].uri,
    libraryAlgorithm(name),
  ]),
);

const hashAlgorithms = Object.fromEntries(
  Object.entries(DIGEST_ALGORITHMS).map(([hash, uri]) => [uri, libraryHash(hash, uri)]),
);

function canonicalizations({ CanonicalizationAlgorithms: all }: SignedXml): SignedXml['CanonicalizationAlgorithms'] {
  const own = [EXCLUSIVE_C14N, ENVELOPED_SIGNATURE] as const;
  const chosen: SignedXml['CanonicalizationAlgorithms'] = Object.create(null);
  for (const uri of own) {
    const algorithm = all[uri];
    if (algorithm !== undefined) chosen[uri] = algorithm;
  }
  return chosen;
}
