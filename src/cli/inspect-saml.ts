// Owns: a SAML message as text for people, out of what stands in an address or a form.
import { inflateRawSync } from 'node:zlib';

/** A SAML message as text; null when this is none. Signatures, certificates and ciphertexts are shortened. */
export function decodeSaml(text: string): string | null {
  const field = /SAML(?:Request|Response)=([^&\s]+)/.exec(text)?.[1];
  const base64 = field === undefined ? text : percentDecoded(field);
  if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(base64)) return null;
  const bytes = Buffer.from(base64, 'base64');
  const xml = bytes[0] === 0x3c ? bytes.toString('utf8') : inflated(bytes);
  if (xml === null || !xml.startsWith('<')) return null;
  const short = xml.replace(
    /(<[\w.-]*:?(?:SignatureValue|X509Certificate|CipherValue|DigestValue)(?:\s[^>]*)?>)([^<]{12})[^<]*/g,
    '$1$2…',
  );
  // Line breaks between elements make it readable; this text is for people, not for verifying.
  return `${short.replace(CONTROL, '\ufffd').replace(/></g, '>\n<')}\n`;
}

/** What a terminal would obey: the message is somebody else's, and nothing has looked at it yet. */
const CONTROL = /[^\P{Cc}\t\n]/gu;

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function inflated(bytes: Buffer): string | null {
  try {
    return inflateRawSync(bytes, { maxOutputLength: 262_144 }).toString('utf8');
  } catch {
    return null;
  }
}
