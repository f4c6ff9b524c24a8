// Owns: what one service provider's metadata says: SPSSODescriptor (saml-metadata §2.4.4) and what surrounds it. Leaves to
// metadata-keys.ts: its keys; to metadata-read.ts: the file, and until when it holds.
import type { Element } from '@xmldom/xmldom';
import type { EpochSeconds } from '../lib/clock.ts';
import type { Problems } from '../lib/problems.ts';
import { attribute } from '../xml/parse.ts';
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

/** What a descriptor says about time; an entity inherits the earliest end of what surrounds it. */
export interface Validity {
  readonly validUntil: EpochSeconds | null;
  /** In seconds. */
  readonly cacheDuration: number | null;
}

const ENTITY_ID_MAX = 1024;

/** Null, with problems, for one that cannot be answered. `path` names the entity in problems. */
export function readServiceProvider(
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
