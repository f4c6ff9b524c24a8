// Owns: the headers that every answer carries. helmet decides them once; the result is constant for a kind of page.
import { createHash } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';

/** The one script inside a page: it sends the form of an auto-post page (see web/pages/auto-post.eta). */
const SUBMIT_SCRIPT = 'document.forms[0].submit()';
const SUBMIT_HASH = `'sha256-${createHash('sha256').update(SUBMIT_SCRIPT).digest('base64')}'`;

type Headers = Readonly<Record<string, string>>;

/**
 * `page`: our own pages; `script` is the address of the one that they may load, which asks for security keys.
 * `autoPost`: the page that posts to a relying party.
 * No form-action on either: Chromium applies it to the redirects that follow a form post, so a sign-in whose answer
 * goes on to the relying party would be stopped. Referrer-Policy is same-origin, because under no-referrer browsers
 * send `Origin: null` with our own form posts.
 */
export function securityHeaders(
  secure: boolean,
  script: string,
): { readonly page: Headers; readonly autoPost: Headers } {
  const shared = { 'default-src': ["'none'"], 'base-uri': ["'none'"], 'frame-ancestors': ["'none'"] };
  return {
    page: headersOf(secure, { ...shared, 'style-src': ["'self'"], 'img-src': ["'self'"], 'script-src': [script] }),
    autoPost: headersOf(secure, { ...shared, 'style-src': ["'self'"], 'script-src': [SUBMIT_HASH] }),
  };
}

function headersOf(secure: boolean, directives: Record<string, string[]>): Headers {
  const middleware = helmet({
    contentSecurityPolicy: { useDefaults: false, directives },
    referrerPolicy: { policy: 'same-origin' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: secure ? { maxAge: 31_536_000 } : false,
  });
  const request = new IncomingMessage(new Socket());
  const recorder = new ServerResponse(request);
  middleware(request, recorder, (error?: unknown) => {
    if (error !== undefined) throw error;
  });
  const headers: Record<string, string> = {};
  for (const name of recorder.getHeaderNames()) headers[name] = String(recorder.getHeader(name));
  return Object.freeze(headers);
}
