// Owns: what is believed of an HTTP request. X-Forwarded-For and X-Request-Id count only from configured proxies.
import type { IncomingMessage } from 'node:http';
import { type AddressTest, plainAddress } from '../lib/address-list.ts';
import { encodeBase64url } from '../lib/base64url.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { parseCookies } from '../web/cookie-header.ts';
import type { RequestFacts } from '../web/request-facts.ts';

const REQUEST_ID = /^[\w.:@/+=-]{1,128}$/;

export interface RequestReaderOptions {
  readonly isProxy: AddressTest;
  readonly clock: Clock;
  readonly random: Random;
  /** X-Forwarded-For came from a peer that is no configured proxy. */
  readonly onUntrustedForward: () => void;
}

export type FormFields = Pick<RequestFacts, 'form' | 'lists'>;
export const NO_FORM: FormFields = { form: new Map(), lists: new Map() };

export type RequestReader = (request: IncomingMessage, fields: FormFields) => RequestFacts;

export function createRequestReader(options: RequestReaderOptions): RequestReader {
  const { isProxy, clock, random } = options;

  /** The right-most address that is not one of our proxies. */
  const clientAddress = (request: IncomingMessage, fromProxy: boolean): string | null => {
    const header = request.headers['x-forwarded-for'];
    const peer = plainAddress(request.socket.remoteAddress);
    if (header === undefined) return peer;
    if (!fromProxy) {
      options.onUntrustedForward();
      return null;
    }
    const hops = String(header).split(',');
    for (let index = hops.length - 1; index >= 0; index -= 1) {
      const hop = plainAddress(hops[index]?.trim());
      if (hop === null) return null;
      if (!isProxy(hop)) return hop;
    }
    return peer;
  };

  return (request, { form, lists }) => {
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const fromProxy = isProxy(request.socket.remoteAddress);
    const given = request.headers['x-request-id'];
    const attempt = fromProxy && typeof given === 'string' && REQUEST_ID.test(given) ? given : null;
    return {
      method: request.method === 'POST' ? 'POST' : 'GET',
      path: mark < 0 ? url : url.slice(0, mark),
      rawQuery: mark < 0 ? '' : url.slice(mark + 1),
      form,
      lists,
      cookies: parseCookies(request.headers.cookie),
      headers: request.headers as Readonly<Record<string, string | undefined>>,
      requestId: attempt ?? encodeBase64url(random(12)),
      attempt,
      address: clientAddress(request, fromProxy),
      now: clock(),
    };
  };
}
