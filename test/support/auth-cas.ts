// Owns: a stock CAS client: two Apaches with mod_auth_cas, one for each way of validating. Leaves to apache.ts: running them.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Apache, apacheTools, ownedByApache, startApache } from './apache.ts';

const MODULE = 'auth_cas';

/** What must be installed; for `requireTool`. */
export const AUTH_CAS_TOOLS = apacheTools(MODULE);

/** The page behind the sign-in; name and attributes come as response headers beside it. */
export const CAS_TEXT = 'behind mod_auth_cas';

export interface AuthCas extends Omit<Apache, 'baseUrl'> {
  /** A page that needs a sign-in, validated at /cas/p3/serviceValidate. */
  readonly protectedUrl: string;
  /** The same, validated at /cas/samlValidate. */
  readonly samlUrl: string;
  /** A page that asks again, whoever is signed in. */
  readonly renewUrl: string;
}

/** `cas` is the address of the CAS server, `…/cas`. */
export async function startAuthCas(ports: readonly [number, number], cas: string): Promise<AuthCas> {
  const apaches: Apache[] = [];
  const close = async () => {
    for (const apache of apaches) await apache.close();
  };
  const errorLog = async (): Promise<string> => (await Promise.all(apaches.map((each) => each.errorLog()))).join('\n');
  const validations = ['p3/serviceValidate', 'samlValidate'] as const;
  try {
    for (const [i, validation] of validations.entries()) {
      const port = ports[i] ?? 0;
      apaches.push(
        await startApache({
          port,
          module: MODULE,
          logLevel: 'debug',
          pages: { index: `${CAS_TEXT}\n`, renew: `${CAS_TEXT}\n` },
          prepare: async (folder) => {
            // mod_auth_cas keeps its sessions in files here, and wants the slash.
            await mkdir(join(folder, 'sessions'));
            await ownedByApache(join(folder, 'sessions'));
          },
          rules: (folder) => rules({ folder, port, cas, validation }),
        }),
      );
    }
  } catch (error) {
    await close();
    throw error;
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

interface CasRules {
  readonly folder: string;
  readonly port: number;
  readonly cas: string;
  readonly validation: string;
}

/** What docs/cas.md tells an administrator to write, and what a test on http needs beside it. */
function rules({ folder, port, cas, validation }: CasRules): string {
  return `CASVersion 2
CASDebug On
CASLoginURL ${cas}/login
CASValidateURL ${cas}/${validation}
CASValidateSAML ${validation === 'samlValidate' ? 'On' : 'Off'}
CASCookiePath ${folder}/sessions/
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
