// Owns: a stock SP: Debian's Apache with mod_auth_mellon in a folder of its own, on a port of its own.
// Debian's own Apache configuration is neither read nor started.
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeKeyAndCertificate } from '../../scripts/key-and-certificate.ts';
import { answersOk, type Child, endAll, startChild, waitUntil } from '../../scripts/processes.ts';
import { freePort } from './free-ports.ts';

/** What must be installed; for `requireTool`. */
export const MELLON_TOOLS = ['/usr/sbin/apache2', '/usr/lib/apache2/modules/mod_auth_mellon.so'] as const;

/** An SP that is known by its metadata before it knows any IdP. */
export interface MellonIdentity {
  readonly baseUrl: string;
  readonly port: number;
  readonly metadataXml: string;
  readonly privateKeyPem: string;
  readonly certificatePem: string;
}

export interface Mellon {
  /** A page that needs a sign-in. */
  readonly protectedUrl: string;
  /** The last lines of Apache's error log, for a failure's message. */
  readonly errorLog: () => Promise<string>;
  readonly close: () => Promise<void>;
}

/** The page behind the sign-in; mellon's variables come as response headers beside it. */
export const PROTECTED_TEXT = 'behind mellon';

/** Makes keys and the metadata that mellon itself would publish: signed requests, one key for both uses, encryption. */
export async function mellonIdentity(): Promise<MellonIdentity> {
  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  const { privateKeyPem, certificatePem } = await makeKeyAndCertificate(baseUrl);
  const certificate = certificatePem.replace(/-----[^-]+-----|\s/g, '');
  const metadataXml = `<?xml version="1.0"?>
<!-- Real SP metadata opens with a comment. -->
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="${baseUrl}/mellon/metadata">
  <SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
    <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</NameIDFormat>
    <AssertionConsumerService index="0" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${baseUrl}/mellon/postResponse"/>
    <AttributeConsumingService index="0"><ServiceName xml:lang="en">mellon</ServiceName>
      <RequestedAttribute Name="urn:oid:0.9.2342.19200300.100.1.3" FriendlyName="mail" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"/>
    </AttributeConsumingService>
  </SPSSODescriptor>
</EntityDescriptor>
`;
  return { baseUrl, port, metadataXml, privateKeyPem, certificatePem };
}

/** Starts Apache in the foreground, as www-data when this is root. */
export async function startMellon(identity: MellonIdentity, idpMetadataXml: string): Promise<Mellon> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-mellon-'));
  const asRoot = process.getuid?.() === 0;
  await mkdir(join(folder, 'htdocs'));
  await writeFile(join(folder, 'htdocs', 'index.html'), `${PROTECTED_TEXT}\n`);
  await writeFile(join(folder, 'sp.key'), identity.privateKeyPem);
  await writeFile(join(folder, 'sp.crt'), identity.certificatePem);
  await writeFile(join(folder, 'sp.xml'), identity.metadataXml);
  await writeFile(join(folder, 'idp.xml'), idpMetadataXml);
  await writeFile(join(folder, 'httpd.conf'), apacheConfig(folder, identity.port, asRoot));
  // Apache's children read the key and write their state here after they have become www-data.
  await chmod(folder, 0o755);
  if (asRoot) {
    const { uid, gid } = await wwwData();
    for (const name of ['', 'sp.key', 'sp.crt', 'sp.xml', 'idp.xml']) await chown(join(folder, name), uid, gid);
  }
  const apache: Child = await startChild({
    name: 'apache',
    command: '/usr/sbin/apache2',
    args: ['-f', join(folder, 'httpd.conf'), '-D', 'FOREGROUND'],
  });
  const errorLog = async () => (await readFile(join(folder, 'error.log'), 'utf8').catch(() => '')).slice(-3000);
  const close = async () => {
    await endAll([apache], 3000);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await waitUntil('Apache', 10_000, async () => {
      if (!apache.alive()) throw new Error(`Apache ended with ${await apache.ended}`);
      return answersOk(`${identity.baseUrl}/open/index.html`);
    });
  } catch (error) {
    const said = [...apache.lastLines(), await errorLog()].join('\n');
    await close();
    throw new Error(`${String(error)}\n${said}`);
  }
  return { protectedUrl: `${identity.baseUrl}/index.html`, errorLog, close };
}

async function wwwData(): Promise<{ readonly uid: number; readonly gid: number }> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((each) => each.startsWith('www-data:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('there is no user www-data');
  return { uid: Number(uid), gid: Number(gid) };
}

const MODULES = [
  'mpm_event',
  'authn_core',
  'authz_core',
  'authz_user',
  'auth_mellon',
  'mime',
  'dir',
  'alias',
  'headers',
];

function apacheConfig(folder: string, port: number, asRoot: boolean): string {
  return `ServerRoot ${folder}
ServerName 127.0.0.1
Listen 127.0.0.1:${port}
PidFile ${folder}/httpd.pid
ErrorLog ${folder}/error.log
DefaultRuntimeDir ${folder}
Mutex file:${folder} default
StartServers 1
${MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
${asRoot ? 'User www-data\nGroup www-data' : ''}
TypesConfig /etc/mime.types
DocumentRoot ${folder}/htdocs
Alias /open ${folder}/htdocs
MellonLockFile ${folder}/mellon.lock
MellonPostDirectory ${folder}
<Location />
  MellonEnable info
  MellonEndpointPath /mellon
  MellonSPMetadataFile ${folder}/sp.xml
  MellonSPPrivateKeyFile ${folder}/sp.key
  MellonSPCertFile ${folder}/sp.crt
  MellonIdPMetadataFile ${folder}/idp.xml
  MellonSecureCookie Off
  MellonSignatureMethod rsa-sha256
  MellonSetEnvNoPrefix MAIL urn:oid:0.9.2342.19200300.100.1.3
  MellonMergeEnvVars On
  Require all granted
</Location>
<LocationMatch "^/index.html">
  MellonEnable auth
  Require valid-user
  Header set X-Mellon-User "expr=%{REMOTE_USER}"
  Header set X-Mellon-Mail "%{MAIL}e"
</LocationMatch>
`;
}
