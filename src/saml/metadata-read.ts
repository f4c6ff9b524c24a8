// Owns: reading SAML metadata (saml-metadata §2) of service providers. Leaves to parties/: where the files are.
// Elements that Signet has no use for are skipped: metadata is extensible, and the operator chose to trust the file.
import type { Element } from '@xmldom/xmldom';
import type { EpochSeconds } from '../lib/clock.ts';
import { type Problem, Problems } from '../lib/problems.ts';
import { attribute, childElements, isXmlProblem, parseMetadata } from '../xml/parse.ts';
import { parseDuration, parseInstant } from './date-time.ts';
import { childrenNamed, collapse, firstNamed } from './metadata-elements.ts';
import { readEncryptionKeys, readSigningKeys } from './metadata-keys.ts';
import { BINDING, NS } from './names.ts';
import { returnAddressFault } from './return-address.ts';
import { parseBoolean } from './schema-values.ts';
import type {
  AssertionConsumerService,
  AttributeConsumingService,
  RequestedMetadataAttribute,
  SpMetadata,
} from './sp-metadata.ts';

export interface MetadataFile {
  /** The root is an EntityDescriptor: the file is about one party. */
  readonly single: boolean;
  readonly serviceProviders: readonly SpMetadata[];
  /** Entities with a problem are left out of the list. */
  readonly problems: readonly Problem[];
}

const ENTITY_ID_MAX = 1024;

/** What a descriptor says about time; an entity inherits the earliest end of what surrounds it. */
interface Validity {
  readonly validUntil: EpochSeconds | null;
  readonly cacheDuration: number | null;
}

