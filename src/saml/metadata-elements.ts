// Owns: walking metadata, where unknown elements are skipped and white space around values does not count.
import type { Element } from '@xmldom/xmldom';
import type { Namespace } from '../xml/build.ts';
import { childElements } from '../xml/parse.ts';

/** The child elements of this name, in order. */
export function childrenNamed(parent: Element, namespace: Namespace, localName: string): readonly Element[] {
  return childElements(parent).filter(
    (element) => element.localName === localName && element.namespaceURI === namespace.uri,
  );
}

/** The first child element of this name. */
export function firstNamed(parent: Element, namespace: Namespace, localName: string): Element | undefined {
  return childElements(parent).find(
    (element) => element.localName === localName && element.namespaceURI === namespace.uri,
  );
}

/** The element's text with white space collapsed, as xs:anyURI and people's names have it. */
export function collapse(element: Element): string {
  return (element.textContent ?? '').replace(/\s+/g, ' ').trim();
}
