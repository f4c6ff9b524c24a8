// Owns: what a configured LDAP directory's searches look like: filters as trees, never as text with a person's input in it
// (RFC 4515 escaping has then nothing to escape). Leaves to ldap-entry.ts: what comes back.
import { AndFilter, EqualityFilter, ExtensibleFilter, type Filter, FilterParser, OrFilter } from 'ldapts';
import type { LdapSettings } from '../config/directories.ts';
import { LOGIN_NAME_MAX_BYTES } from '../core/login-name.ts';
import { ProblemsError } from '../lib/problems.ts';
import { idFilter } from './ldap-id.ts';

export interface LdapRules {
  /** Reads what only this product's attributes say, and spells its ids. */
  readonly type: LdapSettings['type'];
  readonly base: string;
  readonly personFilter: Filter;
  /** The first that an entry has is the login name. */
  readonly loginAttributes: readonly string[];
  readonly idAttribute: string;
  /** guid: 16 bytes, shown as Windows shows them. */
  readonly idForm: 'text' | 'guid';
  /** The name that parties see, and the attribute it comes from. */
  readonly attributes: readonly (readonly [shown: string, source: string])[];
  readonly groups: LdapSettings['groups'];
  readonly groupFilter: Filter;
  /** What to ask the server for. */
  readonly requested: readonly string[];
}

const PRESETS = {
  standard: {
    filter: '(objectClass=person)',
    loginAttributes: ['uid'],
    idAttribute: 'entryUUID',
    stateAttributes: ['pwdAccountLockedTime', 'pwdEndTime', 'nsAccountLock', 'loginDisabled'],
  },
  'active-directory': {
    filter: '(&(objectCategory=person)(objectClass=user))',
    loginAttributes: ['sAMAccountName', 'userPrincipalName'],
    idAttribute: 'objectGUID',
    stateAttributes: ['userAccountControl', 'accountExpires'],
  },
} as const satisfies Record<LdapSettings['type'], object>;

/** LDAP_MATCHING_RULE_IN_CHAIN [MS-ADTS] §3.1.1.3.4.4.3: members of members. */
const IN_CHAIN = '1.2.840.113556.1.4.1941';

/** @throws ProblemsError when a filter cannot be read. */
export function ldapRules(settings: LdapSettings): LdapRules {
  const preset = PRESETS[settings.type];
  const { groups } = settings;
  const loginAttributes = settings.loginAttributes ?? preset.loginAttributes;
  const idAttribute = settings.idAttribute ?? preset.idAttribute;
  const attributes = Object.entries(settings.attributes);
  const memberOf = groups.from === 'memberOf' ? ['memberOf'] : [];
  const sources = attributes.map(([, source]) => source);
  return {
    type: settings.type,
    base: settings.base,
    personFilter: readFilter(`${settings.name}: filter`, settings.filter ?? preset.filter),
    loginAttributes,
    idAttribute,
    idForm: idAttribute.toLowerCase() === 'objectguid' ? 'guid' : 'text',
    attributes,
    groups,
    groupFilter: readFilter(`${settings.name}: groups.filter`, groups.filter),
    requested: [...new Set([...loginAttributes, idAttribute, ...sources, ...preset.stateAttributes, ...memberOf])],
  };
}

function readFilter(path: string, text: string): Filter {
  try {
    return FilterParser.parseString(text);
  } catch {
    throw new ProblemsError([{ path: `directories: ${path}`, found: text, wanted: 'an LDAP filter (RFC 4515)' }]);
  }
}

/** Null for a name that nobody can have: it is not sent. */
export function byLoginName(rules: LdapRules, loginName: string): Filter | null {
  if (loginName.length > LOGIN_NAME_MAX_BYTES || !loginName.isWellFormed()) return null;
  const value = loginName.trim().normalize('NFC');
  if (value === '' || /\p{Cc}/u.test(value) || Buffer.byteLength(value) > LOGIN_NAME_MAX_BYTES) return null;
  const names = rules.loginAttributes.map((attribute) => new EqualityFilter({ attribute, value }));
  return new AndFilter({ filters: [rules.personFilter, new OrFilter({ filters: names })] });
}

/** Null for an id that this directory does not give. Of a digest, others are found too: `readId` tells. */
export function byId(rules: LdapRules, id: string): Filter | null {
  const own = rules.idForm === 'guid' ? byGuid(rules.idAttribute, id) : idFilter(rules.idAttribute, id);
  return own === null ? null : new AndFilter({ filters: [rules.personFilter, own] });
}

function byGuid(attribute: string, id: string): Filter | null {
  const value = guidBytes(id);
  return value === null ? null : new EqualityFilter({ attribute, value });
}

/** The groups of a person; for `from: search` only. */
export function byMember({ groups, groupFilter }: LdapRules, dn: string, loginName: string): Filter {
  const { memberAttribute: attribute, memberIs, nested } = groups;
  const own = nested
    ? new ExtensibleFilter({ matchType: attribute, rule: IN_CHAIN, value: dn })
    : new EqualityFilter({ attribute, value: memberIs === 'dn' ? dn : loginName });
  return new AndFilter({ filters: [groupFilter, own] });
}

/** [MS-DTYP] §2.3.4: the first three fields are little-endian. */
export function guidText(bytes: Uint8Array): string | null {
  if (bytes.length !== 16) return null;
  const hex = Buffer.from(inTextOrder(bytes)).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Null for any other spelling than that of `guidText`. */
export function guidBytes(text: string): Buffer | null {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) return null;
  return Buffer.from(inTextOrder(Buffer.from(text.replaceAll('-', ''), 'hex')));
}

/** Its own inverse. */
function inTextOrder(bytes: Uint8Array): Uint8Array {
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  return Uint8Array.from(order, (from) => bytes[from] ?? 0);
}
