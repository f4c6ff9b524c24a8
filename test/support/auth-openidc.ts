// Owns: a stock OpenID Connect client: Debian's Apache with mod_auth_openidc in a folder of its own, on a port of its own.
// Debian's own Apache configuration is neither read nor started.
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answersOk, type Child, endAll, startChild, waitUntil } from '../../scripts/processes.ts';
import { hashClientSecret } from '../../src/parties/client-secret.ts';
import { freePort } from './free-ports.ts';

/** What must be installed; for `requireTool`. */
export const AUTH_OPENIDC_TOOLS = ['/usr/sbin/apache2', '/usr/lib/apache2/modules/mod_auth_openidc.so'] as const;

/** The page behind the sign-in; claims come as response headers beside it. */
export const OPENIDC_TEXT = 'behind mod_auth_openidc';
const SECRET = 'the-secret-of-apache-in-a-test-0123456789';
const CLIENT_ID = 'apache';

/** The client as it is registered before it knows any provider. */
export interface ApacheClient {
  readonly baseUrl: string;
  readonly port: number;
  readonly document: { readonly client_id: string } & Readonly<Record<string, unknown>>;
}

export interface AuthOpenidc {
  /** A page that needs a sign-in. */
  readonly protectedUrl: string;
  /** The last lines of Apache's error log, for a failure's message. */
  readonly errorLog: () => Promise<string>;
  readonly close: () => Promise<void>;
}

export async function apacheClient(): Promise<ApacheClient> {
  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  return {
    baseUrl,
    port,
    document: {
      client_id: CLIENT_ID,
      client_name: 'Apache',
      client_secret_hash: hashClientSecret(SECRET, (size) => Buffer.alloc(size, 3)),
      redirect_uris: [`${baseUrl}/callback`],
      post_logout_redirect_uris: [`${baseUrl}/open/index.html`],
    },
  };
}

/** Starts Apache in the foreground, as www-data when this is root. */
export async function startAuthOpenidc({ baseUrl, port }: ApacheClient, issuer: string): Promise<AuthOpenidc> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-openidc-'));
  await mkdir(join(folder, 'htdocs'));
  await writeFile(join(folder, 'htdocs', 'index.html'), `${OPENIDC_TEXT}\n`);
  await writeFile(join(folder, 'httpd.conf'), apacheConfig(folder, baseUrl, port, issuer));
  // Apache's children read here after they have become www-data.
  await chmod(folder, 0o755);
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
      return answersOk(`${baseUrl}/open/index.html`);
    });
  } catch (error) {
    const said = [...apache.lastLines(), await errorLog()].join('\n');
    await close();
    throw new Error(`${String(error)}\n${said}`);
  }
  return { protectedUrl: `${baseUrl}/index.html`, errorLog, close };
}

const MODULES = [
  'mpm_event',
  'authn_core',
  'authz_core',
  'authz_user',
  'auth_openidc',
  'mime',
  'dir',
  'alias',
  'headers',
];

/** What docs tell an administrator to write, and what a test on http needs beside it. */
function apacheConfig(folder: string, baseUrl: string, port: number, issuer: string): string {
  return `ServerRoot ${folder}
ServerName 127.0.0.1
Listen 127.0.0.1:${port}
PidFile ${folder}/httpd.pid
ErrorLog ${folder}/error.log
LogLevel warn auth_openidc:info
DefaultRuntimeDir ${folder}
Mutex file:${folder} default
StartServers 1
${MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
TypesConfig /etc/mime.types
DocumentRoot ${folder}/htdocs
Alias /open ${folder}/htdocs
OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCClientID ${CLIENT_ID}
OIDCClientSecret ${SECRET}
OIDCRedirectURI ${baseUrl}/callback
OIDCCryptoPassphrase a-passphrase-of-the-test-0123456789
OIDCScope "openid email profile"
OIDCPKCEMethod S256
OIDCRemoteUserClaim email
OIDCSSLValidateServer Off
<Location />
  Require all granted
</Location>
<LocationMatch "^/(index.html|callback)">
  AuthType openid-connect
  Require valid-user
  Header set X-Remote-User "expr=%{REMOTE_USER}"
  Header set X-Claim-Name "%{OIDC_CLAIM_name}e"
  Header set X-Claim-Acr "%{OIDC_CLAIM_acr}e"
</LocationMatch>
`;
}
