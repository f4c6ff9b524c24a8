// Owns: an OpenLDAP server of the test's own: in a temporary folder, on loopback, with a certificate made for it.
// Debian's own slapd is neither read nor started.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'ldapts';
import { type Child, endAll, runToEnd, startChild, waitUntil } from '../../scripts/processes.ts';
import { freePorts } from './free-ports.ts';

/** What must be installed; for `requireTool`. */
export const OPENLDAP_TOOLS = ['/usr/sbin/slapd', '/usr/lib/ldap/memberof.so', '/usr/bin/openssl'] as const;

export const LDAP_BASE = 'dc=example,dc=org';
export const PEOPLE = `ou=people,${LDAP_BASE}`;
export const GROUPS = `ou=groups,${LDAP_BASE}`;
/** Who may read everybody but no password. */
export const SEARCH_DN = `cn=signet,${LDAP_BASE}`;
export const SEARCH_PASSWORD = 'may search';
const ROOT_DN = `cn=admin,${LDAP_BASE}`;
const ROOT_PASSWORD = 'may do everything';

export interface OpenLdap {
  readonly plainUrl: string;
  readonly plainPort: number;
  readonly tlsUrl: string;
  /** The server's certificate, which signs itself. */
  readonly caFile: string;
  readonly folder: string;
  /** For changes; bound as the root of the database. Closed by `close`. */
  readonly admin: Client;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly stop: () => Promise<void>;
  /** On the same ports, with the same data. */
  readonly start: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface OpenLdapOptions {
  /** Active Directory's attributes; memberOf is then an attribute like others. */
  readonly activeDirectory?: boolean;
  /** Further lines for the database. */
  readonly database?: string;
}

/** Starts a server with an empty tree: the base, `ou=people`, `ou=groups`, and who may search. */
export async function startOpenLdap(options: OpenLdapOptions = {}): Promise<OpenLdap> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-ldap-'));
  const [plainPort = 0, tlsPort = 0] = await freePorts(2);
  const [key, caFile] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  await makeCertificate(key, caFile);
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'slapd.conf'), configuration(folder, key, caFile, options));
  const [plainUrl, tlsUrl] = [`ldap://127.0.0.1:${plainPort}`, `ldaps://localhost:${tlsPort}`];
  let child: Child | null = null;
  const start = async () => {
    child = await startChild({
      name: 'slapd',
      command: '/usr/sbin/slapd',
      args: ['-f', join(folder, 'slapd.conf'), '-h', `${plainUrl}/ ldaps://127.0.0.1:${tlsPort}/`, '-d', '0'],
    });
    const started = child;
    await waitUntil('slapd', 10_000, async () => {
      if (!started.alive()) throw new Error(`slapd: ${started.lastLines().join('; ')}`);
      return accepts(plainPort);
    });
  };
  const stop = async () => {
    if (child !== null) await endAll([child], 3000);
    child = null;
  };
  await start();
  const admin = new Client({ url: plainUrl, timeout: 5000, connectTimeout: 5000, autoRebind: true });
  await admin.bind(ROOT_DN, ROOT_PASSWORD);
  await admin.add(LDAP_BASE, { objectClass: ['dcObject', 'organization'], dc: 'example', o: 'Example' });
  for (const dn of [PEOPLE, GROUPS]) await admin.add(dn, { objectClass: 'organizationalUnit', ou: dn.slice(3, 9) });
  await admin.add(SEARCH_DN, {
    objectClass: ['organizationalRole', 'simpleSecurityObject'],
    cn: 'signet',
    userPassword: SEARCH_PASSWORD,
  });
  const close = async () => {
    await admin.unbind().catch(() => {});
    await stop();
    await rm(folder, { recursive: true, force: true });
  };
  const signal = (name: NodeJS.Signals) => child?.signal(name);
  return { plainUrl, plainPort, tlsUrl, caFile, folder, admin, signal, stop, start, close };
}

export async function makeCertificate(
  key: string,
  certificate: string,
  name = 'DNS:localhost,IP:127.0.0.1',
): Promise<void> {
  const subject = ['-subj', '/CN=slapd of a test', '-days', '2', '-addext', `subjectAltName=${name}`];
  const keys = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key];
  await runToEnd('openssl', ['req', '-x509', ...keys, '-out', certificate, ...subject]);
}

const [DN, TEXT, NUMBER, BYTES] = ['12', '15', '27', '40'].map((n) => `1.3.6.1.4.1.1466.115.121.1.${n}`);
/** [MS-ADA1-3] §2, as far as Signet reads it. */
const ACTIVE_DIRECTORY_SCHEMA = [
  `attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch SYNTAX ${BYTES} SINGLE-VALUE )`,
  `attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SYNTAX ${TEXT} SINGLE-VALUE )`,
  `attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch SYNTAX ${TEXT} SINGLE-VALUE )`,
  `attributetype ( 1.2.840.113556.1.4.782 NAME 'objectCategory' EQUALITY caseIgnoreMatch SYNTAX ${TEXT} SINGLE-VALUE )`,
  `attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' SYNTAX ${NUMBER} SINGLE-VALUE )`,
  `attributetype ( 1.2.840.113556.1.4.159 NAME 'accountExpires' SYNTAX ${NUMBER} SINGLE-VALUE )`,
  `attributetype ( 1.2.840.113556.1.2.102 NAME 'memberOf' EQUALITY distinguishedNameMatch SYNTAX ${DN} )`,
  "objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP organizationalPerson STRUCTURAL MUST ( objectCategory $ sAMAccountName )" +
    ' MAY ( objectGUID $ userPrincipalName $ userAccountControl $ accountExpires $ memberOf ) )',
];

function configuration(folder: string, key: string, certificate: string, options: OpenLdapOptions): string {
  const schemas = ['core', 'cosine', 'inetorgperson'];
  const overlays = options.activeDirectory === true ? [] : ['memberof', 'ppolicy'];
  return [
    ...schemas.map((name) => `include /etc/ldap/schema/${name}.schema`),
    ...(options.activeDirectory === true ? ACTIVE_DIRECTORY_SCHEMA : []),
    'modulepath /usr/lib/ldap',
    ...['back_mdb', ...overlays].map((name) => `moduleload ${name}`),
    `pidfile ${join(folder, 'pid')}`,
    `TLSCertificateKeyFile ${key}`,
    `TLSCertificateFile ${certificate}`,
    'TLSProtocolMin 3.3',
    'database mdb',
    `suffix "${LDAP_BASE}"`,
    `rootdn "${ROOT_DN}"`,
    `rootpw "${ROOT_PASSWORD}"`,
    `directory ${join(folder, 'data')}`,
    'maxsize 16777216',
    'index objectClass,uid,mail,entryUUID eq',
    `access to attrs=userPassword by anonymous auth by * none`,
    `access to * by dn.exact="${SEARCH_DN}" read by * none`,
    ...overlays.map((name) => `overlay ${name}`),
    ...(overlays.length === 0 ? [] : [`ppolicy_default "cn=policy,${LDAP_BASE}"`, 'ppolicy_use_lockout']),
    options.database ?? '',
    '',
  ].join('\n');
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
  });
}
