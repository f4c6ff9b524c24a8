// Owns: how the places that people come from are configured, with defaults. Leaves to directories/: using them.
import { isIP } from 'node:net';
import { z } from 'zod';
import type { Problems } from '../lib/problems.ts';

const positive = z.int().min(1).max(31_536_000);
const file = z.string().min(1).max(1024);
/** For the log, the audit and `signet users --directory`. */
const name = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'a lower case name of up to 32 letters, digits and hyphens');
const dn = z.string().min(1).max(1024);
const filter = z.string().min(3).max(4096).describe('an LDAP filter (RFC 4515) with its parentheses');
/** RFC 4512 §1.4: a descriptor or an OID; no options, which would be another spelling of the same attribute. */
const attribute = z.string().regex(/^([A-Za-z][A-Za-z0-9-]{0,127}|\d+(\.\d+){1,32})$/, 'the name of an LDAP attribute');

/** What no service provider may ever be told, whatever it is called there. */
const SECRET_ATTRIBUTES: ReadonlySet<string> = new Set(
  'userPassword unicodePwd dBCSPwd lmPwdHistory ntPwdHistory supplementalCredentials pwdHistory krbPrincipalKey sambaNTPassword sambaLMPassword sambaPasswordHistory msDS-ManagedPassword ms-Mcs-AdmPwd msLAPS-Password'
    .split(' ')
    .map((secret) => secret.toLowerCase()),
);

const yaml = z.strictObject({
  kind: z.literal('yaml'),
  name: name.default('users'),
  file: file.default('users.yaml'),
  poll: positive.default(5),
});

const sql = z.strictObject({ kind: z.literal('sql'), name: name.default('sql') });

const groups = z.strictObject({
  from: z.enum(['memberOf', 'search', 'none']).default('memberOf'),
  base: dn.optional().describe('only groups below it count; defaults to base'),
  as: z.enum(['name', 'dn']).default('name').describe('what a group is called: its own name, or its whole DN'),
  filter: filter.default('(objectClass=*)').describe('from: search'),
  memberAttribute: attribute.default('member').describe('from: search'),
  memberIs: z.enum(['dn', 'loginName']).default('dn').describe('from: search'),
  nameAttribute: attribute.default('cn').describe('from: search'),
  nested: z.boolean().default(false).describe('from: search, Active Directory: groups of groups too'),
});

const ldap = z.strictObject({
  kind: z.literal('ldap'),
  name: name.default('ldap'),
  type: z.enum(['standard', 'active-directory']).default('standard'),
  urls: z.array(z.string()).min(1).max(8).describe('ldaps://HOST or ldap://HOST; the first that answers is used'),
  startTls: z.boolean().default(false).describe('for ldap:// addresses'),
  caFile: file.optional().describe('PEM; only what these sign is trusted, instead of what the system trusts'),
  bindDn: z.string().min(1).max(1024).optional().describe('who searches; without it, searches are anonymous'),
  bindPasswordFile: file.optional(),
  bindPasswordVariable: z
    .string()
    .regex(/^(?!SIGNET_)[A-Z_][A-Z0-9_]{0,127}$/, 'the name of an environment variable; not one of SIGNET_…')
    .optional(),
  base: dn.describe('people are looked for below it'),
  filter: filter.optional().describe('who counts as a person'),
  loginAttributes: z.array(attribute).min(1).max(4).optional().describe('what people may type; the first is the name'),
  idAttribute: attribute.optional(),
  attributes: z
    .record(z.string().min(1).max(256), attribute)
    .default({ mail: 'mail', givenName: 'givenName', sn: 'sn', displayName: 'displayName' })
    .describe('what parties may be told: the name they see, and the LDAP attribute it comes from'),
  groups: groups.prefault({}),
  decoyDn: dn.optional().describe('where a password for a name that nobody has is tried'),
  connections: z.int().min(1).max(64).default(8).describe('for searches, and as many for passwords'),
  connectTimeout: z.int().min(1).max(60).default(2),
  operationTimeout: z.int().min(1).max(60).default(5),
});

export const directoriesSchema = z
  .array(z.discriminatedUnion('kind', [yaml, sql, ldap]))
  .min(1, 'at least one directory')
  .max(16)
  .prefault([{ kind: 'yaml' }]);

