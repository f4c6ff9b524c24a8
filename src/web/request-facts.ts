// Owns: what a controller may know of an HTTP request. http/ makes it; nothing below sees Express.
import type { Language } from '../core/language.ts';
import type { EpochSeconds } from '../lib/clock.ts';

export interface RequestFacts {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Everything after the first `?`, exactly as received: signatures cover these octets. */
  readonly rawQuery: string;
  /** Fields of a urlencoded body; a repeated field is refused before this point. */
  readonly form: ReadonlyMap<string, string>;
  /** Fields that this address takes more than once, with their values in order; they do not stand in `form`. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** The body at the addresses that take XML. */
  readonly xml?: string;
  readonly cookies: ReadonlyMap<string, string>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** For logs and for a person to quote. */
  readonly requestId: string;
  /** The request id that a trusted proxy gave; a balancer's repeat carries the same. null: no grace. */
  readonly attempt: string | null;
  /** null when X-Forwarded-For came from a peer that is not configured as a proxy. */
  readonly address: string | null;
  readonly now: EpochSeconds;
  /** What its pages are in, once more is known than the request says: a flow's, or the wish of who sent the person. */
  readonly language?: Language;
}

/**
 * Whether a state-changing POST came from our own pages. `Origin: null` never passes: sandboxed frames send it.
 * Beside this, every such POST carries a form token bound to its flow or session.
 */
export function isOwnPost(facts: RequestFacts, publicOrigin: string): boolean {
  const site = facts.headers['sec-fetch-site'];
  return site === undefined ? facts.headers.origin === publicOrigin : site === 'same-origin';
}

/** Prefetches, frames, images and scripts get no assertion and no flow cookie, and sign nobody out. */
export function isNavigation(facts: RequestFacts): boolean {
  const destination = facts.headers['sec-fetch-dest'];
  if (facts.headers['sec-purpose'] !== undefined || facts.headers.purpose === 'prefetch') return false;
  return destination === undefined || destination === 'document';
}
