// Owns: how NameIDs are written, and which Format goes with which kind of subject identifier (SAML core §2.2, §8.3).
import type { SubjectIdentifierKind } from '../core/subject-identifier.ts';
import { element, type XmlElement } from '../xml/build.ts';
import { NAME_ID_FORMAT, NS } from './names.ts';

/** A person's name in one answer. */
export interface NameId {
  readonly kind: SubjectIdentifierKind;
  readonly value: string;
}

const KIND_BY_FORMAT: ReadonlyMap<string, SubjectIdentifierKind> = new Map([
  [NAME_ID_FORMAT.transient, 'transient'],
  [NAME_ID_FORMAT.persistent, 'persistent'],
  [NAME_ID_FORMAT.emailAddress, 'emailAddress'],
  [NAME_ID_FORMAT.unspecified, 'unspecified'],
]);

/** The kind behind a Format URI; null for formats that Signet does not make. */
export function nameIdKind(format: string): SubjectIdentifierKind | null {
  return KIND_BY_FORMAT.get(format) ?? null;
}

/**
 * saml:NameID. The two kinds that only mean something between two entities name both (SAML core §8.3.7, §8.3.8):
 * a party that compares qualifiers then needs no guess about what their absence stands for.
 */
export function nameIdElement(nameId: NameId, identityProvider: string, serviceProvider: string): XmlElement {
  const opaque = nameId.kind === 'persistent' || nameId.kind === 'transient';
  return element(
    NS.assertion,
    'NameID',
    {
      Format: NAME_ID_FORMAT[nameId.kind],
      NameQualifier: opaque ? identityProvider : undefined,
      SPNameQualifier: opaque ? serviceProvider : undefined,
    },
    nameId.value,
  );
}
