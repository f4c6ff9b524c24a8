// Owns: which addresses a client may register. Compared as text later; here it is only judged whether they are sound.

const LOOPBACK = new Set(['127.0.0.1', '[::1]']);
/** RFC 8252 §7.1: a private scheme is a domain name turned around, so that two apps do not claim the same one. */
const PRIVATE_SCHEME = /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/;

/** Why an address cannot be a redirect URI of such a client; null when it can. OAuth 2.0 Security BCP (RFC 9700) §2.1. */
export function redirectUriProblem(uri: string, application: 'web' | 'native'): string | null {
  const url = parse(uri);
  if (url === null) return 'an absolute address without a fragment or user name';
  // Nobody's callback has one in its path: it is meant as a pattern, would match nothing, and would be found out at the sign-in.
  if (uri.includes('*')) return 'an address letter by letter: there are no wildcards';
  if (url.protocol === 'https:') return null;
  if (url.protocol === 'http:') {
    return LOOPBACK.has(url.hostname)
      ? null
      : 'https; http only on 127.0.0.1 or [::1], whose traffic leaves no machine';
  }
  if (application === 'native' && PRIVATE_SCHEME.test(url.protocol)) return null;
  return 'https (or, for application_type native, a scheme like com.example.app:)';
}

/** Why an address cannot be fetched or opened by anybody; null when it can. */
export function httpsProblem(uri: string): string | null {
  const url = parse(uri);
  return url?.protocol === 'https:' ? null : 'an https address';
}

/**
 * The host that an address belongs to, for telling sectors apart (OpenID Connect Core §8.1); null: nobody's. On a device a port
 * is whose program takes it, and what stands after a private scheme (`org.example.app://callback`) is no host.
 */
export function sectorHost(uri: string): string | null {
  const url = parse(uri);
  return url?.protocol === 'https:' ? url.hostname : null;
}

/** The one spelling of a port, in which the answer's address will have it: none for 80, and no zeros in front. */
const PORT = /^http:\/\/(?:127\.0\.0\.1|\[::1\])(?::(?!80[/?]|80$)[1-9]\d{0,4})?(?=[/?]|$)/;

/** RFC 8252 §7.3: a native app listens on whatever port it gets; everything but the port must be as registered. */
export function matchesLoopback(asked: string, registered: string): boolean {
  const [one, other] = [parse(asked), parse(registered)];
  if (one === null || other?.protocol !== 'http:' || !LOOPBACK.has(other.hostname) || !PORT.test(asked)) return false;
  return withoutPort(asked) === withoutPort(registered);
}

/** As text: normalising could make two addresses equal that the browser treats as different. */
function withoutPort(uri: string): string {
  return uri.replace(/^(http:\/\/(?:127\.0\.0\.1|\[::1\])):\d{1,5}(?=[/?]|$)/, '$1');
}

function parse(uri: string): URL | null {
  if (!URL.canParse(uri) || uri.includes('#') || /[\s\\\u0000-\u001f\u007f-\uffff]/u.test(uri)) return null;
  const url = new URL(uri);
  return url.username === '' && url.password === '' ? url : null;
}
