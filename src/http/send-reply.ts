// Owns: turning a Reply into bytes on a connection.
import type { ServerResponse } from 'node:http';
import type { Reply } from '../core/reply.ts';
import { formatSetCookie } from '../web/cookie-header.ts';
import type { Pages } from '../web/pages.ts';
import type { RequestFacts } from '../web/request-facts.ts';
import { languageOf } from '../web/words.ts';
import type { securityHeaders } from './security-headers.ts';

/** Whoever is told that it does not work at the moment is told when to come back; answers that know better say so. */
const RETRY_SECONDS = '5';

export interface Sender {
  readonly send: (response: ServerResponse, reply: Reply, facts: Pick<RequestFacts, 'requestId' | 'headers'>) => void;
}

export interface SenderOptions {
  readonly pages: Pages;
  readonly headers: ReturnType<typeof securityHeaders>;
  readonly secure: boolean;
  /** Sent as X-Signet-Node when not null. */
  readonly nodeHeader: string | null;
  /** While draining, every connection is asked to close. */
  readonly draining: () => boolean;
}

export function createSender(options: SenderOptions): Sender {
  const { pages, secure } = options;
  const extra: Record<string, string> = options.nodeHeader === null ? {} : { 'x-signet-node': options.nodeHeader };
  const page = { ...options.headers.page, 'cache-control': 'no-store', ...extra };
  const autoPost = { ...options.headers.autoPost, 'cache-control': 'no-store', ...extra };

  return {
    send(response, reply, facts) {
      const headers: Record<string, string | string[] | number> = {
        ...(reply.kind === 'auto-post' ? autoPost : page),
        'x-request-id': facts.requestId,
      };
      if (reply.headers !== undefined)
        for (const [name, value] of Object.entries(reply.headers)) headers[name.toLowerCase()] = value;
      const cookies = reply.cookies ?? [];
      if (cookies.length > 0) headers['set-cookie'] = cookies.map((cookie) => formatSetCookie(cookie, secure));
      if (options.draining()) headers.connection = 'close';
      let status = 200;
      let text = '';
      if (reply.kind === 'redirect') {
        status = reply.status;
        headers.location = reply.location;
      } else if (reply.kind === 'auto-post') {
        text = pages.autoPost(reply.language ?? languageOf(facts), reply);
        headers['content-type'] = 'text/html; charset=utf-8';
      } else {
        status = reply.status;
        if (status === 503) headers['retry-after'] ??= RETRY_SECONDS;
        text = reply.text;
        headers['content-type'] = reply.contentType;
      }
      headers['content-length'] = Buffer.byteLength(text);
      response.writeHead(status, headers);
      response.end(text);
    },
  };
}