type ParsedDirectory = z.output<typeof directoriesSchema>[number];
type ParsedLdap = z.output<typeof ldap>;

export type YamlSettings = z.output<typeof yaml>;
/** `bindPassword`: from the variable that was named; null where it comes from a file, or there is none. */
export type LdapSettings = ParsedLdap & { readonly bindPassword: string | null };
export type DirectorySettings = YamlSettings | z.output<typeof sql> | LdapSettings;

/** Absolute paths and the bind password; everything that one directory's schema cannot know is a problem. */
export function completeDirectories(
  parsed: readonly ParsedDirectory[],
  at: (path: string) => string,
  environment: Readonly<Record<string, string | undefined>>,
  problems: Problems,
): readonly DirectorySettings[] {
  const names = new Set<string>();
  return parsed.map((directory, index) => {
    const path = `directories.${index}`;
    if (names.has(directory.name)) {
      problems.add(`${path}.name`, `'${directory.name}' a second time`, 'a name of its own for each directory');
    }
    names.add(directory.name);
    switch (directory.kind) {
      case 'yaml':
        return { ...directory, file: at(directory.file) };
      case 'sql':
        return directory;
      case 'ldap':
        return completeLdap(directory, at, environment, (key, found, wanted) =>
          problems.add(`${path}.${key}`, found, wanted),
        );
      default:
        return directory satisfies never;
    }
  });
}

type Complain = (key: string, found: string, wanted: string) => void;

function completeLdap(
  ldap: ParsedLdap,
  at: (path: string) => string,
  environment: Readonly<Record<string, string | undefined>>,
  complain: Complain,
): LdapSettings {
  for (const [index, url] of ldap.urls.entries()) checkUrl(url, `urls.${index}`, ldap.startTls, complain);
  for (const [shown, source] of Object.entries(ldap.attributes)) {
    if (SECRET_ATTRIBUTES.has(source.toLowerCase())) {
      complain(`attributes.${shown}`, source, 'an attribute that is no secret');
    }
  }
  const { bindDn, bindPasswordFile, bindPasswordVariable, groups } = ldap;
  const sources = [bindPasswordFile, bindPasswordVariable].filter((source) => source !== undefined).length;
  if (bindDn === undefined && sources > 0) complain('bindDn', 'nothing', 'the DN that the bind password is for');
  // RFC 4513 §5.1.2: with a DN and without a password a bind is unauthenticated, and many servers agree to it.
  if (bindDn !== undefined && sources !== 1) {
    complain('bindPasswordFile', sources === 0 ? 'nothing' : 'both', 'either bindPasswordFile or bindPasswordVariable');
  }
  const bindPassword = bindPasswordVariable === undefined ? null : (environment[bindPasswordVariable] ?? '');
  if (bindPassword === '') complain('bindPasswordVariable', `${bindPasswordVariable} is not set`, 'a password in it');
  if (groups.nested && (groups.from !== 'search' || groups.memberIs !== 'dn' || ldap.type !== 'active-directory')) {
    complain('groups.nested', 'true', 'from: search and memberIs: dn at an Active Directory, which alone can do it');
  }
  return {
    ...ldap,
    bindPassword,
    ...(ldap.caFile === undefined ? {} : { caFile: at(ldap.caFile) }),
    ...(bindPasswordFile === undefined ? {} : { bindPasswordFile: at(bindPasswordFile) }),
  };
}

/** Passwords travel in it: encrypted, or not beyond this machine. */
function checkUrl(text: string, key: string, startTls: boolean, complain: Complain): void {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['ldap:', 'ldaps:'].includes(url.protocol) || url.hostname === '') {
    complain(key, JSON.stringify(text), 'ldaps://HOST or ldap://HOST, with :PORT if it is not the usual one');
    return;
  }
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '' || url.username !== '') {
    complain(key, text, 'scheme, host and port only; the rest has settings of its own');
  }
  if (url.protocol === 'ldaps:' && startTls) complain(key, text, 'ldap:// with startTls, or ldaps:// without');
  if (url.protocol === 'ldap:' && !startTls && !isLoopback(url.hostname)) {
    complain(key, text, 'ldaps://, or startTls: true; passwords go over this connection');
  }
}

function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
