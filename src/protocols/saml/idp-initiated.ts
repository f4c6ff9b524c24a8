// Owns: starts without an AuthnRequest (SAML profiles §4.1.5): which party, and which RelayState it may carry.
// Leaves to web/: that a POST comes from our own portal (docs/threat-model.md, request forgery).
import { acsHash, type PendingSaml } from './pending-answer.ts';
import type { PreparedParty } from './prepared-party.ts';
import type { SamlProblem } from './saml-errors.ts';

export interface InitParameters {
  /** entityID of the party. */
  readonly sp: string;
  readonly relayState: string | null;
  /** A message came along with `sp`. */
  readonly withMessage: boolean;
}

/** What is to be answered, or why not. The RelayState only comes from the party's list: elsewhere it would be an open redirector. */
export function readInit(parameters: InitParameters, party: PreparedParty): PendingSaml | SamlProblem {
  const { allowed, relayStates } = party.party.settings.idpInitiated;
  if (parameters.withMessage) return { code: 'unexpected-parameter', detail: 'SAMLRequest and sp together' };
  if (!allowed) return { code: 'idp-initiated-not-allowed', detail: 'idpInitiated.allowed is false' };
  const { relayState } = parameters;
  if (relayState !== null && !relayStates.includes(relayState)) {
    return { code: 'idp-initiated-not-allowed', detail: 'the RelayState is not in idpInitiated.relayStates' };
  }
  return {
    partyHash: party.party.hash,
    acsHash: acsHash(party.defaultAcs.url),
    inResponseTo: null,
    relayState,
    nameId: party.defaultNameId,
    classes: [],
    attributeConsumingServiceIndex: null,
    subject: null,
  };
}
