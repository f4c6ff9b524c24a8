// Owns: what a ds:Signature must look like before any cryptography, and before xml-crypto sees it.
// Leaves to verify.ts: whether it is valid.
//
// xml-crypto finds parts of a signature by local name anywhere below it, and accepts documents that sign something else
// than what is read. So only one shape passes: one signature, a child of the root, over the whole root.
import type { Element } from '@xmldom/xmldom';
import {
  DIGEST_ALGORITHMS,
  DSIG,
  ENVELOPED_SIGNATURE,
  EXCLUSIVE_C14N,
  type SignatureAlgorithm,
  signatureAlgorithmOf,
} from './algorithms.ts';
import { attribute, childElements, isXmlProblem, type ParsedXml, textOf } from './parse.ts';

/** Why a signature was not accepted. `unsigned`: there is none at all. */
export type SignatureProblemCode =
  | 'xml'
  | 'unsigned'
  | 'several-signatures'
  | 'misplaced'
  | 'structure'
  | 'algorithm'
  | 'reference'
  | 'duplicate-id'
  | 'no-usable-key'
  | 'invalid';

export interface SignatureProblem {
  readonly kind: 'signature-problem';
  readonly code: SignatureProblemCode;
  /** For the log. */
  readonly detail: string;
}

/** A signature of the one accepted shape; nothing has been verified. */
export interface SignatureShape {
  readonly signature: Element;
  readonly algorithm: SignatureAlgorithm;
  readonly algorithmUri: string;
}

type Finding = SignatureProblem | null;

/** Makes a refusal. */
export function signatureProblem(code: SignatureProblemCode, detail: string): SignatureProblem {
  return { kind: 'signature-problem', code, detail };
}

/** Finds the signature of a document and checks its shape. */
export function readShape({ root }: ParsedXml): SignatureShape | SignatureProblem {
  const census: Census = { signatures: [], signedInfos: 0, ids: new Set(), duplicate: null };
  count(root, census);
  const [signature] = census.signatures;
  if (signature === undefined) return signatureProblem('unsigned', 'there is no signature');
  if (census.signatures.length > 1) return signatureProblem('several-signatures', `${census.signatures.length}`);
  if (signature.parentNode !== root) return signatureProblem('misplaced', 'the signature is not a child of the root');
  if (census.duplicate !== null) return signatureProblem('duplicate-id', census.duplicate);
  // xml-crypto looks for the namespaces around "the" SignedInfo by its local name in the whole document.
  if (census.signedInfos !== 1) return signatureProblem('structure', `${census.signedInfos} elements named SignedInfo`);
  const parts = named(signature, [['SignedInfo', 'SignatureValue'], ['KeyInfo']]);
  const methods =
    parts?.SignedInfo && named(parts.SignedInfo, [['CanonicalizationMethod', 'SignatureMethod', 'Reference'], []]);
  if (!parts?.SignatureValue || !methods?.CanonicalizationMethod || !methods.SignatureMethod || !methods.Reference) {
    return signatureProblem('structure', 'other elements than one SignedInfo, with one Reference, and its value');
  }
  const algorithmUri = attribute(methods.SignatureMethod, 'Algorithm') ?? '';
  const algorithm = signatureAlgorithmOf(algorithmUri);
  if (algorithm === null) return signatureProblem('algorithm', `signature algorithm '${algorithmUri}'`);
  const problem =
    checkCanonicalization(methods.CanonicalizationMethod) ??
    checkEmpty(methods.SignatureMethod) ??
    checkReference(methods.Reference, root) ??
    checkBase64(parts.SignatureValue);
  return problem ?? { signature, algorithm, algorithmUri };
}

interface Census {
  readonly signatures: Element[];
  signedInfos: number;
  readonly ids: Set<string>;
  duplicate: string | null;
}

/** xml-crypto resolves a reference through any of these, whatever their namespace, so each value may be there once. */
const ID_NAMES = new Set(['ID', 'Id', 'id']);

function count(node: Element, census: Census): void {
  if (node.localName === 'Signature' && node.namespaceURI === DSIG) census.signatures.push(node);
  if (node.localName === 'SignedInfo') census.signedInfos += 1;
  for (const { localName, value } of node.attributes) {
    if (localName === null || !ID_NAMES.has(localName)) continue;
    if (census.ids.has(value)) census.duplicate = value;
    census.ids.add(value);
  }
  for (const inner of childElements(node)) count(inner, census);
}

