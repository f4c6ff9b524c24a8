// Owns: reading XML that others wrote: what is refused before a tree exists, and small readers for the tree.
// Leaves to verify.ts: whether it is signed. Leaves to saml/: what it means.
//
// One strict scan over the text comes first. It accepts plain elements, attributes, text and the five predefined
// entities, so that nothing is left that two parsers could read differently. Only then does xmldom build the tree.
import { DOMParser, type Element, type Node } from '@xmldom/xmldom';
import { type Profile, scan, type XmlProblemCode } from './scan.ts';

/** Text that was read, and the element it holds. Nothing here is trusted: see {@link ./verify.ts}. */
export interface ParsedXml {
  readonly kind: 'xml';
  /** The very string that was parsed; a verifier must be given this one. */
  readonly text: string;
  readonly root: Element;
}

/** Why a text, or a place in it, was refused. */
export interface XmlProblem {
  readonly kind: 'xml-problem';
  readonly code: XmlProblemCode;
  /** For the log; may quote names from the input, never values. */
  readonly detail: string;
}

const MESSAGE: Profile = {
  maxBytes: 65_536,
  maxDepth: 32,
  maxAttributes: 64,
  // Anybody may send a message, and canonicalizing costs time for every element, and for every namespace in scope there.
  total: { elements: 400, attributes: 800 },
  maxNamespaceName: 256,
  comments: false,
};
/** Larger metadata is refused unread. */
export const METADATA_MAX_BYTES = 16 * 1024 * 1024;
const METADATA: Profile = {
  maxBytes: METADATA_MAX_BYTES,
  maxDepth: 32,
  maxAttributes: 64,
  total: null,
  maxNamespaceName: 1024,
  comments: true,
};

/**
 * Reads a protocol message: UTF-8, at most 64 KiB, at most 32 deep, at most 400 elements and 800 attributes, no DOCTYPE,
 * entity, comment, CDATA section, processing instruction or control character.
 */
export function parseMessage(input: Uint8Array | string): ParsedXml | XmlProblem {
  return parse(input, MESSAGE);
}

/** Reads metadata: as {@link parseMessage}, but up to 16 MiB, and comments may stand between elements. */
export function parseMetadata(input: Uint8Array | string): ParsedXml | XmlProblem {
  return parse(input, METADATA);
}

function xmlProblem(code: XmlProblemCode, detail: string): XmlProblem {
  return { kind: 'xml-problem', code, detail };
}

/** Whether a reader refused. */
export function isXmlProblem(value: object | string | null): value is XmlProblem {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'xml-problem';
}

/** The element children, in order. */
export function childElements(parent: Element): readonly Element[] {
  const list: Element[] = [];
  for (let node: Node | null = parent.firstChild; node !== null; node = node.nextSibling) {
    if (isElement(node)) list.push(node);
  }
  return list;
}

/** The one child element of this name; null if there is none, a problem if there are several. */
export function child(parent: Element, namespaceUri: string, localName: string): Element | null | XmlProblem {
  let found: Element | null = null;
  for (let node: Node | null = parent.firstChild; node !== null; node = node.nextSibling) {
    if (!isElement(node) || node.localName !== localName || node.namespaceURI !== namespaceUri) continue;
    if (found !== null) return xmlProblem('repeated', localName);
    found = node;
  }
  return found;
}

/** The text of an element that holds one piece of text and nothing else; a problem otherwise, also when it is empty. */
export function textOf(holder: Element): string | XmlProblem {
  const only = holder.firstChild;
  // A comment would split the text, and readers that take only the first piece would see another name (CVE-2017-11427).
  if (only === null || only.nextSibling !== null || only.nodeType !== TEXT_NODE || only.nodeValue === null) {
    return xmlProblem('not-text', holder.localName ?? '');
  }
  return only.nodeValue;
}

/** The value of an attribute without a namespace, or null. */
export function attribute(holder: Element, name: string): string | null {
  return holder.getAttribute(name);
}

const ELEMENT_NODE = 1;
const TEXT_NODE = 3;

function isElement(node: Node): node is Element {
  return node.nodeType === ELEMENT_NODE;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

const parser = new DOMParser({
  // Every report, also a warning, means that xmldom is repairing something.
  onError: (level, message) => {
    throw new Error(`${level}: ${message}`);
  },
  locator: false,
  // XML 1.0 §2.11. xmldom's own also turns U+0085 and U+2028 into line feeds, which XML 1.0 does not.
  normalizeLineEndings: (text) => (text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text),
});

function parse(input: Uint8Array | string, profile: Profile): ParsedXml | XmlProblem {
  const bytes = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength;
  if (bytes > profile.maxBytes) return xmlProblem('too-large', `${bytes} bytes`);
  const text = typeof input === 'string' ? input : decode(input);
  if (text === null) return xmlProblem('encoding', 'not UTF-8');
  const scanned = scan(text, profile);
  if (scanned.kind === 'refused') return xmlProblem(scanned.code, scanned.detail);
  try {
    const root = parser.parseFromString(text, 'text/xml').documentElement;
    if (root === null) return xmlProblem('malformed', 'no element');
    if (scanned.prefixedAttributes && countAttributes(root) !== scanned.attributes) {
      return xmlProblem('malformed', 'an attribute is there twice');
    }
    return { kind: 'xml', text, root };
  } catch (error) {
    return xmlProblem('malformed', error instanceof Error ? error.message : String(error));
  }
}

function decode(bytes: Uint8Array): string | null {
  try {
    return UTF8.decode(bytes);
  } catch {
    return null;
  }
}

/** xmldom silently keeps one of two attributes with the same namespace and local name under different prefixes. */
function countAttributes(root: Element): number {
  let count = root.attributes.length;
  for (const inner of childElements(root)) count += countAttributes(inner);
  return count;
}
