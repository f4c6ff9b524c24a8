// Owns: writing XML, in its exclusive canonical form (Exclusive XML Canonicalization 1.0) in the first place.
// Leaves to sign.ts: signatures. Leaves to callers: which elements a message has.
//
// The text of a subtree is its canonical form, so signing hashes what was written instead of parsing it again.
// Names come from code and are checked; values come from anywhere and are escaped. There is no way in for markup.
import { escapeAttribute, escapeText } from './characters.ts';

/** A namespace and the prefix it is written with; '' makes it the default namespace. */
export interface Namespace {
  /** Lower-case letters and digits: canonicalizers in the field disagree about the order of anything else. */
  readonly prefix: string;
  readonly uri: string;
}

/** Values by name; `undefined` leaves the attribute out. */
export type Attributes = Readonly<Record<string, string | undefined>>;

/** What an element may contain; `undefined` stands for nothing. */
export type Child = XmlElement | Fragment | string | undefined;

/** An element that {@link element} made. Immutable; it may stand in several trees. */
export type XmlElement = ElementNode;

/** An element with its canonical text, written once; only {@link prepare} and {@link insertAt} make one. */
export type Fragment = FragmentNode;

const XML: Namespace = { prefix: 'xml', uri: 'http://www.w3.org/XML/1998/namespace' };
const XSI: Namespace = { prefix: 'xsi', uri: 'http://www.w3.org/2001/XMLSchema-instance' };
const XS: Namespace = { prefix: 'xs', uri: 'http://www.w3.org/2001/XMLSchema' };

/** Text is kept escaped. */
type Content = ElementNode | FragmentNode | string;
type Attribute = readonly [name: string, escaped: string];

class ElementNode {
  readonly namespace: Namespace;
  readonly localName: string;
  readonly attributes: readonly Attribute[];
  readonly content: readonly Content[];
  /** It has an xsi:type. */
  readonly typed: boolean;
  /** It, or something below it, has one: its canonical form needs `PrefixList="xs"`. */
  readonly schemaTypes: boolean;
  // Makes the type nominal: no object literal is an element, so names and text have been through the checks below.
  readonly #made = true;

  constructor(from: Pick<ElementNode, 'namespace' | 'localName' | 'attributes'>, content: readonly Content[]) {
    this.namespace = from.namespace;
    this.localName = from.localName;
    this.attributes = from.attributes;
    this.content = content;
    this.typed = from.attributes.some(([name]) => name === 'xsi:type');
    this.schemaTypes = this.typed || content.some((part) => typeof part !== 'string' && part.schemaTypes);
  }

  static is(value: Content): value is ElementNode {
    return typeof value !== 'string' && #made in value;
  }
}

class FragmentNode {
  /** Canonical text of the element as an apex. */
  readonly text: string;
  readonly schemaTypes: boolean;
  readonly #element: ElementNode;
  /** Every namespace used inside, once. */
  readonly #namespaces: readonly Namespace[];
  /** Texts for places where ancestors declare some of the namespaces, by the set of those (bit i for number i). */
  readonly #texts = new Map<number, string>();