/** The children by name if they are these, in this order, in the signature namespace, with nothing but space between. */
function named<R extends string, O extends string>(
  parent: Element,
  [required, optional]: readonly [readonly R[], readonly O[]],
): Partial<Record<R | O, Element>> | null {
  const children = childElements(parent);
  const names = [...required, ...optional];
  if (children.length < required.length || children.length > names.length || hasText(parent)) return null;
  const found: Partial<Record<R | O, Element>> = {};
  for (const [i, child] of children.entries()) {
    const name = names[i];
    if (name === undefined || child.localName !== name || child.namespaceURI !== DSIG) return null;
    found[name] = child;
  }
  return found;
}

function hasText(parent: Element): boolean {
  for (let node = parent.firstChild; node !== null; node = node.nextSibling) {
    if (node.nodeType === TEXT_NODE && (node.nodeValue ?? '').trim() !== '') return true;
  }
  return false;
}

const TEXT_NODE = 3;

function checkCanonicalization(method: Element): Finding {
  const uri = attribute(method, 'Algorithm');
  if (uri !== EXCLUSIVE_C14N) return signatureProblem('algorithm', `canonicalization '${uri}'`);
  return checkPrefixList(method);
}

/** InclusiveNamespaces with its PrefixList is the only parameter that exclusive canonicalization has. */
function checkPrefixList(holder: Element): Finding {
  const children = childElements(holder);
  const [only] = children;
  if (only === undefined) return null;
  const known = only.localName === 'InclusiveNamespaces' && only.namespaceURI === EXCLUSIVE_C14N;
  return children.length === 1 && known ? checkEmpty(only) : signatureProblem('structure', 'unknown parameters');
}

function checkEmpty(holder: Element): Finding {
  return holder.firstChild === null || (childElements(holder).length === 0 && !hasText(holder))
    ? null
    : signatureProblem('structure', `${holder.localName} is not empty`);
}

function checkReference(reference: Element, root: Element): Finding {
  const id = attribute(root, 'ID') ?? '';
  // An empty URI means the whole document and needs no ID: SAML forbids it (saml-core §5.4.2), xml-crypto accepts it.
  if (id === '' || attribute(reference, 'URI') !== `#${id}`) {
    return signatureProblem('reference', 'the reference is not to the ID of the root');
  }
  const parts = named(reference, [['Transforms', 'DigestMethod', 'DigestValue'], []]);
  if (!parts?.Transforms || !parts.DigestMethod || !parts.DigestValue) {
    return signatureProblem('structure', 'other elements than Transforms, DigestMethod, DigestValue in the Reference');
  }
  const digest = attribute(parts.DigestMethod, 'Algorithm') ?? '';
  if (!DIGESTS.has(digest)) return signatureProblem('algorithm', `digest algorithm '${digest}'`);
  return checkTransforms(parts.Transforms) ?? checkEmpty(parts.DigestMethod) ?? checkBase64(parts.DigestValue);
}

const DIGESTS: ReadonlySet<string> = new Set(Object.values(DIGEST_ALGORITHMS));

/** Exactly what saml-core §5.4.4 asks for; anything else could take parts of the message out of what is signed. */
function checkTransforms(transforms: Element): Finding {
  const list = childElements(transforms);
  const [enveloped, exclusive] = list;
  const isTransform = (e: Element) => e.localName === 'Transform' && e.namespaceURI === DSIG;
  const uris = list.map((e) => attribute(e, 'Algorithm')).join(' ');
  if (
    enveloped === undefined ||
    exclusive === undefined ||
    !list.every(isTransform) ||
    uris !== `${ENVELOPED_SIGNATURE} ${EXCLUSIVE_C14N}`
  ) {
    return signatureProblem('algorithm', `transforms '${uris}'`);
  }
  return checkEmpty(enveloped) ?? checkPrefixList(exclusive);
}

/** Node's decoder skips what it does not know, so a value could have many spellings, and a comment could hide a part. */
function checkBase64(holder: Element): Finding {
  const text = textOf(holder);
  return !isXmlProblem(text) && BASE64.test(text.replace(/[ \t\r\n]+/g, ''))
    ? null
    : signatureProblem('structure', `${holder.localName} is not base64`);
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$(?<!^)/;
