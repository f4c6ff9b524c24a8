// Owns: a stock SP: Apache with mod_auth_mellon. Leaves to apache.ts: running it.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeKeyAndCertificate } from '../../scripts/key-and-certificate.ts';
import { type Apache, apacheTools, ownedByApache, startApache } from './apache.ts';
import { freePort } from './free-ports.ts';
import { signingKeyFromStock } from './key-stock.ts';

const MODULE = 'auth_mellon';

/** What must be installed; for `requireTool`. */
export const MELLON_TOOLS = apacheTools(MODULE);

/** An SP that is known by its metadata before it knows any IdP. */
export interface MellonIdentity {
  readonly baseUrl: string;
  readonly port: number;
  readonly metadataXml: string;
  readonly privateKeyPem: string;
  readonly certificatePem: string;
}

export interface Mellon extends Omit<Apache, 'baseUrl'> {
  /** A page that needs a sign-in. */
  readonly protectedUrl: string;
}

/** The page behind the sign-in; mellon's variables come as response headers beside it. */
export const PROTECTED_TEXT = 'behind mellon';

/** Makes keys and the metadata that mellon itself would publish: signed requests, one key for both uses, encryption. */
export async function mellonIdentity(): Promise<MellonIdentity> {
  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  const { privateKeyPem, certificatePem } = await makeKeyAndCertificate(baseUrl, signingKeyFromStock);
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

export async function startMellon(identity: MellonIdentity, idpMetadataXml: string): Promise<Mellon> {
  const files = {
    'sp.key': identity.privateKeyPem,
    'sp.crt': identity.certificatePem,
    'sp.xml': identity.metadataXml,
    'idp.xml': idpMetadataXml,
  };
  const { errorLog, close } = await startApache({
    port: identity.port,
    module: MODULE,
    logLevel: 'warn',
    pages: { index: `${PROTECTED_TEXT}\n` },
    // Apache's children read the key and write their state here.
    prepare: async (folder) => {
      await ownedByApache(folder);
      for (const [name, text] of Object.entries(files)) {
        await writeFile(join(folder, name), text);
        await ownedByApache(join(folder, name));
      }
    },
    rules,
  });
  return { protectedUrl: `${identity.baseUrl}/index.html`, errorLog, close };
}

function rules(folder: string): string {
  return `MellonLockFile ${folder}/mellon.lock
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
