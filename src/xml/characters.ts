// Owns: which characters XML 1.0 can hold (§2.2) and how canonical XML spells them (Canonical XML 1.0, §2.3).

/** Matches what has to be escaped in text, what XML cannot hold, and surrogates, which may or may not form a pair. */
const NOTABLE_IN_TEXT = /[&<>\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/;
const NOTABLE_IN_ATTRIBUTE = /[&<"\t\n\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/;
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** Whether every character of the text is an XML 1.0 character. */
export function isXmlText(text: string): boolean {
  return !FORBIDDEN.test(text) && text.isWellFormed();
}

/** Whether a code point, as in a character reference, is an XML 1.0 character. */
export function isXmlCodePoint(code: number): boolean {
  return code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) && !FORBIDDEN.test(String.fromCodePoint(code));
}

/** Text content in its canonical spelling. Throws a TypeError for a character that XML cannot hold. */
export function escapeText(text: string): string {
  if (!NOTABLE_IN_TEXT.test(text)) return text;
  refuseForbidden(text);
  return text.replace(/[&<>\r]/g, (c) => TEXT_ESCAPES[c] ?? c);
}

/** An attribute value in its canonical spelling. Throws a TypeError for a character that XML cannot hold. */
export function escapeAttribute(value: string): string {
  if (!NOTABLE_IN_ATTRIBUTE.test(value)) return value;
  refuseForbidden(value);
  return value.replace(/[&<"\t\n\r]/g, (c) => ATTRIBUTE_ESCAPES[c] ?? c);
}

const TEXT_ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#xD;' };
const ATTRIBUTE_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

function refuseForbidden(text: string): void {
  // The value may be anybody's data, so the message names the place and never the text.
  const at = text.search(FORBIDDEN);
  if (at >= 0) {
    const code = text.charCodeAt(at).toString(16).padStart(4, '0');
    throw new TypeError(`XML 1.0 has no character U+${code.toUpperCase()} (at ${at})`);
  }
  if (!text.isWellFormed()) throw new TypeError('XML 1.0 has no lone surrogates');
}
