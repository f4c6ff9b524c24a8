// Owns: reading RequestedAuthnContext (SAML core §3.3.2.2.1). Leaves to protocols/saml: which levels satisfy it.
import type { Element } from '@xmldom/xmldom';
import { attribute, childElements, isXmlProblem, textOf } from '../xml/parse.ts';
import { NS } from './names.ts';
import { UnreadableMessage } from './schema-values.ts';

export const COMPARISONS = ['exact', 'minimum', 'maximum', 'better'] as const;
export type Comparison = (typeof COMPARISONS)[number];

export interface RequestedAuthnContext {
  readonly comparison: Comparison;
  /** In the requester's order; empty when it named declarations instead. */
  readonly classRefs: readonly string[];
}

/** @throws UnreadableMessage when it is not as the schema says. */
export function readRequestedAuthnContext(holder: Element): RequestedAuthnContext {
  const stated = attribute(holder, 'Comparison') ?? 'exact';
  const comparison = COMPARISONS.find((known) => known === stated);
  if (comparison === undefined) throw new UnreadableMessage('unknown Comparison');
  const names = new Set<string>();
  const classRefs: string[] = [];
  for (const reference of childElements(holder)) {
    names.add(reference.localName ?? '');
    const text = textOf(reference);
    if (reference.namespaceURI !== NS.assertion.uri || isXmlProblem(text)) {
      throw new UnreadableMessage('RequestedAuthnContext holds something else than references');
    }
    if (reference.localName === 'AuthnContextClassRef') classRefs.push(text.trim());
    else if (reference.localName !== 'AuthnContextDeclRef') {
      throw new UnreadableMessage('RequestedAuthnContext holds something else than references');
    }
  }
  // A choice in the schema: classes or declarations, at least one.
  if (names.size !== 1) throw new UnreadableMessage('RequestedAuthnContext is empty or mixed');
  return { comparison, classRefs };
}
