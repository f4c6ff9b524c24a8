// Owns: what an LDAP entry says about a person, under the rules of its directory. Pure; what cannot be understood is said,
// never guessed. Leaves to ldap-directory.ts: asking the server.
import type { Entry } from 'ldapts';
import type { Account } from '../core/account.ts';
import { LOGIN_NAME_MAX_BYTES, loginNameKey } from '../core/login-name.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { isBelow, parseDn } from './ldap-dn.ts';
import { accountIdOf, DIGEST_MARK, RAW_ID_MAX } from './ldap-id.ts';
import { guidText, type LdapRules } from './ldap-rules.ts';

/** What the entry itself says; that a password has expired, or too many were wrong, only a bind tells. */
export type EntryState = 'active' | 'disabled' | 'expired';

export interface LdapPerson {
  readonly dn: string;
  readonly state: EntryState;
  /** Groups of memberOf; empty when groups are searched for. */
  readonly account: Account;
}

/** `because` is for the log. */
export type EntryReading =
  | { readonly kind: 'person'; readonly person: LdapPerson }
  | { readonly kind: 'unusable'; readonly because: string };

const VALUE_MAX_CHARACTERS = 4096;
const GROUP_MAX_CHARACTERS = 256;
/** Values go into XML and HTTP headers, which cannot hold these. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u{fffe}\u{ffff}]/u;

export function readEntry(entry: Entry, rules: LdapRules, now: EpochSeconds): EntryReading {
  const unusable = (because: string): EntryReading => ({ kind: 'unusable', because: `${entry.dn}: ${because}` });
  const id = readId(entry, rules);
  if (id === null) {
    return unusable(
      `${rules.idAttribute} is not one value of 1 to ${RAW_ID_MAX} visible characters that does not begin with ${DIGEST_MARK}; may the search read it?`,
    );
  }
  const loginName = rules.loginAttributes.flatMap((attribute) => texts(entry, attribute))[0];
  if (loginName === undefined || !isName(loginName)) return unusable(`no usable ${rules.loginAttributes.join(' or ')}`);
  // AD sends at most 1500 values at once, and the rest only on request: some groups are not all groups.
  if (Object.keys(entry).some((key) => /;range=/i.test(key)))
    return unusable('more values than fit: use groups.from: search');
  const state = rules.type === 'standard' ? standardState(entry, now) : activeDirectoryState(entry, now);
  const attributes = rules.attributes
    .map(([shown, source]) => [shown, texts(entry, source)] as const)
    .filter(([, values]) => values.length > 0);
  const account: Account = {
    id,
    loginName,
    disabled: state !== 'active',
    attributes: new Map(attributes),
    groups: rules.groups.from === 'memberOf' ? groupsOfNames(texts(entry, 'memberOf'), rules) : [],
  };
  return { kind: 'person', person: { dn: entry.dn, state, account } };
}

/** Whether the entry has the name as this node compares names: a server may also find what merely resembles it. */
export function hasLoginName(entry: Entry, rules: LdapRules, loginName: string): boolean {
  const key = loginNameKey(loginName);
  return rules.loginAttributes.some((attribute) =>
    texts(entry, attribute).some((value) => loginNameKey(value) === key),
  );
}

/** What the groups that a search found are called. */
export function groupsOfEntries(entries: readonly Entry[], rules: LdapRules): readonly string[] {
  const { as, nameAttribute } = rules.groups;
  return usableGroups(entries.flatMap((entry) => (as === 'dn' ? entry.dn : texts(entry, nameAttribute).slice(0, 1))));
}

function groupsOfNames(dns: readonly string[], rules: LdapRules): readonly string[] {
  const { as, base } = rules.groups;
  const above = parseDn(base ?? rules.base);
  if (above === null) return [];
  return usableGroups(
    dns.flatMap((dn) => {
      const name = parseDn(dn);
      if (name === null || !isBelow(name, above)) return [];
      return as === 'dn' ? dn : (name[0]?.[0]?.value ?? []);
    }),
  );
}

