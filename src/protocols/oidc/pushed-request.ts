// Owns: request_uri values: a pushed request sealed into a name (RFC 9126), so that any node can read what another took.
// A request_uri may be shown more than once while it lives: a person may reload the page (§4). What is answered is used
// once all the same: the login flow and the code are.

import type { EpochSeconds } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import { decodePushed, encodePushed, PUSHED_PARAMETERS_MAX_BYTES } from '../../sealed/par-body.ts';
import { oidcPar } from '../../sealer/purpose.ts';
import { isSealRefusal, type Sealer } from '../../sealer/seal.ts';
import { type AuthorizationParameters, readParameters } from './authorization-parameters.ts';

const PREFIX = 'urn:ietf:params:oauth:request_uri:';
/** Long enough for a redirect, too short to be worth stealing. */
export const REQUEST_URI_SECONDS = 90;

export interface PushedRequests {
  /** too-large: it does not fit into a name. unavailable: no key seals. */
  readonly push: (
    clientId: string,
    pairs: readonly (readonly [string, string])[],
    signed: boolean,
    now: EpochSeconds,
  ) => { readonly requestUri: string } | { readonly refused: 'too-large' | 'unavailable' };
  /** Null for anything that was not pushed here by this client, or is too old. */
  readonly open: (
    clientId: string,
    requestUri: string,
  ) => { readonly parameters: AuthorizationParameters; readonly signed: boolean } | null;
}

export function isPushedUri(requestUri: string): boolean {
  return requestUri.startsWith(PREFIX);
}

export function createPushedRequests(sealer: Sealer, random: Random): PushedRequests {
  return {
    push: (clientId, pairs, signed, now) => {
      const parameters = new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString();
      if (Buffer.byteLength(parameters, 'utf8') > PUSHED_PARAMETERS_MAX_BYTES) return { refused: 'too-large' };
      const body = encodePushed({ id: random(16), parameters, signed });
      const sealed = sealer.seal(oidcPar, { context: clientId, iat: now, exp: now + REQUEST_URI_SECONDS, body });
      if (isSealRefusal(sealed)) return { refused: sealed.refused === 'too-large' ? 'too-large' : 'unavailable' };
      return { requestUri: `${PREFIX}${sealed.token}` };
    },
    open: (clientId, requestUri) => {
      if (!isPushedUri(requestUri)) return null;
      const opened = sealer.open(oidcPar, clientId, requestUri.slice(PREFIX.length));
      const pushed = opened === null ? null : decodePushed(opened.body);
      if (pushed === null) return null;
      return { parameters: readParameters(new URLSearchParams(pushed.parameters)), signed: pushed.signed };
    },
  };
}
