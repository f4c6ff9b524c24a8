// Owns: which addresses a registered CAS service stands for, judged on the parsed address and never on how it begins.
// What two parsers could read differently is no service at all. Leaves to party-registry.ts: which service wins.

/** How the address of a request is compared with the registered one. */
export type ServiceMatch = 'prefix' | 'exact';

/** An address that is sound, and its parts. */
export interface ServiceUrl {
  /** As it was asked for. */
  readonly text: string;
  readonly origin: string;
  /** Of the path, as they stand there; a slash at the end adds none. */
  readonly segments: readonly string[];
}

/** Scheme, a host that is a name or an address and nothing else, a port: no user info, nothing to decode. */
const AUTHORITY = /^https?:\/\/(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?(?=[/?#]|$)/i;
/** What a browser would strip or turn into something else. */
const PRINTABLE = /^[\x21-\x5b\x5d-\x7e]+$/;
/**
 * What some server behind the address makes a slash, backslash or dot of, or leaves out: encoded, control characters, bytes
 * that only an overlong UTF-8 has (CVE-2008-2938).
 */
const HIDDEN_SEPARATOR = /%(?:2e|2f|5c|[01][\da-f]|7f|c[01])/i;
/** Some servers read `%u002f`, others leave it as it is. */
const NO_ESCAPE = /%(?![\da-f]{2})/i;
const ESCAPED_ASCII = /%[0-7][\da-f]/gi;
/** `..` and `.`, also with the path parameters that servlet containers take away (`/..;x/`). */
const DOT_SEGMENT = /^\.{1,2}(?:;.*)?$/;
const LOOPBACK = /^http:\/\/(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)(?::\d+)?$/;

export const SERVICE_URL_MAX = 1024;

/** Null for what is no address of a service, whoever registered what. */
export function parseServiceUrl(text: string): ServiceUrl | null {
  if (text.length > SERVICE_URL_MAX || !PRINTABLE.test(text) || !AUTHORITY.test(text) || !URL.canParse(text))
    return null;
  const { origin } = new URL(text);
  const [path = ''] = text.replace(AUTHORITY, '').split(/[?#]/, 1);
  const decoded = NO_ESCAPE.test(path) ? null : decodedOften(path);
  if (decoded === null || decoded.split('/').some((segment) => DOT_SEGMENT.test(segment))) return null;
  const segments = path.split('/').slice(1);
  return { text, origin, segments: segments.at(-1) === '' ? segments.slice(0, -1) : segments };
}

/** Until nothing changes: of servers behind one another each may decode (CVE-2001-0333). Null: something was hidden. */
function decodedOften(path: string): string | null {
  if (HIDDEN_SEPARATOR.test(path)) return null;
  const decoded = path.replace(ESCAPED_ASCII, (one) => String.fromCharCode(Number.parseInt(one.slice(1), 16)));
  return decoded === path ? path : decodedOften(decoded);
}

/** Whether an address is the registered one, or lies under it. */
export function matchesService(asked: ServiceUrl, registered: ServiceUrl, match: ServiceMatch): boolean {
  if (match === 'exact') return asked.text === registered.text;
  return asked.origin === registered.origin && registered.segments.every((segment, i) => asked.segments[i] === segment);
}

/**
 * Whether some server or client behind the address could take it for the registered one, or for one under it, though it is
 * written in another way: path parameters (`;jsessionid=…`), empty segments, letters that are encoded or of the other case,
 * a fragment, a ticket. What {@link matchesService} takes, this takes too.
 */
export function couldMatchService(asked: ServiceUrl, registered: ServiceUrl, match: ServiceMatch): boolean {
  const [own, others] = [looseSegments(registered), looseSegments(asked)];
  if (asked.origin !== registered.origin || !own.every((segment, i) => others[i] === segment)) return false;
  return match === 'prefix' || (own.length === others.length && looseQuery(asked) === looseQuery(registered));
}

function looseSegments({ segments }: ServiceUrl): readonly string[] {
  const decoded = segments.map((segment) => decodedOften(segment) ?? segment);
  return decoded.map((segment) => segment.replace(/;.*$/, '').toLowerCase()).filter((segment) => segment !== '');
}

function looseQuery({ text }: ServiceUrl): string {
  const pairs = new URL(text).search.slice(1).split('&');
  return pairs.filter((pair) => pair !== '' && !new URLSearchParams(pair).has('ticket')).join('&');
}

/** Why an address cannot be registered for a service; null when it can. */
export function serviceUrlProblem(text: string, match: ServiceMatch): string | null {
  const url = parseServiceUrl(text);
  if (url === null) return 'an https address in ASCII without user name, backslash, dot or encoded-slash segments';
  if (text.includes('*')) return 'an address: no wildcards, what is under it fits already';
  if (text.includes('#')) return 'an address without a fragment';
  if (match === 'prefix' && text.includes('?')) return 'an address without a query (or match: exact)';
  if (!url.origin.startsWith('https:') && !LOOPBACK.test(url.origin)) {
    return 'https; plain http only on 127.0.0.1, [::1] or localhost';
  }
  return null;
}

/** Why an address cannot be a proxy callback (CAS Protocol §2.5.4); null when it can. */
export function callbackUrlProblem(text: string): string | null {
  const url = parseServiceUrl(text);
  if (url === null || text.includes('#')) return 'an address in ASCII without user name and fragment';
  return url.origin.startsWith('https:') ? null : 'https';
}
