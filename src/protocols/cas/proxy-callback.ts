// Owns: taking a proxy-granting ticket to a proxy's callback (§2.5.4): over https, to an address that was looked at, and
// nowhere else. Leaves to proxy-granting.ts: which callbacks are registered. What the callback says is not read.
import { lookup } from 'node:dns/promises';
import { request } from 'node:https';
import { isIP } from 'node:net';
import type { AddressTest } from '../../lib/address-list.ts';
import { isPublicAddress } from '../../lib/public-address.ts';

export interface CallbackOptions {
  /** Addresses beside the public ones that a callback may have. */
  readonly isAllowed: AddressTest;
  /** PEM of the authorities that callbacks' certificates may come from; null: those that Node.js trusts. */
  readonly authorities: string | null;
  /** For all of it, in seconds. */
  readonly timeout: number;
}

/** Null when the callback answered with 200; otherwise what was wrong, for the log. */
export type DeliverTicket = (callback: string, pgtId: string, pgtIou: string) => Promise<string | null>;

export function createCallbackDelivery(options: CallbackOptions): DeliverTicket {
  return async (callback, pgtId, pgtIou) => {
    const url = new URL(callback);
    // Appended as text: what the callback has of its own stays as it is (§2.5.4).
    const separator = url.search === '' ? '?' : '&';
    const path = `${url.pathname}${url.search}${separator}${new URLSearchParams({ pgtId, pgtIou })}`;
    try {
      const signal = AbortSignal.timeout(options.timeout * 1000);
      const address = await addressOf(url.hostname, options.isAllowed, signal);
      if ('refused' in address) return address.refused;
      const status = await get(url, path, address.address, options.authorities, signal);
      // §2.5.4 lets a server follow redirects. It would go where nobody has looked.
      return status === 200 ? null : `status ${status}`;
    } catch (error) {
      return error instanceof Error ? `${error.name}: ${('code' in error && error.code) || 'no code'}` : 'unknown';
    }
  };
}

/**
 * The one address that is then connected to: a name that is asked for twice may have changed in between (DNS rebinding).
 * Every address that the name has must be fit, so that it does not matter which one it is.
 */
async function addressOf(
  hostname: string,
  isAllowed: AddressTest,
  signal: AbortSignal,
): Promise<{ readonly address: string } | { readonly refused: string }> {
  const literal = hostname.replace(/^\[|\]$/g, '');
  const found = isIP(literal) === 0 ? await abortable(lookup(literal, { all: true }), signal) : [{ address: literal }];
  const [first] = found;
  if (first === undefined) return { refused: 'no address' };
  const unfit = found.find(({ address }) => !isPublicAddress(address) && !isAllowed(address));
  return unfit === undefined ? first : { refused: `an address that is not public: ${unfit.address}` };
}

function get(url: URL, path: string, host: string, ca: string | null, signal: AbortSignal): Promise<number> {
  const name = isIP(host) !== 0 && url.hostname.replace(/^\[|\]$/g, '') === host ? {} : { servername: url.hostname };
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host,
      ...name,
      port: url.port === '' ? 443 : Number(url.port),
      path,
      headers: { Host: url.host, 'User-Agent': 'Signet', Accept: '*/*', Connection: 'close' },
      agent: false,
      rejectUnauthorized: true,
      signal,
      ...(ca === null ? {} : { ca }),
    });
    outgoing.on('response', (incoming) => {
      resolve(incoming.statusCode ?? 0);
      // However long the answer is, nobody wants it.
      incoming.destroy();
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** node:dns has no way to stop; what comes too late is not waited for. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}
