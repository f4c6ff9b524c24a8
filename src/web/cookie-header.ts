// Owns: reading the Cookie header and writing Set-Cookie lines. Leaves to others: what the values mean.
import type { SetCookie } from '../core/reply.ts';

/**
 * RFC 6265 §4.2, strictly: split on `;`, trim space and tab, no percent-decoding.
 * A name that comes twice counts as absent: one of the two was tossed in by somebody else.
 */
export function parseCookies(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  if (header === undefined) return cookies;
  const twice: string[] = [];
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals < 1) continue;
    const name = trim(pair.slice(0, equals));
    if (cookies.has(name)) twice.push(name);
    else cookies.set(name, trim(pair.slice(equals + 1)));
  }
  for (const name of twice) cookies.delete(name);
  return cookies;
}

/** By hand: a regular expression for the end of a text tries every run of blanks inside it. */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** SameSite=Lax is always written: browsers differ in what an absent attribute means. */
export function formatSetCookie(cookie: SetCookie, secure: boolean): string {
  const age = cookie.maxAge === null ? '' : `; Max-Age=${cookie.maxAge}`;
  return `${cookie.name}=${cookie.value}; Path=/${age}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
}

/** `__Host-` binds a cookie to this host, https and Path=/; plain http on loopback cannot have it. */
export function cookieName(name: string, secure: boolean): string {
  return secure ? `__Host-${name}` : name;
}
