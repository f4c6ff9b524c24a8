// Owns: what other implementations of XML make of our texts: xmlsec1 and libxml2's xmllint, and the SAML schemas.
// Callers say `requireTool` first: 'xmlsec1', 'xmllint', SAML_SCHEMAS, XML_SCHEMAS.
import type { KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool, type ToolResult } from './tools.ts';

/** What Debian's opensaml-schemas and xmltooling-schemas bring. */
export const SAML_SCHEMAS = '/usr/share/xml/opensaml/saml-schema-protocol-2.0.xsd';
export const XML_SCHEMAS = '/usr/share/xml/xmltooling/xmldsig-core-schema.xsd';

const SCHEMA_FOLDER = join(import.meta.dirname, 'saml-xsd');

/**
 * Verifies an enveloped signature with xmlsec1: the one in the element of this name (`namespace:localName`) that has
 * no ancestor of that name, by its ID attribute. Elements of `idsOf` have ID attributes too.
 */
export function xmlsecVerify(
  xml: string,
  key: KeyObject,
  signed: { readonly element: string; readonly idsOf?: readonly string[] },
): ToolResult {
  return withFiles({ 'message.xml': xml, 'key.pem': exportPublic(key) }, (file) =>
    runTool('xmlsec1', [
      '--verify',
      '--enabled-reference-uris',
      'same-doc',
      ...[signed.element, ...(signed.idsOf ?? [])].flatMap((name) => ['--id-attr:ID', name]),
      '--pubkey-pem',
      file('key.pem'),
      '--node-xpath',
      signatureOf(signed.element),
      file('message.xml'),
    ]),
  );
}

/** Decrypts the first EncryptedData with xmlsec1; its standard output is the document with the content in place. */
export function xmlsecDecrypt(xml: string, privateKey: KeyObject): ToolResult {
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return withFiles({ 'message.xml': xml, 'key.pem': pem }, (file) =>
    runTool('xmlsec1', ['--decrypt', '--privkey-pem', file('key.pem'), file('message.xml')]),
  );
}

/** The exclusive canonical form of a whole document, as libxml2 sees it. */
export function xmllintCanonical(xml: string): string {
  const result = runTool('xmllint', ['--nonet', '--exc-c14n', '-'], { input: xml });
  if (!result.ok) throw new Error(result.stderr);
  return result.stdout.toString();
}

/** Validates a message or metadata against the SAML 2.0 schemas, offline; what is wrong is in `stderr`. */
export function validateSamlXsd(xml: string, schema: 'protocol' | 'metadata'): ToolResult {
  const result = runTool('xmllint', ['--nonet', '--noout', '--schema', join(SCHEMA_FOLDER, `${schema}.xsd`), '-'], {
    input: xml,
    env: { XML_CATALOG_FILES: join(SCHEMA_FOLDER, 'catalog.xml') },
  });
  // The schemas import one another in circles, and xmllint says so every time.
  const lines = result.stderr.split('\n').filter((line) => !line.includes('Schemas parser warning'));
  return { ...result, stderr: lines.join('\n') };
}

function signatureOf(name: string): string {
  const at = name.lastIndexOf(':');
  const test = `[local-name()='${name.slice(at + 1)}' and namespace-uri()='${name.slice(0, at)}']`;
  return `(//*${test})[1]/*[local-name()='Signature' and namespace-uri()='http://www.w3.org/2000/09/xmldsig#']`;
}

function exportPublic(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

/** Runs with files in a folder of their own, which is gone afterwards. */
function withFiles<T>(files: Readonly<Record<string, string>>, run: (file: (name: string) => string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'signet-xml-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return run((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
