// Owns: a stock OpenID Connect client: Apache with mod_auth_openidc. Leaves to apache.ts: running it.
import { hashClientSecret } from '../../src/parties/client-secret.ts';
import { type Apache, apacheTools, startApache } from './apache.ts';
import { freePort } from './free-ports.ts';

const MODULE = 'auth_openidc';

/** What must be installed; for `requireTool`. */
export const AUTH_OPENIDC_TOOLS = apacheTools(MODULE);

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

export interface AuthOpenidc extends Omit<Apache, 'baseUrl'> {
  /** A page that needs a sign-in. */
  readonly protectedUrl: string;
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

export async function startAuthOpenidc({ baseUrl, port }: ApacheClient, issuer: string): Promise<AuthOpenidc> {
  const { errorLog, close } = await startApache({
    port,
    module: MODULE,
    logLevel: 'info',
    pages: { index: `${OPENIDC_TEXT}\n` },
    rules: () => rules(baseUrl, issuer),
  });
  return { protectedUrl: `${baseUrl}/index.html`, errorLog, close };
}

/** What docs tell an administrator to write, and what a test on http needs beside it. */
function rules(baseUrl: string, issuer: string): string {
  return `OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
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
