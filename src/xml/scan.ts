// Owns: the strict first look at XML text, before a parser sees it. One pass, no tree.
// It is deliberately narrower than XML 1.0: what it does not know it refuses.
import { isXmlCodePoint, isXmlText } from './characters.ts';

/** Why XML was refused. */
export type XmlProblemCode =
  | 'too-large'
  | 'encoding'
  | 'control-character'
  | 'doctype'
  | 'entity'
  | 'comment'
  | 'cdata'
  | 'processing-instruction'
  | 'too-deep'
  | 'too-many-attributes'
  | 'too-many-elements'
  | 'second-root'
  | 'malformed'
  | 'missing'
  | 'repeated'
  | 'not-text';

/** What a kind of document may contain. */
export interface Profile {
  readonly maxBytes: number;
  readonly maxDepth: number;
  /** On one element, namespace declarations included. */
  readonly maxAttributes: number;
  /** In the whole document; null: as many as its bytes hold. */
  readonly total: { readonly elements: number; readonly attributes: number } | null;
  /** Characters of a namespace name. */
  readonly maxNamespaceName: number;
  readonly comments: boolean;
}

export type Scanned =
  | { readonly kind: 'accepted'; readonly attributes: number; readonly prefixedAttributes: boolean }
  | { readonly kind: 'refused'; readonly code: XmlProblemCode; readonly detail: string };

const DECLARATION =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"([^"]*)"|'([^']*)'))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>/;
// No two of the repeated parts can match the same character, so a failed match costs one pass.
const START_TAG =
  /<([^\s<>"'=/!?&]+)((?:[ \t\r\n]+[^\s<>"'=/&]+[ \t\r\n]*=[ \t\r\n]*(?:"[^"<]*"|'[^'<]*'))*)[ \t\r\n]*(\/?)>/y;
const END_TAG = /<\/[^\s<>"'=/!?&]+[ \t\r\n]*>/y;
const ATTRIBUTE = /([^\s<>"'=/&]+)[ \t\r\n]*=[ \t\r\n]*("[^"<]*"|'[^'<]*')/g;

/** Reads the whole text once; the first thing that the profile does not allow refuses it. */
export function scan(text: string, profile: Profile): Scanned {
  if (!isXmlText(text)) return refuse('control-character', 'a character that XML 1.0 does not have');
  const declaration = DECLARATION.exec(text);
  const encoding = declaration?.[1] ?? declaration?.[2] ?? 'utf-8';
  // The bytes were UTF-8; another label would let a second reader see other characters.
  if (encoding.toLowerCase() !== 'utf-8') return refuse('encoding', 'the declaration names another encoding');
  return scanMarkup(text, declaration?.[0].length ?? 0, profile);
}

function scanMarkup(text: string, start: number, profile: Profile): Scanned {
  const suspicious = text.includes('&') || text.includes(']]>');
  let depth = 0;
  let roots = 0;
  let elements = 0;
  let attributes = 0;
  let prefixedAttributes = false;
  let at = start;
  while (at < text.length) {
    const next = text.indexOf('<', at);
    const end = next < 0 ? text.length : next;
    if (suspicious && end > at) {
      const between = text.slice(at, end);
      if (between.includes(']]>')) return refuse('malformed', ']]> in text');
      const reference = badReference(between);
      if (reference !== null) return reference;
    }
    if (next < 0) break;
    const second = text.charCodeAt(next + 1);
    if (second === SLASH) {
      END_TAG.lastIndex = next;
      if (!END_TAG.test(text)) return refuse('malformed', 'an end tag');
      depth -= 1;
      at = END_TAG.lastIndex;
    } else if (second === EXCLAMATION && profile.comments && text.startsWith('<!--', next)) {
      at = endOfComment(text, next);
      if (at < 0) return refuse('malformed', 'a comment');
    } else if (second === EXCLAMATION || second === QUESTION) {
      return refuse(...nameOfForbidden(text, next));
    } else {
      START_TAG.lastIndex = next;
      const tag = START_TAG.exec(text);
      if (tag === null) return refuse('malformed', 'a start tag');
      if (depth === 0 && ++roots > 1) return refuse('second-root', 'more than one element at the top');
      if (depth >= profile.maxDepth) return refuse('too-deep', `more than ${profile.maxDepth} elements deep`);
      elements += 1;
      const list = tag[2] ?? '';
      if (list !== '') {
        const reference = suspicious ? badReference(list) : null;
        if (reference !== null) return reference;
        const names = list.matchAll(ATTRIBUTE);
        let count = 0;
        for (const [, name = '', quoted = ''] of names) {
          count += 1;
          const isNamespace = name === 'xmlns' || name.startsWith('xmlns:');
          if (isNamespace && quoted.length - 2 > profile.maxNamespaceName) {
            return refuse('malformed', `a namespace name of ${quoted.length - 2} characters`);
          }
          if (name.includes(':') && !name.startsWith('xmlns:')) prefixedAttributes = true;
        }
        if (count > profile.maxAttributes) return refuse('too-many-attributes', `${count} attributes`);
        attributes += count;
      }
      if (profile.total !== null && (elements > profile.total.elements || attributes > profile.total.attributes)) {
        return attributes > profile.total.attributes
          ? refuse('too-many-attributes', `more than ${profile.total.attributes} attributes in all`)
          : refuse('too-many-elements', `more than ${profile.total.elements} elements`);
      }
      if (tag[3] === '') depth += 1;
      at = START_TAG.lastIndex;
    }
  }
  return { kind: 'accepted', attributes, prefixedAttributes };
}

const EXCLAMATION = 0x21;
const SLASH = 0x2f;
const QUESTION = 0x3f;

function refuse(code: XmlProblemCode, detail: string): Scanned {
  return { kind: 'refused', code, detail };
}

function nameOfForbidden(text: string, at: number): [XmlProblemCode, string] {
  if (text.startsWith('<?', at)) return ['processing-instruction', 'a processing instruction'];
  if (text.startsWith('<!--', at)) return ['comment', 'a comment'];
  if (text.startsWith('<![CDATA[', at)) return ['cdata', 'a CDATA section'];
  if (text.startsWith('<!ENTITY', at)) return ['entity', 'an entity declaration'];
  return ['doctype', 'a markup declaration'];
}

/** The place after a comment that starts at `at`, or -1: XML 1.0 §2.5 has no `--` inside one. */
function endOfComment(text: string, at: number): number {
  const dashes = text.indexOf('--', at + 4);
  return dashes >= 0 && text[dashes + 2] === '>' ? dashes + 3 : -1;
}

/** Only the predefined entities and references to characters that XML has. */
function badReference(part: string): Scanned | null {
  for (let at = part.indexOf('&'); at >= 0; at = part.indexOf('&', at + 1)) {
    REFERENCE.lastIndex = at;
    const found = REFERENCE.exec(part);
    if (found === null) return refuse('entity', 'an entity that XML does not predefine');
    const [, decimal, hex] = found;
    const code = decimal !== undefined ? Number.parseInt(decimal, 10) : Number.parseInt(hex ?? '20', 16);
    if (!isXmlCodePoint(code)) return refuse('control-character', 'a reference to a character that XML does not have');
  }
  return null;
}

const REFERENCE = /&(?:amp|lt|gt|quot|apos|#(\d{1,7})|#x([0-9A-Fa-f]{1,6}));/y;
