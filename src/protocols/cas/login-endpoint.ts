// Owns: /cas/login as a credential requestor (§2.1): a request becomes an Arrival. Leaves to core/login-flow: who is signed
// in; to cas-adapter.ts: the answer. Reads no cookie and no header. Credentials are never posted here (§2.2): the pages of
// the one login flow ask for them.
import type { AuthenticationRequest } from '../../core/authentication-request.ts';
import { languageOfTags } from '../../core/language.ts';
import { TYPED_NAME_MAX_BYTES } from '../../core/login-context.ts';
import type { Arrival } from '../../core/protocol-adapter.ts';
import type { Clock } from '../../lib/clock.ts';
import type { ServiceIndex } from '../../parties/service-index.ts';
import { FLOW_REQUEST_MAX_BYTES } from '../../sealed/flow-body.ts';
import { refusedWithPage } from './cas-errors.ts';
import { readCasParameters } from './cas-parameters.ts';
import { encodePending } from './pending-answer.ts';
import { withoutQuery, withoutTicket } from './service-identifier.ts';

/** `home`: no service is named, so there is nothing to sign in to but Signet itself. */
export type CasArrival = Arrival | { readonly kind: 'home' };

export function createCasLogin(deps: {
  readonly services: () => ServiceIndex;
  readonly clock: Clock;
}): (pairs: Iterable<readonly [string, string]>) => CasArrival {
  return (pairs) => {
    const parameters = readCasParameters(pairs);
    if ('problem' in parameters) return refusedWithPage('request-unreadable', parameters.detail, null);
    const asked = parameters.get('service');
    if (asked === null) return { kind: 'home' };
    const found = deps.services().find(asked);
    if (found === null) return refusedWithPage('service-unregistered', withoutQuery(asked), null);
    const { key } = found.relyingParty;
    const method = parameters.get('method') ?? 'GET';
    if (method !== 'GET' && method !== 'POST') return refusedWithPage('method-unsupported', method, key);
    const renew = parameters.isSet('renew');
    const service = withoutTicket(asked);
    const request: AuthenticationRequest = {
      relyingParty: key,
      assurance: { accepted: [], binding: 'required' },
      forceAuthn: renew,
      maxAge: null,
      // §2.1.1: with both set, renew counts.
      passive: parameters.isSet('gateway') && !renew,
      askConsent: false,
      subject: { kind: 'none' },
      language: languageOfTags(parameters.get('locale')),
      receivedAt: deps.clock(),
      answerTo: encodePending({ partyHash: found.hash, service, post: method === 'POST', renew }),
    };
    const size = Buffer.byteLength(key) + TYPED_NAME_MAX_BYTES + request.answerTo.data.length;
    if (size > FLOW_REQUEST_MAX_BYTES) return refusedWithPage('service-too-long', `${size} bytes to remember`, key);
    return { kind: 'authenticate', request, via: 'get' };
  };
}
