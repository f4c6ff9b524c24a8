// Owns: reading SAML metadata (saml-metadata §2): which entities a file is about, and until when each holds. Leaves to
// metadata-service-provider.ts: what one of them says; to parties/: where the files are.
// Elements that Signet has no use for are skipped: metadata is extensible, and the operator chose to trust the file.
import type { Element } from '@xmldom/xmldom';
import { type Problem, Problems } from '../lib/problems.ts';
import { attribute, childElements, isXmlProblem, parseMetadata } from '../xml/parse.ts';
import { parseDuration, parseInstant } from './date-time.ts';
import { childrenNamed } from './metadata-elements.ts';
import { readServiceProvider, type Validity } from './metadata-service-provider.ts';
import { NS } from './names.ts';
import type { SpMetadata } from './sp-metadata.ts';

export interface MetadataFile {
  /** The root is an EntityDescriptor: the file is about one party. */
  readonly single: boolean;
  readonly serviceProviders: readonly SpMetadata[];
  /** Sound metadata in which nobody is a service provider, which is also reported. What cannot be read says nothing of the kind. */
  readonly listsNobody: boolean;
  /** Entities with a problem are left out of the list. */
  readonly problems: readonly Problem[];
}

/** Reads a file; `source` names it in problems. */
export function readMetadata(input: Uint8Array, source: string): MetadataFile {
  const parsed = parseMetadata(input);
  if (isXmlProblem(parsed)) {
    const problems = [
      { path: source, found: `${parsed.code} (${parsed.detail})`, wanted: 'well-formed XML without a DTD' },
    ];
    return { single: true, serviceProviders: [], listsNobody: false, problems };
  }
  const problems = new Problems();
  const { root } = parsed;
  const serviceProviders: SpMetadata[] = [];
  const single = isNamed(root, 'EntityDescriptor');
  let listsNobody = false;
  if (single || isNamed(root, 'EntitiesDescriptor')) {
    collect(root, source, { validUntil: null, cacheDuration: null }, serviceProviders, problems);
    listsNobody = serviceProviders.length === 0 && !problems.any();
    if (listsNobody) {
      problems.add(source, 'no SAML 2.0 SPSSODescriptor', 'metadata of at least one service provider');
    }
  } else {
    problems.add(source, root.nodeName, 'an EntityDescriptor or EntitiesDescriptor');
  }
  return { single, serviceProviders, listsNobody, problems: problems.list() };
}

function isNamed(element: Element, localName: string): boolean {
  return element.localName === localName && element.namespaceURI === NS.metadata.uri;
}

function collect(at: Element, path: string, outer: Validity, into: SpMetadata[], problems: Problems): void {
  const own = new Problems();
  if (isNamed(at, 'EntityDescriptor')) {
    const entityId = attribute(at, 'entityID') ?? '';
    const place = `${path}: ${entityId || 'entity without entityID'}`;
    const role = childrenNamed(at, NS.metadata, 'SPSSODescriptor').find(speaksSaml2);
    if (role === undefined) return;
    const validity = readValidity(role, place, readValidity(at, place, outer, own), own);
    const read = readServiceProvider(at, role, entityId, place, validity, own);
    if (read !== null && !own.any()) into.push(read);
  } else {
    const validity = readValidity(at, path, outer, own);
    // Without knowing when it ends, nothing of it can be used.
    const inside = own.any() ? [] : childElements(at);
    for (const inner of inside) {
      if (isNamed(inner, 'EntityDescriptor') || isNamed(inner, 'EntitiesDescriptor')) {
        collect(inner, path, validity, into, problems);
      }
    }
  }
  problems.addAll(own.list());
}

function speaksSaml2(role: Element): boolean {
  return (attribute(role, 'protocolSupportEnumeration') ?? '').split(/\s+/).includes(NS.protocol.uri);
}

function readValidity(at: Element, path: string, outer: Validity, problems: Problems): Validity {
  const until = attribute(at, 'validUntil');
  const duration = attribute(at, 'cacheDuration');
  const validUntil = until === null ? null : parseInstant(until.trim());
  const cacheDuration = duration === null ? null : parseDuration(duration.trim());
  if (until !== null && validUntil === null) {
    problems.add(
      `${path}: validUntil`,
      JSON.stringify(until.slice(0, 40)),
      'an instant in UTC, for example 2030-01-01T00:00:00Z',
    );
  }
  if (duration !== null && cacheDuration === null) {
    problems.add(`${path}: cacheDuration`, JSON.stringify(duration.slice(0, 40)), 'a duration, for example PT6H');
  }
  return {
    validUntil: earlier(validUntil, outer.validUntil),
    cacheDuration: earlier(cacheDuration, outer.cacheDuration),
  };
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