  constructor(element: ElementNode, text: string, declared: readonly Namespace[]) {
    this.text = text;
    this.schemaTypes = element.schemaTypes;
    this.#element = element;
    this.#namespaces = declared.filter((n, i) => declared.findIndex((other) => isSame(n, other)) === i);
    // Which ancestors declare what is kept as bits of a small integer.
    if (this.#namespaces.length > 30) throw new TypeError('more than 30 namespaces in one fragment');
  }

  /** The text for a place; it depends on nothing but which of the namespaces are declared there, so it is kept. */
  write(scope: Scope | null, declared: Namespace[]): string {
    let outside = 0;
    for (const [i, namespace] of this.#namespaces.entries()) {
      if (isDeclared(scope, namespace)) outside |= 1 << i;
      else declared.push(namespace);
    }
    if (outside === 0) return this.text;
    const kept = this.#texts.get(outside);
    if (kept !== undefined) return kept;
    const text = write(this.#element, scope, []);
    this.#texts.set(outside, text);
    return text;
  }
}

/**
 * Makes an element. Throws a TypeError for a name that is not one, and for a character that XML 1.0 cannot hold.
 * Attributes have no namespace, except two that are known by their whole name: `xml:lang`, and `xsi:type`, whose value
 * must be a type of XML Schema (`xs:…`); xs and xsi are then declared on this element.
 */
export function element(
  namespace: Namespace,
  localName: string,
  attributes: Attributes,
  ...children: readonly Child[]
): XmlElement {
  if (!isUsable(namespace)) throw new TypeError(`not a namespace to write: '${namespace.prefix}' = ${namespace.uri}`);
  if (!NAME.test(localName)) throw new TypeError(`not an element name: ${localName}`);
  const list: Attribute[] = [];
  for (const name in attributes) {
    const value = attributes[name];
    if (value === undefined) continue;
    if (!isAttribute(name, value)) throw new TypeError(`not an attribute: ${name}`);
    list.push([name, escapeAttribute(value)]);
  }
  if (list.length > 1) list.sort(inCanonicalOrder);
  const content: Content[] = [];
  for (const child of children) {
    if (child !== undefined) content.push(typeof child === 'string' ? escapeText(child) : child);
  }
  return new ElementNode({ namespace, localName, attributes: list }, content);
}

/** The exclusive canonical text of the element as an apex, without an XML declaration. */
export function canonical(root: XmlElement | Fragment): string {
  return ElementNode.is(root) ? write(root, null, []) : root.text;
}

/** Writes an element once, for use in many trees. */
export function prepare(root: XmlElement): Fragment {
  const declared: Namespace[] = [];
  return new FragmentNode(root, write(root, null, declared), declared);
}

/** An element that has been written, with a place before child number `index` that something may still go into. */
export interface Seam {
  /** Canonical text of the element as it stands. */
  readonly text: string;
  readonly root: XmlElement;
  readonly index: number;
  readonly offset: number;
  readonly declared: readonly Namespace[];
}

/** Writes an element, remembering a place; signing hashes the text and then puts the signature there. */
export function seamAt(root: XmlElement, index: number): Seam {
  const declared: Namespace[] = [];
  const own = undeclared(root, null);
  const scope = inside(null, own, declared);
  const head = startTag(root, own) + writeAll(root.content.slice(0, index), scope, declared);
  const text = head + writeAll(root.content.slice(index), scope, declared) + endTag(root);
  return { text, root, index, offset: head.length, declared };
}

/** The element of a seam with `child` in its place; the rest is not written again. */
export function insertAt(seam: Seam, child: XmlElement | Fragment): Fragment {
  const { root, index, offset, text } = seam;
  const declared = [...seam.declared];
  const written = writeAll([child], inside(null, undeclared(root, null), []), declared);
  const content = [...root.content.slice(0, index), child, ...root.content.slice(index)];
  return new FragmentNode(
    new ElementNode(root, content),
    text.slice(0, offset) + written + text.slice(offset),
    declared,
  );
}

/** Position of the first child element of this name, or -1. */
export function indexOfChild(root: XmlElement, localName: string): number {
  return root.content.findIndex((part) => ElementNode.is(part) && part.localName === localName);
}

const NAME = /^(?!xmlns$)[A-Za-z_][A-Za-z0-9_.-]*$/;
const PREFIX = /^(?:(?!xml)[a-z][a-z0-9]*)?$/;
// Nothing to escape: xml-crypto's canonicalizer, which many relying parties use, forgets to.
const NAMESPACE_NAME = /^[^\s"&<>]+$/;
const SCHEMA_TYPE = /^xs:[A-Za-z]+$/;

function isAttribute(name: string, value: string): boolean {
  return NAME.test(name) || name === 'xml:lang' || (name === 'xsi:type' && SCHEMA_TYPE.test(value));
}

function isUsable({ prefix, uri }: Namespace): boolean {
  // xs and xsi are declared beside an element's own prefix, so they cannot mean two things.
  if (prefix === XS.prefix) return uri === XS.uri;
  if (prefix === XSI.prefix) return uri === XSI.uri;
  return PREFIX.test(prefix) && NAMESPACE_NAME.test(uri);
}

/** Canonical XML §2.3: by namespace, then by local name, both by code point; no namespace comes first. */
function inCanonicalOrder([a]: Attribute, [b]: Attribute): number {
  const left = sortKey(a);
  const right = sortKey(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

function sortKey(name: string): string {
  if (name === 'xml:lang') return `${XML.uri} lang`;
  if (name === 'xsi:type') return `${XSI.uri} type`;
  return ` ${name}`;
}

/** What the ancestors declare, nearest first. */
interface Scope {
  readonly namespace: Namespace;
  readonly outer: Scope | null;
}

function isDeclared(scope: Scope | null, { prefix, uri }: Namespace): boolean {
  for (let at = scope; at !== null; at = at.outer) {
    if (at.namespace.prefix === prefix) return at.namespace.uri === uri;
  }
  return false;
}

function isSame(a: Namespace, b: Namespace): boolean {
  return a.prefix === b.prefix && a.uri === b.uri;
}

const NONE: readonly Namespace[] = [];

/** The namespaces that the element visibly uses and no ancestor declares, in order of their prefixes. */
function undeclared(node: ElementNode, scope: Scope | null): readonly Namespace[] {
  if (!node.typed) return isDeclared(scope, node.namespace) ? NONE : [node.namespace];
  const used = [node.namespace, XS, XSI].filter((namespace) => !isDeclared(scope, namespace));
  const distinct = used.filter((n, i) => used.findIndex((other) => other.prefix === n.prefix) === i);
  return distinct.sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
}

function inside(scope: Scope | null, own: readonly Namespace[], declared: Namespace[]): Scope | null {
  let inner = scope;
  for (const namespace of own) {
    inner = { namespace, outer: inner };
    declared.push(namespace);
  }
  return inner;
}

function write(node: ElementNode, scope: Scope | null, declared: Namespace[]): string {
  const own = undeclared(node, scope);
  return startTag(node, own) + writeAll(node.content, inside(scope, own, declared), declared) + endTag(node);
}

function writeAll(content: readonly Content[], scope: Scope | null, declared: Namespace[]): string {
  let text = '';
  for (const part of content) {
    if (typeof part === 'string') text += part;
    else text += ElementNode.is(part) ? write(part, scope, declared) : part.write(scope, declared);
  }
  return text;
}

function startTag(node: ElementNode, own: readonly Namespace[]): string {
  let text = `<${qualified(node)}`;
  for (const { prefix, uri } of own) text += `${prefix === '' ? ' xmlns' : ` xmlns:${prefix}`}="${uri}"`;
  for (const [name, escaped] of node.attributes) text += ` ${name}="${escaped}"`;
  return `${text}>`;
}

function endTag(node: ElementNode): string {
  return `</${qualified(node)}>`;
}

function qualified({ namespace: { prefix }, localName }: ElementNode): string {
  return prefix === '' ? localName : `${prefix}:${localName}`;
}
