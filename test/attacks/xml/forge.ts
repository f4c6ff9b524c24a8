// Owns: what the attacks on XML signatures share: a signer that signs anything, and two judges.
import assert from 'node:assert/strict';
import { createHash, createHmac, type KeyObject, sign } from 'node:crypto';
import { DOMParser, type Element } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';
import { DSIG, ENVELOPED_SIGNATURE, EXCLUSIVE_C14N } from '../../../src/xml/algorithms.ts';
import {
  type Attributes,
  type Child,
  canonical,
  element,
  type Fragment,
  indexOfChild,
  insertAt,
  type Namespace,
  seamAt,
  type XmlElement,
} from '../../../src/xml/build.ts';
import type { SignatureProblemCode } from '../../../src/xml/signature-shape.ts';
import { verifySigned } from '../../../src/xml/verify.ts';
import { rsaKey } from '../../xml/keys.ts';
import { authnRequest } from '../../xml/messages.ts';

/** The party whose key is registered, and the attacker, who has one too. */
export const [party, attacker] = await Promise.all([rsaKey(), rsaKey()]);

export const DS: Namespace = { prefix: 'ds', uri: DSIG };
export const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
export const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';

export function ds(localName: string, attributes: Attributes = {}, ...children: readonly Child[]): XmlElement {
  return element(DS, localName, attributes, ...children);
}

/** What may be unusual about a signature; what is absent is as it should be. The arithmetic is always right. */
export interface Forgery {
  readonly root?: XmlElement;
  readonly id?: string;
  readonly key?: KeyObject;
  readonly signatureUri?: string;
  readonly signatureHash?: string;
  /** HMAC with this secret instead of a signature. */
  readonly hmacSecret?: string;
  readonly canonicalization?: string;
  readonly digestUri?: string;
  readonly digestHash?: string;
  /** undefined: no attribute. */
  readonly uri?: string | undefined;
  readonly transforms?: readonly (string | XmlElement)[];
  readonly references?: (own: XmlElement) => readonly XmlElement[];
  /** More children of those elements. */
  readonly inSignedInfo?: readonly Child[];
  readonly inReference?: readonly Child[];
  readonly inSignatureMethod?: readonly Child[];
  readonly inDigestMethod?: readonly Child[];
  readonly inSignature?: readonly Child[];
}

/** Signs a request with any peculiarity. */
export function forge(forgery: Forgery = {}): string {
  return canonical(forgeFragment(forgery));
}

/** As {@link forge}, to stand in another element. */
export function forgeFragment(forgery: Forgery): Fragment {
  const root = forgery.root ?? authnRequest(forgery.id ?? '_request');
  const seam = seamAt(root, indexOfChild(root, 'Issuer') + 1);
  const digest = createHash(forgery.digestHash ?? 'sha256')
    .update(seam.text)
    .digest('base64');
  const uri = 'uri' in forgery ? forgery.uri : '#_request';
  const transforms = (forgery.transforms ?? [ENVELOPED_SIGNATURE, EXCLUSIVE_C14N]).map((given) =>
    typeof given === 'string' ? ds('Transform', { Algorithm: given }) : given,
  );
  const reference = ds(
    'Reference',
    { URI: uri },
    ds('Transforms', {}, ...transforms),
    ds('DigestMethod', { Algorithm: forgery.digestUri ?? SHA256 }, ...(forgery.inDigestMethod ?? [])),
    ds('DigestValue', {}, digest),
    ...(forgery.inReference ?? []),
  );
  const signatureUri = forgery.signatureUri ?? RSA_SHA256;
  const signedInfo = ds(
    'SignedInfo',
    {},
    ds('CanonicalizationMethod', { Algorithm: forgery.canonicalization ?? EXCLUSIVE_C14N }),
    ds('SignatureMethod', { Algorithm: signatureUri }, ...(forgery.inSignatureMethod ?? [])),
    ...(forgery.references?.(reference) ?? [reference]),
    ...(forgery.inSignedInfo ?? []),
  );
  const data = Buffer.from(canonical(signedInfo));
  const hash = forgery.signatureHash ?? 'sha256';
  const value =
    forgery.hmacSecret === undefined
      ? sign(hash, data, forgery.key ?? party.privateKey)
      : createHmac(hash, forgery.hmacSecret).update(data).digest();
  const signatureValue = ds('SignatureValue', {}, value.toString('base64'));
  return insertAt(seam, ds('Signature', {}, signedInfo, signatureValue, ...(forgery.inSignature ?? [])));
}

/** The README's way to use xml-crypto 6: take the first signature, check it, believe the document. */
export function isNaivelyAccepted(xml: string, key: KeyObject = party.publicKey): boolean {
  try {
    const document = new DOMParser({ onError: () => {} }).parseFromString(xml, 'text/xml');
    const [signature] = document.getElementsByTagNameNS(DSIG, 'Signature');
    if (signature === undefined) return false;
    const verifier = new SignedXml({ publicCert: key.export({ type: 'spki', format: 'pem' }).toString() });
    verifier.loadSignature(signature as never);
    return verifier.checkSignature(xml);
  } catch {
    return false;
  }
}

export interface Attack {
  readonly name: string;
  readonly xml: string;
  readonly code: SignatureProblemCode;
  /** Whether naive use falls for it; it shows that the attack is real and not just a broken message. */
  readonly naive: boolean;
  /** The same without the trick; a plain signed request unless given. */
  readonly twin?: string;
}

const plain = forge();

/** The attack is refused for the right reason, and its twin verifies. */
export function assertAttack({ xml, code, naive, twin = plain }: Attack): void {
  const result = verifySigned(xml, [party.publicKey]);
  assert.equal(
    result.kind === 'signed' ? 'accepted' : result.code,
    code,
    result.kind === 'signed' ? '' : result.detail,
  );
  assert.equal(isNaivelyAccepted(xml), naive, 'what naive use makes of it');
  assert.notEqual(xml, twin);
  signedRoot(twin);
}

/** The root of what was verified; fails unless it verifies. */
export function signedRoot(xml: string, key: KeyObject = party.publicKey): Element {
  const result = verifySigned(xml, [key]);
  if (result.kind !== 'signed') assert.fail(`${result.code}: ${result.detail}`);
  return result.root;
}