/** Reads a file; `source` names it in problems. */
export function readMetadata(input: Uint8Array, source: string): MetadataFile {
  const parsed = parseMetadata(input);
  if (isXmlProblem(parsed)) {
    const problems = [
      { path: source, found: `${parsed.code} (${parsed.detail})`, wanted: 'well-formed XML without a DTD' },
    ];
    return { single: true, serviceProviders: [], problems };
  }
  const problems = new Problems();
  const { root } = parsed;
  const serviceProviders: SpMetadata[] = [];
  const single = isNamed(root, 'EntityDescriptor');
  if (single || isNamed(root, 'EntitiesDescriptor')) {
    collect(root, source, { validUntil: null, cacheDuration: null }, serviceProviders, problems);
    if (serviceProviders.length === 0 && !problems.any()) {
      problems.add(source, 'no SAML 2.0 SPSSODescriptor', 'metadata of at least one service provider');
    }
  } else {
    problems.add(source, root.nodeName, 'an EntityDescriptor or EntitiesDescriptor');
  }
  return { single, serviceProviders, problems: problems.list() };
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

function readServiceProvider(
  entity: Element,
  role: Element,
  entityId: string,
  path: string,
  validity: Validity,
  problems: Problems,
): SpMetadata | null {
  if (entityId === '' || entityId.length > ENTITY_ID_MAX || /\s/.test(entityId)) {
    problems.add(
      `${path}: entityID`,
      `${entityId.length} characters`,
      `1 to ${ENTITY_ID_MAX} characters without white space`,
    );
  }
  const endpoints = readEndpoints(role, path, problems);
  const preferred = endpoints === null ? null : defaultEndpoint(endpoints);
  if (endpoints !== null && preferred === null) {
    problems.add(
      `${path}: AssertionConsumerService`,
      'none with the HTTP-POST binding',
      `a Binding of ${BINDING.post}`,
    );
  }
  const signingKeys = readSigningKeys(role, path, problems);
  const authnRequestsSigned = booleanAttribute(role, 'AuthnRequestsSigned', path, problems);
  if (authnRequestsSigned && signingKeys.length === 0) {
    problems.add(`${path}: KeyDescriptor`, 'no signing key', 'one, because AuthnRequestsSigned is true');
  }
  const extensions = [entity, role].flatMap((holder) => childrenNamed(holder, NS.metadata, 'Extensions'));
  const algorithms = (name: string): string[] =>
    extensions.flatMap((holder) =>
      childrenNamed(holder, NS.algorithms, name).map((method) => attribute(method, 'Algorithm') ?? ''),
    );
  const encryptionKeys = readEncryptionKeys(role, path, problems);
  if (endpoints === null || preferred === null) return null;
  return {
    entityId,
    displayName: readDisplayName(entity, role),
    assertionConsumerServices: endpoints.map(({ url, binding, index }) => ({ url, binding, index })),
    defaultAssertionConsumerService: { url: preferred.url, binding: preferred.binding, index: preferred.index },
    signingKeys,
    encryptionKeys,
    authnRequestsSigned,
    wantAssertionsSigned: booleanAttribute(role, 'WantAssertionsSigned', path, problems),
    nameIdFormats: childrenNamed(role, NS.metadata, 'NameIDFormat').map(collapse),
    attributeConsumingServices: readAttributeServices(role, path, problems),
    digestMethods: algorithms('DigestMethod'),
    signingMethods: algorithms('SigningMethod'),
    ...validity,
  };
}

interface Endpoint extends AssertionConsumerService {
  readonly isDefault: boolean | null;
}

function readEndpoints(role: Element, path: string, problems: Problems): readonly Endpoint[] | null {
  const before = problems.list().length;
  const endpoints: Endpoint[] = [];
  childrenNamed(role, NS.metadata, 'AssertionConsumerService').forEach((element, position) => {
    const at = `${path}: AssertionConsumerService[${position}]`;
    const url = attribute(element, 'Location') ?? '';
    const binding = attribute(element, 'Binding') ?? '';
    const fault = returnAddressFault(url);
    if (fault !== null) problems.add(`${at} Location`, JSON.stringify(url.slice(0, 200)), fault);
    const index = indexOf(element, `${at} index`, problems);
    if (index !== null && endpoints.some((other) => other.index === index)) {
      problems.add(`${at} index`, `${index} again`, 'another index for every endpoint');
    }
    const stated = attribute(element, 'isDefault');
    const isDefault = stated === null ? null : parseBoolean(stated);
    if (stated !== null && isDefault === null) problems.add(`${at} isDefault`, JSON.stringify(stated), 'true or false');
    endpoints.push({ url, binding, index: index ?? -1, isDefault });
  });
  return problems.list().length > before ? null : endpoints;
}

/** Metadata §2.2.3: the first that says true, else the first that does not say false, else the first; of those Signet can use. */
function defaultEndpoint(endpoints: readonly Endpoint[]): Endpoint | null {
  const usable = endpoints.filter(({ binding }) => binding === BINDING.post);
  const marked = usable.find(({ isDefault }) => isDefault === true);
  return marked ?? usable.find(({ isDefault }) => isDefault === null) ?? usable[0] ?? null;
}

function readAttributeServices(role: Element, path: string, problems: Problems): readonly AttributeConsumingService[] {
  const services = childrenNamed(role, NS.metadata, 'AttributeConsumingService').map((element, position) => ({
    index: indexOf(element, `${path}: AttributeConsumingService[${position}] index`, problems) ?? -1,
    isDefault: attribute(element, 'isDefault'),
    requested: childrenNamed(element, NS.metadata, 'RequestedAttribute').map(readRequested),
  }));
  const marked = services.find(({ isDefault }) => isDefault !== null && parseBoolean(isDefault) === true);
  const preferred = marked ?? services.find(({ isDefault }) => isDefault === null);
  const ordered = preferred === undefined ? services : [preferred, ...services.filter((other) => other !== preferred)];
  return ordered.map(({ index, requested }) => ({ index, requested }));
}

function readRequested(element: Element): RequestedMetadataAttribute {
  const values = childrenNamed(element, NS.assertion, 'AttributeValue').map((value) => value.textContent ?? '');
  return { name: attribute(element, 'Name') ?? '', values };
}

function readDisplayName(entity: Element, role: Element): string | null {
  const extensions = firstNamed(role, NS.metadata, 'Extensions');
  const ui = extensions === undefined ? undefined : firstNamed(extensions, NS.ui, 'UIInfo');
  const organization = firstNamed(entity, NS.metadata, 'Organization');
  const names = [
    ...(ui === undefined ? [] : [childrenNamed(ui, NS.ui, 'DisplayName')]),
    ...childrenNamed(role, NS.metadata, 'AttributeConsumingService').map((service) =>
      childrenNamed(service, NS.metadata, 'ServiceName'),
    ),
    ...(organization === undefined ? [] : [childrenNamed(organization, NS.metadata, 'OrganizationDisplayName')]),
  ].find((list) => list.length > 0);
  if (names === undefined) return null;
  const english = names.find((name) => name.getAttribute('xml:lang')?.toLowerCase().startsWith('en'));
  const text = collapse(english ?? (names[0] as Element));
  return text === '' ? null : text.slice(0, 100);
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

function indexOf(element: Element, path: string, problems: Problems): number | null {
  const text = attribute(element, 'index');
  if (text !== null && /^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  problems.add(path, text === null ? 'nothing' : JSON.stringify(text.slice(0, 20)), 'a number from 0 to 65535');
  return null;
}

function booleanAttribute(element: Element, name: string, path: string, problems: Problems): boolean {
  const text = attribute(element, name);
  if (text === null) return false;
  const value = parseBoolean(text);
  if (value === null) problems.add(`${path}: ${name}`, JSON.stringify(text.slice(0, 20)), 'true or false');
  return value ?? false;
}