function usableGroups(names: readonly string[]): readonly string[] {
  const usable = names.filter((name) => name !== '' && name.length <= GROUP_MAX_CHARACTERS && !UNPRINTABLE.test(name));
  return [...new Set(usable)];
}

/** Null when the entry has none that can be used. */
export function readId(entry: Entry, { idAttribute, idForm }: LdapRules): string | null {
  const values = valuesOf(entry, idAttribute);
  const [value] = values;
  if (value === undefined || values.length !== 1) return null;
  if (idForm === 'guid') return Buffer.isBuffer(value) ? guidText(value) : null;
  const text = textOf(value);
  return text === null ? null : accountIdOf(text);
}

function isName(name: string): boolean {
  return Buffer.byteLength(name) <= LOGIN_NAME_MAX_BYTES && name === name.trim();
}

/** pwdAccountLockedTime: draft-behera-ldap-password-policy-10 §5.3.3; nsAccountLock: 389; loginDisabled: eDirectory. */
function standardState(entry: Entry, now: EpochSeconds): EntryState {
  // Any other time is a lock-out after wrong passwords, which ends by itself: a bind tells.
  if (texts(entry, 'pwdAccountLockedTime')[0] === '000001010000Z') return 'disabled';
  const isTrue = (attribute: string) => texts(entry, attribute)[0]?.toLowerCase() === 'true';
  if (isTrue('nsAccountLock') || isTrue('loginDisabled')) return 'disabled';
  const end = texts(entry, 'pwdEndTime')[0];
  if (end === undefined) return 'active';
  const endsAt = readGeneralizedTime(end);
  return endsAt === null || endsAt <= now ? 'expired' : 'active';
}

const ACCOUNT_DISABLE = 0x2;
/** [MS-ADA1] §2.1: 0 and the greatest number mean never. */
const NEVER: ReadonlySet<bigint> = new Set([0n, 0x7fff_ffff_ffff_ffffn]);

/** Whoever may not be judged (the search may not read it) is disabled. */
function activeDirectoryState(entry: Entry, now: EpochSeconds): EntryState {
  const control = texts(entry, 'userAccountControl')[0];
  if (control === undefined || !/^-?\d{1,10}$/.test(control) || (Number(control) & ACCOUNT_DISABLE) !== 0)
    return 'disabled';
  const expires = texts(entry, 'accountExpires')[0] ?? '0';
  if (!/^\d{1,19}$/.test(expires)) return 'disabled';
  return NEVER.has(BigInt(expires)) || fileTimeSeconds(BigInt(expires)) > now ? 'active' : 'expired';
}

/** FILETIME: 100 ns since 1601. */
function fileTimeSeconds(ticks: bigint): EpochSeconds {
  return Number(ticks / 10_000_000n) - 11_644_473_600;
}

/** RFC 4517 §3.3.13, in UTC; null for other spellings. */
function readGeneralizedTime(text: string): EpochSeconds | null {
  const match = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:[.,]\d+)?Z$/.exec(text);
  if (match === null) return null;
  const [year = 0, month = 0, ...rest] = match.slice(1).map(Number);
  const [day = 0, hour = 0, minute = 0, second = 0] = rest;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

/** Printable values only, without doubles: what a service provider could not be told is left out. */
function texts(entry: Entry, attribute: string): readonly string[] {
  const decoded = valuesOf(entry, attribute).map(textOf);
  const usable = decoded.filter(
    (value): value is string =>
      value !== null && value !== '' && value.length <= VALUE_MAX_CHARACTERS && !UNPRINTABLE.test(value),
  );
  return [...new Set(usable)];
}

/** Attribute names have no case (RFC 4512 §2.5). */
function valuesOf(entry: Entry, attribute: string): readonly (string | Buffer)[] {
  const wanted = attribute.toLowerCase();
  return Object.entries(entry)
    .filter(([key]) => key !== 'dn' && key.toLowerCase() === wanted)
    .flatMap(([, value]): readonly (string | Buffer)[] => (Array.isArray(value) ? value : [value]));
}

/** Null for bytes that are no UTF-8. */
function textOf(value: string | Buffer): string | null {
  if (typeof value === 'string') return value;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return null;
  }
}
