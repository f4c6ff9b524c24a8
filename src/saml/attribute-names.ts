// Owns: the wire names of attributes: one table from the LDAP/eduPerson vocabulary to URIs.
import { PAIRWISE_ID_ATTRIBUTE, SUBJECT_ID_ATTRIBUTE } from './names.ts';

/** Friendly name → object identifier (RFC 4519, RFC 4524, RFC 2798, eduPerson 202208, SCHAC 1.6, voPerson 2.0). */
const OBJECT_IDENTIFIERS: readonly (readonly [friendlyName: string, oid: string])[] = [
  ['cn', '2.5.4.3'],
  ['sn', '2.5.4.4'],
  ['c', '2.5.4.6'],
  ['l', '2.5.4.7'],
  ['st', '2.5.4.8'],
  ['street', '2.5.4.9'],
  ['o', '2.5.4.10'],
  ['ou', '2.5.4.11'],
  ['title', '2.5.4.12'],
  ['description', '2.5.4.13'],
  ['postalAddress', '2.5.4.16'],
  ['postalCode', '2.5.4.17'],
  ['telephoneNumber', '2.5.4.20'],
  ['givenName', '2.5.4.42'],
  ['initials', '2.5.4.43'],
  ['uid', '0.9.2342.19200300.100.1.1'],
  ['mail', '0.9.2342.19200300.100.1.3'],
  ['homePhone', '0.9.2342.19200300.100.1.20'],
  ['mobile', '0.9.2342.19200300.100.1.41'],
  ['displayName', '2.16.840.1.113730.3.1.241'],
  ['employeeNumber', '2.16.840.1.113730.3.1.3'],
  ['employeeType', '2.16.840.1.113730.3.1.4'],
  ['preferredLanguage', '2.16.840.1.113730.3.1.39'],
  ['departmentNumber', '2.16.840.1.113730.3.1.2'],
  ['labeledURI', '1.3.6.1.4.1.250.1.57'],
  ['isMemberOf', '1.3.6.1.4.1.5923.1.5.1.1'],
  ['eduPersonAffiliation', '1.3.6.1.4.1.5923.1.1.1.1'],
  ['eduPersonNickname', '1.3.6.1.4.1.5923.1.1.1.2'],
  ['eduPersonPrimaryAffiliation', '1.3.6.1.4.1.5923.1.1.1.5'],
  ['eduPersonPrincipalName', '1.3.6.1.4.1.5923.1.1.1.6'],
  ['eduPersonEntitlement', '1.3.6.1.4.1.5923.1.1.1.7'],
  ['eduPersonScopedAffiliation', '1.3.6.1.4.1.5923.1.1.1.9'],
  ['eduPersonAssurance', '1.3.6.1.4.1.5923.1.1.1.11'],
  ['eduPersonUniqueId', '1.3.6.1.4.1.5923.1.1.1.13'],
  ['eduPersonOrcid', '1.3.6.1.4.1.5923.1.1.1.16'],
  ['schacHomeOrganization', '1.3.6.1.4.1.25178.1.2.9'],
  ['schacPersonalUniqueCode', '1.3.6.1.4.1.25178.1.2.14'],
  ['voPersonExternalAffiliation', '1.3.6.1.4.1.34998.3.3.1.10'],
];

const URI_BY_NAME: ReadonlyMap<string, string> = new Map([
  ...OBJECT_IDENTIFIERS.map(([name, oid]) => [name, `urn:oid:${oid}`] as const),
  ['subject-id', SUBJECT_ID_ATTRIBUTE],
  ['pairwise-id', PAIRWISE_ID_ATTRIBUTE],
]);

const NAME_BY_URI: ReadonlyMap<string, string> = new Map([...URI_BY_NAME].map(([name, uri]) => [uri, name]));

/** The URI of a known attribute; undefined for others. */
export function attributeUri(friendlyName: string): string | undefined {
  return URI_BY_NAME.get(friendlyName);
}

/** The friendly name of a known URI; undefined for others. */
export function attributeFriendlyName(uri: string): string | undefined {
  return NAME_BY_URI.get(uri);
}
