// Owns: telling the operator, once, that client addresses are unknown. Leaves to read-request.ts and throttle.ts: finding out.
import type { Logger } from 'winston';

/** For an `onUntrustedForward` or an `onAddressUnknown`: only the first call is logged. */
export function createForwardWarning(log: Logger): () => void {
  let done = false;
  return () => {
    if (!done) {
      log.error(
        'X-Forwarded-For comes from a peer that is not in trustedProxies: client addresses are unknown, and addresses are not throttled',
      );
    }
    done = true;
  };
}
