// Owns: a service's address as a ticket is bound to it, and with a ticket in it. Leaves to parties/service-url.ts: whether
// an address is sound; only addresses that are get here.
import { createHash } from 'node:crypto';
import { SERVICE_DIGEST_BYTES } from '../../sealed/ticket-fields.ts';

/** For the log: what stands in a query is the application's, and may be a ticket. */
export function withoutQuery(service: string): string {
  return partsOf(service).path.slice(0, 200);
}

interface Parts {
  readonly path: string;
  /** Without the question mark; null: there is none. */
  readonly query: string | null;
  /** With the hash sign, or empty. */
  readonly fragment: string;
}

/** The address without a ticket of before in its query, which a client would otherwise take for ours. */
export function withoutTicket(service: string): string {
  const { path, query, fragment } = partsOf(service);
  if (query === null) return service;
  const kept = query.split('&').filter((pair) => !new URLSearchParams(pair).has('ticket'));
  return `${path}${kept.length === 0 ? '' : `?${kept.join('&')}`}${fragment}`;
}

/** Where the person goes with a ticket (§2.2.4): into the query, so in front of a fragment. */
export function withTicket(service: string, ticket: string): string {
  const { path, query, fragment } = partsOf(service);
  return `${path}?${query === null || query === '' ? '' : `${query}&`}ticket=${ticket}${fragment}`;
}

/**
 * What a ticket holds of its service: 16 bytes of SHA-256 of the address as it stands, but for what the two requests of
 * one client legitimately differ in: case of the host, a default port, a missing first slash, the fragment, a ticket, and
 * the session id that servlet containers write into the path.
 */
export function serviceDigest(service: string): Buffer {
  const { path, query } = partsOf(withoutTicket(service));
  const { origin } = new URL(service);
  const local = path.replace(/^[a-z]+:\/\/[^/]+/i, '').replace(/;jsessionid=[^/;]*/i, '');
  const text = `${origin}${local === '' ? '/' : local}${query === null ? '' : `?${query}`}`;
  return createHash('sha256').update(text, 'utf8').digest().subarray(0, SERVICE_DIGEST_BYTES);
}

function partsOf(service: string): Parts {
  const hashAt = service.indexOf('#');
  const [main, fragment] = hashAt < 0 ? [service, ''] : [service.slice(0, hashAt), service.slice(hashAt)];
  const mark = main.indexOf('?');
  return mark < 0
    ? { path: main, query: null, fragment }
    : { path: main.slice(0, mark), query: main.slice(mark + 1), fragment };
}
