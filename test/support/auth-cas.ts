// Owns: a stock CAS client: Debian's Apache with mod_auth_cas in a folder of its own, on a port of its own.
// Debian's own Apache configuration is neither read nor started.
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answersOk, type Child, endAll, startChild, waitUntil } from '../../scripts/processes.ts';

/** What must be installed; for `requireTool`. */
export const AUTH_CAS_TOOLS = ['/usr/sbin/apache2', '/usr/lib/apache2/modules/mod_auth_cas.so'] as const;

/** The page behind the sign-in; name and attributes come as response headers beside it. */
export const CAS_TEXT = 'behind mod_auth_cas';

export interface AuthCas {
  /** A page that needs a sign-in, validated at /cas/p3/serviceValidate. */
  readonly protectedUrl: string;
  /** The same, validated at /cas/samlValidate. */
  readonly samlUrl: string;
  /** A page that asks again, whoever is signed in. */
  readonly renewUrl: string;
  /** The last lines of Apache's error log, for a failure's message. */
  readonly errorLog: () => Promise<string>;
  readonly close: () => Promise<void>;
}

/** Starts two Apaches in the foreground, as www-data when this is root: one for each way of validating. */
export async function startAuthCas(ports: readonly [number, number], cas: string): Promise<AuthCas> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-cas-'));
  await chmod(folder, 0o755);
  const documents = join(folder, 'htdocs');
  await mkdir(documents);
  for (const name of ['index', 'renew']) await writeFile(join(documents, `${name}.html`), `${CAS_TEXT}\n`);
  const children: Child[] = [];
  const close = async () => {
    await endAll(children, 3000);
    await rm(folder, { recursive: true, force: true });
  };
  const errorLog = async (): Promise<string> => {
    const logs = await Promise.all(ports.map((port) => readFile(join(folder, `${port}`, 'error.log'), 'utf8')));
    return logs.map((log) => log.slice(-2000)).join('\n');
  };
  try {
    const validation = { [ports[0]]: 'p3/serviceValidate', [ports[1]]: 'samlValidate' };
    for (const port of ports) {
      const home = join(folder, `${port}`);
      // mod_auth_cas keeps its sessions in files here, and wants the slash.
      await mkdir(join(home, 'sessions'), { recursive: true });
      if (process.getuid?.() === 0) await ownedByApache(join(home, 'sessions'));
      const config = apacheConfig({ home, documents, port, cas, validation: validation[port] ?? '' });
      await writeFile(join(home, 'httpd.conf'), config);
      const args = ['-f', join(home, 'httpd.conf'), '-D', 'FOREGROUND'];
      const apache = await startChild({ name: 'apache', command: '/usr/sbin/apache2', args });
      children.push(apache);
      await waitUntil('Apache', 10_000, async () => {
        if (!apache.alive()) throw new Error(`Apache ended with ${await apache.ended}`);
        return answersOk(`http://127.0.0.1:${port}/open/index.html`);
      });
    }
  } catch (error) {
    const said = [...children.flatMap((child) => child.lastLines()), await errorLog().catch(() => '')].join('\n');
    await close();
    throw new Error(`${String(error)}\n${said}`);
  }
  const at = (port: number, page: string): string => `http://127.0.0.1:${port}/${page}.html`;
  return {
    protectedUrl: at(ports[0], 'index'),
    samlUrl: at(ports[1], 'index'),
    renewUrl: at(ports[0], 'renew'),
    errorLog,
    close,
  };
}

async function ownedByApache(folder: string): Promise<void> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((each) => each.startsWith('www-data:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('there is no user www-data');
  await chown(folder, Number(uid), Number(gid));
  if ((await stat(folder)).uid !== Number(uid)) throw new Error(`${folder} is not www-data's`);
}

const MODULES = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'auth_cas', 'mime', 'dir', 'alias', 'headers'];

interface ApacheSettings {
  readonly home: string;
  readonly documents: string;
  readonly port: number;
  /** The address of the CAS server, `…/cas`. */
  readonly cas: string;
  readonly validation: string;
}

/** What docs/cas.md tells an administrator to write, and what a test on http needs beside it. */
function apacheConfig({ home, documents, port, cas, validation }: ApacheSettings): string {
  return `ServerRoot ${home}
ServerName 127.0.0.1
Listen 127.0.0.1:${port}
PidFile ${home}/httpd.pid
ErrorLog ${home}/error.log
LogLevel warn auth_cas:debug
DefaultRuntimeDir ${home}
Mutex file:${home} default
StartServers 1
${MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
TypesConfig /etc/mime.types
DocumentRoot ${documents}
Alias /open ${documents}
CASVersion 2
CASDebug On
CASLoginURL ${cas}/login
CASValidateURL ${cas}/${validation}
CASValidateSAML ${validation === 'samlValidate' ? 'On' : 'Off'}
CASCookiePath ${home}/sessions/
CASRootProxiedAs http://127.0.0.1:${port}
<Location />
  Require all granted
</Location>
<LocationMatch "^/(index|renew).html">
  AuthType CAS
  CASAuthNHeader X-Cas-User
  Header set X-Remote-User "expr=%{REMOTE_USER}"
  Header set X-Mail "expr=%{req:CAS-mail}"
  Require valid-user
</LocationMatch>
<Location /renew.html>
  CASRenew /renew.html
</Location>
`;
}
