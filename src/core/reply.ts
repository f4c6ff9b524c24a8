// Owns: HTTP answers as data. Only http/ turns one into bytes on a connection.
import type { Language } from './language.ts';

export interface SetCookie {
  readonly name: string;
  readonly value: string;
  /** Seconds; null for a cookie that ends with the browser; 0 expires it. */
  readonly maxAge: number | null;
}

interface Common {
  readonly cookies?: readonly SetCookie[];
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Redirect extends Common {
  readonly kind: 'redirect';
  /** 303 after a POST, 302 where a protocol says so. */
  readonly status: 302 | 303;
  readonly location: string;
}

/** A page that posts hidden fields to another site (SAML bindings §3.5, OAuth form_post). */
export interface AutoPost extends Common {
  readonly kind: 'auto-post';
  /** A verified return address, exactly as registered. */
  readonly action: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Of its button; without it the browser's. */
  readonly language?: Language;
}

export interface Body extends Common {
  readonly kind: 'body';
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

export type Reply = Redirect | AutoPost | Body;

/** The same reply with more cookies. */
export function withCookies(reply: Reply, cookies: readonly SetCookie[]): Reply {
  return cookies.length === 0 ? reply : { ...reply, cookies: [...(reply.cookies ?? []), ...cookies] };
}
