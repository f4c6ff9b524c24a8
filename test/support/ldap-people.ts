// Owns: people and settings for tests against the OpenLDAP server of openldap.ts.
import { readFileSync } from 'node:fs';
import { configSchema } from '../../src/config/config.ts';
import { completeDirectories, type LdapSettings } from '../../src/config/directories.ts';
import { createLdapDirectory, type LdapDirectory, type LdapEvent } from '../../src/directories/ldap-directory.ts';
import { Problems, ProblemsError } from '../../src/lib/problems.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { GROUPS, LDAP_BASE, type OpenLdap, PEOPLE, SEARCH_DN, SEARCH_PASSWORD } from './openldap.ts';

export interface LdapPersonFacts {
  readonly uid: string;
  readonly password?: string;
  readonly attributes?: Readonly<Record<string, string | string[]>>;
  /** Of the DN, where it is not the uid. */
  readonly cn?: string;
}

/** Adds a person; answers their DN. */
export async function addLdapPerson({ admin }: OpenLdap, facts: LdapPersonFacts): Promise<string> {
  const cn = facts.cn ?? `person ${Buffer.from(facts.uid).toString('hex')}`;
  const dn = `cn=${cn},${PEOPLE}`;
  await admin.add(dn, {
    objectClass: ['inetOrgPerson'],
    cn,
    sn: 'Person',
    uid: facts.uid,
    ...(facts.password === undefined ? {} : { userPassword: facts.password }),
    ...facts.attributes,
  });
  return dn;
}

export async function addLdapGroup(
  { admin }: OpenLdap,
  cn: string,
  members: readonly string[],
  below = GROUPS,
): Promise<string> {
  const dn = `cn=${cn.replace(',', '\\,')},${below}`;
  await admin.add(dn, { objectClass: 'groupOfNames', cn, member: [...members] });
  return dn;
}

/** As a configuration file would give them. @throws ProblemsError */
export function ldapSettings(settings: Readonly<Record<string, unknown>>): LdapSettings {
  const problems = new Problems();
  const parsed = configSchema.parse({
    publicUrl: 'https://idp.example.org',
    directories: [{ kind: 'ldap', ...settings }],
  });
  const [completed] = completeDirectories(
    parsed.directories,
    (path) => path,
    { LDAP_PASSWORD: SEARCH_PASSWORD },
    problems,
  );
  if (problems.any() || completed?.kind !== 'ldap') throw new ProblemsError(problems.list());
  return completed;
}

/** For the server, with TLS; `more` wins. */
export function settingsFor(server: OpenLdap, more: Readonly<Record<string, unknown>> = {}): LdapSettings {
  return ldapSettings({
    urls: [server.tlsUrl],
    caFile: server.caFile,
    bindDn: SEARCH_DN,
    bindPasswordVariable: 'LDAP_PASSWORD',
    base: LDAP_BASE,
    connections: 2,
    connectTimeout: 1,
    operationTimeout: 1,
    ...more,
  });
}

export interface WatchedDirectory {
  readonly directory: LdapDirectory;
  readonly events: readonly LdapEvent[];
}

export function openLdapDirectory(settings: LdapSettings, now = 1_800_000_000): WatchedDirectory {
  const events: LdapEvent[] = [];
  const directory = createLdapDirectory(settings, {
    clock: () => now,
    random: systemRandom(),
    readSecret: (path) => readFileSync(path, 'utf8'),
    onEvent: (event) => events.push(event),
  });
  return { directory, events };
}
